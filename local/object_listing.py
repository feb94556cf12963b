"""Keys in order: a page of a listing costs what it holds, not what the bucket holds.

ministack sorts all keys of a bucket for each page of a thousand.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

from local import patching

_S3 = "ministack.services.s3"
_COLLECT = ("bucket_objects", "prefix", "delimiter", "max_keys", "start_after")
_LAST = "\U0010ffff"  # behind every other character
_Page = tuple[list[str], list[str], bool, str]


def install() -> None:
    """Let buckets keep their keys in order."""
    ensure = patching.function(_S3, "_ensure_bucket", "name")

    def ensured(name: str) -> dict[str, Any] | None:
        bucket: dict[str, Any] | None = ensure(name)
        if bucket is not None and type(bucket["objects"]) is dict:
            bucket["objects"] = Keys(bucket["objects"])
        return bucket

    patching.replace(_S3, "_ensure_bucket", ensured, "name")
    patching.replace(_S3, "_collect_list_entries", page, *_COLLECT)


class Keys(dict[str, Any]):
    """A bucket's objects by their keys, which can be walked in order from any point."""

    def __init__(self, objects: dict[str, Any]) -> None:
        super().__init__(objects)
        self._order: list[str] | None = None
        self._new: list[str] = []
        self._lock = threading.Lock()

    def __setitem__(self, key: str, value: Any) -> None:
        """Put an object, and its key into the order where it is new."""
        if self._order is not None and key not in self:
            self._new.append(key)
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        """Take an object away."""
        super().__delitem__(key)
        self._order = None

    def pop(self, key: str, *default: Any) -> Any:
        """Take an object away and return it."""
        if key in self:
            self._order = None
        return super().pop(key, *default)

    def clear(self) -> None:
        """Take all of them away."""
        super().clear()
        self._order = None

    def after(self, key: str, *, with_it: bool) -> Iterator[str]:
        """Yield the keys in order, those behind a key, or from it on."""
        with self._lock:
            if self._order is None:
                self._new, self._order = [], sorted(self)
            elif self._new:
                new, self._new = self._new, []
                self._order = sorted([*self._order, *new])  # two runs that only need merging
            order = self._order
        start = bisect_left(order, key) if with_it else bisect_right(order, key)
        for position in range(start, len(order)):
            yield order[position]


def page(
    bucket_objects: dict[str, Any], prefix: str, delimiter: str, max_keys: int, start_after: str
) -> _Page:
    """Return keys and common prefixes of a page, whether more follow, and the last of either."""
    keys = bucket_objects if isinstance(bucket_objects, Keys) else Keys(bucket_objects)
    contents: list[str] = []
    common: list[str] = []
    last = ""
    at, with_it = (start_after, False) if start_after >= prefix else (prefix, True)
    while True:
        for key in keys.after(at, with_it=with_it):
            if not key.startswith(prefix):
                return contents, common, False, last
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            row = key if end < 0 else key[: end + len(delimiter)]
            folded = end >= 0
            if folded and row <= start_after:  # the page before ended with this group
                break
            if len(contents) + len(common) == max_keys:
                return contents, common, True, last
            (common if folded else contents).append(row)
            last = row
            if folded:
                break
        else:
            return contents, common, False, last
        at, with_it = _behind(row), True


def _behind(group: str) -> str:
    """Return what comes first behind all keys that begin with a group's name."""
    kept = group.rstrip(_LAST)
    return f"{kept[:-1]}{chr(ord(kept[-1]) + 1)}" if kept else f"{group}{_LAST}" * 512
