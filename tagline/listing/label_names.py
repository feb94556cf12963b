"""Tag names: `labels.txt`, one name a line in the list's column order."""

import re
import unicodedata
from codecs import BOM_UTF8

from tagline.formats.keys import MAX_LABELS_BYTES
from tagline.formats.stand_ins import stand_in
from tagline.listing.file_types import file_type, packing
from tagline.settings import InvalidSettings

MAX_NAME_LENGTH = 128
_START = 1 << 16
# besides C0 and C1: line ends, a BOM, and what turns the direction of all that follows (the marks
# LRM, RLM and ALM, and joiners, are part of how names are written)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")


def parse_label_names(data: bytes, file: str = "labels.txt") -> tuple[str, ...]:
    """Return the names in `labels.txt`; blanks round a name and blank last lines don't count.

    Raises InvalidSettings with `file` and the line for a name that is empty, given before, longer
    than 128 characters or not plain UTF-8 text.
    """
    if len(data) > MAX_LABELS_BYTES:
        raise InvalidSettings(f"{file} is larger than {MAX_LABELS_BYTES >> 20} MiB")
    text = _decoded(data, file)
    names = [name.strip() for name in text.rstrip().split("\n")]
    if names == [""]:
        raise InvalidSettings(f"{file} is empty; leave it out to have the labels numbered")
    first_lines: dict[str, int] = {}
    for line, name in enumerate(names, start=1):
        if not name:
            raise InvalidSettings(f"{file} line {line}: the name is empty")
        if fault := fault_of_name(name):
            raise InvalidSettings(f"{file} line {line}: {fault}")
        same = unicodedata.normalize("NFC", name)  # what nobody can tell apart is one name
        if same in first_lines:
            raise InvalidSettings(
                f"{file} line {line}: {name!r} was named before, in line {first_lines[same]}"
            )
        first_lines[same] = line
    return tuple(names)


def fault_of_name(name: str) -> str | None:
    """Return why a name, which is not empty, may not stand in `labels.txt`, or None."""
    if len(name) > MAX_NAME_LENGTH:
        return f"a name has at most {MAX_NAME_LENGTH} characters"
    if found := _CONTROL.search(name):
        return f"the name holds a control character (U+{ord(found[0]):04X})"
    return None


def _decoded(data: bytes, file: str) -> str:
    start = data[:_START].removeprefix(BOM_UTF8)
    if cause := stand_in(start):
        raise InvalidSettings(f"{file} is {cause}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        if cause := packing(start):
            raise InvalidSettings(f"{file} is {cause}") from exc
        if name := file_type(start):
            raise InvalidSettings(f"{file} is {name}, not names of labels, one a line") from exc
        line = data.count(b"\n", 0, exc.start) + 1
        raise InvalidSettings(f"{file} line {line}: not valid UTF-8") from exc


def default_label_names(count: int) -> tuple[str, ...]:
    """Return label_001, label_002 … for a list whose labels have no names."""
    width = max(3, len(str(count)))
    return tuple(f"label_{number:0{width}d}" for number in range(1, count + 1))
