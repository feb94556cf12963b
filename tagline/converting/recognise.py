"""What a source is: a file by its first bytes, a folder by what lies in it."""

import re
from itertools import islice
from pathlib import Path

import msgspec

from tagline.converting import cvat, delimited, parts
from tagline.converting.entries import Asked, Unconvertible
from tagline.converting.ground_truth import METADATA, REFERENCE
from tagline.converting.sidecars import sidecar_of
from tagline.converting.walking import files_in
from tagline.formats.list_lines import read_start
from tagline.formats.reasons import UnusableList
from tagline.formats.stand_ins import stand_in
from tagline.listing.file_types import file_type, packing, remedy

CALLED = {
    "list": "a list",
    "csv": "a table (CSV)",
    "parquet": "a Parquet file",
    "jsonl": "JSON Lines",
    "coco": "COCO's JSON",
    "label_studio": "Label Studio's JSON",
    "cvat": "CVAT's XML",
    "manifest": "a SageMaker Ground Truth manifest",
    "folders": "a folder per class",
    "sidecars": "a folder of images with their tags beside them",
    "parts": "an export in folders",
}
_START = 1 << 16
_LIST_ROW = re.compile(
    rb" *\d+ *\t(?:[ \d.,\t]*[01][ .0]*\t[^\t]+"
    rb"| *\d+(?:\.0*)? *\t[^\t]+\.(?:png|jpe?g|webp))",  # of classes
    re.IGNORECASE,
)
_LOOKED_AT = 50
_TABLES = frozenset({".csv", ".tsv"})
_COCO_KEYS = {"images", "annotations", "categories"}
_COCO = (b'"images"', b'"annotations"', b'"categories"')


def recognise(source: Path) -> str:
    """Return the format of a file or folder, a key of CALLED.

    Raises Unconvertible, which says what it is instead where that can be told, and OSError.
    """
    return _folder(source) if source.is_dir() else _file(source)


def convertible(source: Path) -> str | None:
    """Return what a source is in words, where something else than a list can be made one."""
    try:
        form = recognise(source)
        if form == "list":
            return None
        if form == "csv":  # which any text might be
            told = delimited.read(source, Asked()).guessed
            if "Header" not in told and source.suffix.lower() not in _TABLES:
                return None
    except Unconvertible:
        return None
    return CALLED[form]


def _folder(source: Path) -> str:
    if parts.files_of(source):
        return "parts"
    if (source / cvat.NAME).is_file():
        return "cvat"
    images = list(islice((found for found in files_in(source) if found.is_image), _LOOKED_AT))
    if not images:
        inside = [found.path for found in islice(files_in(source), 5)]
        holds = f"it holds {', '.join(inside)} …" if inside else "it is empty"
        raise Unconvertible(
            f"{source}: no PNG, JPEG or WebP images in this folder ({holds}); name the file that "
            "has the tags, or the folder of the images"
        )
    beside = sum(sidecar_of(source, found.path) is not None for found in images)
    if beside * 2 >= len(images):
        return "sidecars"
    if any("/" in found.path for found in images):
        return "folders"
    raise Unconvertible(
        f"{source}: images, and nothing that tells their tags: give the file "
        "that does, put the images into a folder per class, or a text file beside each"
    )


def _file(source: Path) -> str:
    if not source.is_file():
        raise Unconvertible(f"{source} is neither a file nor a folder")
    start, packed = _start(source)
    text = start.lstrip()
    if not text:
        raise Unconvertible(f"{source} is empty")
    if _is_list(text):
        return "list"
    if packed and "UTF-16" not in packed:
        raise Unconvertible(f"{source} is {packed}")
    if cause := stand_in(start):
        raise Unconvertible(f"{source} is {cause}")
    return _of_type(source, text, file_type(start))


def _start(source: Path) -> tuple[bytes, str | None]:
    """Return the first bytes, of a list unpacked, and how the file is packed."""
    with source.open("rb") as stream:
        packed = packing(stream.read(4))
        try:
            return read_start(stream, _START), packed
        except UnusableList as exc:
            raise Unconvertible(f"{source} is {packed}: {exc}") from exc


def _of_type(source: Path, text: bytes, name: str | None) -> str:
    if name == "a Parquet file":
        return "parquet"
    if name == "JSON":
        return _json(source, text)
    if name == "HTML or XML":
        return _xml(source, text)
    if name is not None:
        raise Unconvertible(f"{source} is {name}, which tells no tags{remedy(name)}")
    return "csv"


def _is_list(text: bytes) -> bool:
    lines = [line for line in text.split(b"\n")[:20] if line.strip()]
    whole = lines[:-1] or lines  # the last may be cut
    return sum(bool(_LIST_ROW.fullmatch(line.rstrip())) for line in whole) * 2 > len(whole)


def _json(source: Path, text: bytes) -> str:
    if text.startswith(b"["):
        return "label_studio"
    try:
        told = msgspec.json.decode(text.split(b"\n", 1)[0])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        told = None
    if isinstance(told, dict) and (
        REFERENCE in told or any(key.endswith(METADATA) for key in told)
    ):
        return "manifest"
    if isinstance(told, dict) and not told.keys() & _COCO_KEYS and _goes_on(text):
        return "jsonl"
    if any(key in text for key in _COCO) or b'"info"' in text:
        return "coco"
    keys = ", ".join(
        key.decode("utf-8", "replace") for key in re.findall(rb'"(\w{1,40})"', text)[:5]
    )
    raise Unconvertible(
        f"{source} is JSON of no form that is known ({keys} …): COCO has images, annotations and "
        "categories, Label Studio a list of tasks, a manifest a source-ref a line"
    )


def _goes_on(text: bytes) -> bool:
    """Return whether another object is on the second line."""
    return text.partition(b"\n")[2].lstrip().startswith(b"{")


def _xml(source: Path, text: bytes) -> str:
    if b"<annotations" in text or b"<!DOCTYPE" in text:  # the reader says what is wrong with it
        return "cvat"
    if b"<annotation>" in text:
        raise Unconvertible(
            f"{source} is Pascal VOC's XML, a file an image: export the same as COCO or CVAT"
        )
    raise Unconvertible(f"{source} is XML, but not CVAT's: that begins with <annotations>")
