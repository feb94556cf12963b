"""Tags as cells, files and exports write them, and what labels.txt takes."""

import ast
import unicodedata
from collections.abc import Iterable

import msgspec

from tagline.listing.label_names import fault_of_name

JSON = "json"
WHOLE = ""
_SEPARATORS = ("|", ";", ",", "\n")  # the less a tag itself would hold it, the sooner


class BadTag(ValueError):
    """A tag that labels.txt cannot name, or a cell that holds no tags."""


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags as labels.txt names them, each once, empty ones left out; raises BadTag."""
    return tuple(dict.fromkeys(tag for tag in map(clean_tag, tags) if tag))


def clean_tag(text: str) -> str:
    """Return a tag without blanks round it, in Unicode's composed form; raises BadTag."""
    name = text.strip()
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    if name and (fault := fault_of_name(name)):
        raise BadTag(f"the tag {name[:40]!r}: {fault}")
    return name


def guess_separator(cells: Iterable[str]) -> str:
    """Return what separates tags in cells: a character, JSON for lists, WHOLE for one tag each."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if filled and all(cell.startswith("[") and cell.endswith("]") for cell in filled):
        return JSON
    return next((each for each in _SEPARATORS if any(each in cell for cell in filled)), WHOLE)


def split_tags(cell: str, separator: str) -> list[str]:
    """Return a cell's tags; raises BadTag for a cell that is no list where lists are wanted."""
    if separator == JSON:
        return _listed(cell)
    return [cell] if separator == WHOLE else cell.split(separator)


def safe_separator(names: Iterable[str]) -> str:
    """Return what may separate these tags so that `guess_separator` finds it: `|`, or JSON."""
    plain = all(not set("".join(_SEPARATORS)) & set(name) and name[0] not in "[{" for name in names)
    return "|" if plain else JSON


def _listed(cell: str) -> list[str]:
    """Return the strings of a list as JSON, or as Python prints it."""
    if not cell.strip():
        return []
    try:
        return msgspec.json.decode(cell, type=list[str])
    except msgspec.DecodeError:
        pass
    try:
        told = ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        told = None
    if isinstance(told, list) and all(isinstance(tag, str) for tag in told):
        return told
    raise BadTag(f"{cell[:60]!r} is no list of tags, as the cells before were")
