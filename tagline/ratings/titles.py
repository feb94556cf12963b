"""items.csv: what items are called."""

import csv
import io

from tagline.formats.reasons import UnusableList
from tagline.ratings.layout import SHOWN
from tagline.ratings.rows import MAX_ID_BYTES

_LONGEST = 300  # characters of a title
_ITEM = ("item", "item_id", "itemid", "iid", "movie_id", "movieid", "product_id", "id", "asin")
_TITLE = ("title", "name", "item_name", "movie_title", "product_title")


def read_titles(data: bytes) -> dict[str, str]:
    """Return the titles of an `item,title` file by item; the last of an item counts.

    A header is optional, and with one other columns are passed over. Raises UnusableList for a file
    that is none.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise UnusableList(f"items.csv is not UTF-8 at byte {exc.start}: save it as UTF-8") from exc
    head = text.lstrip().partition("\n")[0]
    separator = max("\t;,", key=lambda each: (each in head, head.count(each)))
    if text.strip() and separator not in head:
        raise UnusableList(f"items.csv: {head[:SHOWN]!r} is one field; write item,title a line")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    titles: dict[str, str] = {}
    item = title = None
    try:
        for row in rows:
            if not any(field.strip() for field in row):
                continue
            if item is None or title is None:
                item, title = _columns(row)
                if (item, title) != (0, 1) or _plain(row[0]) in _ITEM:
                    continue
            if len(row) <= max(item, title):
                raise UnusableList(
                    f"items.csv line {rows.line_num}: {len(row)} fields, and the title is the "
                    f"{title + 1}th"
                )
            titles[row[item].strip()] = " ".join(row[title].split())[:_LONGEST]
    except csv.Error as exc:
        raise UnusableList(f"items.csv line {rows.line_num}: {exc}") from exc
    return {key: name for key, name in titles.items() if name and len(key) <= MAX_ID_BYTES}


def _columns(row: list[str]) -> tuple[int, int]:
    """Return where item and title stand by the first row, which may be a header."""
    names = [_plain(field) for field in row]
    item = next((names.index(name) for name in _ITEM if name in names), None)
    title = next((names.index(name) for name in _TITLE if name in names), None)
    if item is not None and title is not None:
        return item, title
    return 0, 1


def _plain(name: str) -> str:
    return name.partition(":")[0].strip().lower().replace(" ", "_")
