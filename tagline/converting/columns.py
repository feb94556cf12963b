"""Which column of a table names the image, which its tags: guessed of its first rows, or told."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tagline.converting.entries import Asked, Unconvertible
from tagline.converting.tags import JSON, WHOLE, guess_separator

TRUE = frozenset({"1", "1.0", "true", "t", "yes", "y", "x"})
FALSE = frozenset({"", "0", "0.0", "false", "f", "no", "n", "-"})
_IMAGE = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp|tiff?|heic|avif)$", re.IGNORECASE)
_FILE_NAMES = (
    *("file", "filename", "filepath", "image", "imagefile", "imagename", "imagepath", "path"),
    *("img", "picture", "photo", "uri", "url", "key", "imageid", "name", "id"),
)
_TAGS_NAMES = (
    *("tags", "labels", "classes", "categories", "keywords", "tag", "label", "class", "category"),
)
# numbers and words about an image that are none of its tags, whatever they hold
_NO_TAGS = frozenset({"", "id", "index", "width", "height", "split", "fold", "score", "scores"})
_PLAIN = re.compile(r"[\W_]+")
_MOST_NAMED = 12

Cell = str | list[str]
Row = Sequence[Cell]


@dataclass(frozen=True)
class Layout:
    """Where a row has what: the image's column; then one column of tags, or one a tag."""

    file: int
    tags: int | None
    separator: str
    flags: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def failure(self) -> int | None:
        """The column in which `tagline tag`, or a batch, tells why an image has no tags."""
        name = "reason" if "verdict" in self.names else "error"
        at = self.names.index(name) if name in self.names and self.tags is not None else None
        return None if at in (self.file, self.tags) else at

    @property
    def said(self) -> dict[str, str]:
        """What was taken for what, in words."""
        said = {"Images": f"column {self.names[self.file]!r}"}
        if self.tags is not None:
            said["Tags"] = f"column {self.names[self.tags]!r}, {_separated(self.separator)}"
        else:
            said["Tags"] = f"a column each: {_named([self.names[at] for at in self.flags])}"
        used = {self.file, self.tags, *self.flags}
        if others := [name for at, name in enumerate(self.names) if at not in used]:
            said["Left out"] = _named(others)
        return said


def has_header(rows: Sequence[Row]) -> bool:
    """Return whether the first row names columns."""
    first, rest = [str(cell).strip() for cell in rows[0]], rows[1:]
    if any(_IMAGE.search(cell) for cell in first):
        return False
    known = {_plain(cell) for cell in first} & {*_FILE_NAMES, *_TAGS_NAMES}
    if known or any(_IMAGE.search(str(cell)) for row in rest for cell in row):
        return True
    return not any(map(_is_number, first)) and any(_is_number(c) for row in rest for c in row)


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.strip().replace(".", "", 1).isdecimal()


def lay_out(names: Sequence[str], rows: Sequence[Row], asked: Asked) -> Layout:
    """Return what the columns are, by their names and the first rows; raises Unconvertible."""
    _refuse_twins(names)
    columns = [[row[at] for row in rows if at < len(row)] for at in range(len(names))]
    file = (
        _column(names, asked.file_column, "--file-column")
        if asked.file_column is not None
        else _guess_file(names, columns)
    )
    told = tuple(_column(names, name, "--tags-column") for name in asked.tags_columns)
    if file in told:
        raise Unconvertible(f"the column {names[file]!r} can't be both, the images and their tags")
    if len(told) > 1 or (told and _is_flag(columns[told[0]]) and not asked.tags_separator):
        return Layout(file, None, WHOLE, told, tuple(names))
    tags = told[0] if told else _guess_tags(names, columns, file)
    if tags is None:
        flags = _guess_flags(names, columns, file)
        return Layout(file, None, WHOLE, flags, tuple(names))
    cells = [cell for cell in columns[tags] if isinstance(cell, str)]
    separator = guess_separator(cells) if asked.tags_separator is None else asked.tags_separator
    return Layout(file, tags, separator, (), tuple(names))


def _refuse_twins(names: Sequence[str]) -> None:
    named = [name for name in names if name]
    twin = next((name for name in named if named.count(name) > 1), None)
    if twin is not None:
        raise Unconvertible(f"two columns are called {twin!r}: rename one of them")


def _column(names: Sequence[str], asked: str, option: str) -> int:
    """Return the column of a name, or of a number from 1."""
    if asked in names:
        return names.index(asked)
    if asked.isdecimal() and 1 <= int(asked) <= len(names):
        return int(asked) - 1
    raise Unconvertible(f"{option} {asked!r}: no such column; there are {_named(names)}")


def _guess_file(names: Sequence[str], columns: Sequence[Sequence[Cell]]) -> int:
    shares = [
        sum(isinstance(c, str) and bool(_IMAGE.search(c.strip())) for c in cells)
        / (len(cells) or 1)
        for cells in columns
    ]
    ranks = [_rank(name, _FILE_NAMES) for name in names]
    best = max(range(len(names)), key=lambda at: (shares[at], -ranks[at], -at))
    if shares[best] > 0:
        return best
    named = min(range(len(names)), key=lambda at: ranks[at])
    if ranks[named] < len(_FILE_NAMES):
        return named
    raise Unconvertible(
        f"no column names image files (columns: {_named(names)}); say which one does: "
        "--file-column NAME"
    )


def _guess_tags(names: Sequence[str], columns: Sequence[Sequence[Cell]], file: int) -> int | None:
    """Return the column of tags, None where the tags have columns of their own."""
    others = [at for at in range(len(names)) if at != file]
    lists = [at for at in others if any(isinstance(cell, list) for cell in columns[at])]
    named = [at for at in others if _plain(names[at]) in _TAGS_NAMES]
    flags = [at for at in others if _is_flag(columns[at]) and _plain(names[at]) not in _NO_TAGS]
    texts = [at for at in named or others if at not in flags]
    if named and flags == named[:1]:  # the number of a class
        texts = named
    if lists or (named and texts):
        return min(lists or texts, key=lambda at: _rank(names[at], _TAGS_NAMES))
    if flags:
        return None
    texts = [at for at in texts if _plain(names[at]) not in _NO_TAGS]
    if len(texts) == 1:
        return texts[0]
    raise Unconvertible(
        f"no column is known to hold tags (columns: {_named(names)}); say which one does: "
        "--tags-column NAME, repeated where each tag has a column of its own"
    )


def _guess_flags(
    names: Sequence[str], columns: Sequence[Sequence[Cell]], file: int
) -> tuple[int, ...]:
    return tuple(
        at
        for at, cells in enumerate(columns)
        if at != file and _plain(names[at]) not in _NO_TAGS and _may_be_flag(cells)
    )


def _is_flag(cells: Sequence[Cell]) -> bool:
    return any(cells) and _may_be_flag(cells)


def _may_be_flag(cells: Sequence[Cell]) -> bool:
    """Return whether nothing speaks against it: rare tags' columns may begin with blanks."""
    known = TRUE | FALSE
    return all(isinstance(c, str) and c.strip().lower() in known for c in cells)


def _rank(name: str, order: Sequence[str]) -> int:
    plain = _plain(name)
    return order.index(plain) if plain in order else len(order)


def _plain(name: str) -> str:
    return _PLAIN.sub("", name.lower())


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(name or "(no name)" for name in names[:_MOST_NAMED]) + more


def _separated(separator: str) -> str:
    if separator == JSON:
        return "each a list in brackets"
    if separator == "\n":
        return "one a line of the cell"
    return f"separated by {separator!r}" if separator else "one tag a row"
