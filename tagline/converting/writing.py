"""The forms in which images and labels are written: a list, CSV, COCO, a Ground Truth manifest."""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from io import TextIOWrapper
from typing import IO, NamedTuple

import msgspec

from tagline.converting.entries import Unconvertible
from tagline.converting.tags import JSON, safe_separator
from tagline.formats.list_lines import MAX_LINE_BYTES, MAX_LIST_BYTES
from tagline.listing.survey import MAX_ROWS

ATTRIBUTE = "tags"  # of a manifest's lines


class Labelled(NamedTuple):
    """An image and its labels' columns, rising."""

    id: int
    path: str
    labels: list[int]


# the images can be gone through more than once
Write = Callable[[IO[bytes], Sequence[str], Iterable[Labelled], str | None], None]


def write_list(
    file: IO[bytes], names: Sequence[str], images: Iterable[Labelled], _source: str | None
) -> None:
    """Write a list file; raises Unconvertible for one that no run would take."""
    zeros = b"\t".join([b"0"] * len(names))
    if len(zeros) + 2048 > MAX_LINE_BYTES:
        raise Unconvertible(
            f"{len(names):,} labels make lines too long: --min-count leaves some out"
        )
    size = 0
    for row, (number, path, labels) in enumerate(images, 1):
        digits = bytearray(zeros)
        for at in labels:
            digits[2 * at] = ord("1")
        size += file.write(b"%d\t%b\t%b\n" % (number, bytes(digits), path.encode()))
        if row > MAX_ROWS:
            raise Unconvertible(f"more than {MAX_ROWS:,} images: split the source into several")
        if size > MAX_LIST_BYTES:
            raise Unconvertible(
                f"the list would be larger than {MAX_LIST_BYTES >> 30} GiB: --min-count leaves "
                "rare tags out"
            )


def write_csv(
    file: IO[bytes], names: Sequence[str], images: Iterable[Labelled], _source: str | None
) -> None:
    """Write `file,tags`: tags separated by bars, or as JSON where a tag holds a separator."""
    separator = safe_separator(names)
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "tags"))
    for _, path, labels in images:
        tags = [names[at] for at in labels]
        told = json.dumps(tags, ensure_ascii=False) if separator == JSON else separator.join(tags)
        writer.writerow((path, told))
    text.detach()


def write_coco(
    file: IO[bytes], names: Sequence[str], images: Iterable[Labelled], _source: str | None
) -> None:
    """Write COCO's categories, images and annotations; these are of whole images, with no boxes."""
    categories = [{"id": at, "name": name} for at, name in enumerate(names, 1)]
    file.write(b'{"categories": ' + msgspec.json.encode(categories) + b',\n"images": [')
    between = b"\n"
    for number, path, _ in images:
        file.write(between + msgspec.json.encode({"id": number, "file_name": path}))
        between = b",\n"
    file.write(b'\n],\n"annotations": [')
    between = b"\n"
    of_images = ((number, at) for number, _, labels in images for at in labels)
    for annotation, (number, at) in enumerate(of_images, 1):
        told = {"id": annotation, "image_id": number, "category_id": at + 1, "bbox": [], "area": 0,
                "iscrowd": 0}  # fmt: skip
        file.write(between + msgspec.json.encode(told))
        between = b",\n"
    file.write(b"\n]}\n")


def write_manifest(
    file: IO[bytes], names: Sequence[str], images: Iterable[Labelled], source: str | None
) -> None:
    """Write a manifest as a multi-label job leaves it; paths lie below the prefix `source`."""
    for _, path, labels in images:
        if not path.startswith("s3://") and source is None:
            raise Unconvertible(
                f"a manifest names images as s3:// URIs, and {path!r} is none: say below what "
                "they lie: --source s3://bucket/prefix/"
            )
        where = path if path.startswith("s3://") else f"{(source or '').rstrip('/')}/{path}"
        metadata = {
            "class-map": {str(at): names[at] for at in labels},
            "type": "groundtruth/image-classification-multilabel",
            "human-annotated": "yes",
        }
        told = {"source-ref": where, ATTRIBUTE: labels, f"{ATTRIBUTE}-metadata": metadata}
        file.write(msgspec.json.encode(told) + b"\n")


WRITERS: dict[str, tuple[str, Write]] = {
    "list": (".lst", write_list),
    "csv": (".csv", write_csv),
    "coco": (".json", write_coco),
    "manifest": (".manifest", write_manifest),
}
