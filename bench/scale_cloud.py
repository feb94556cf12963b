"""A laptop cloud with a bucket that holds nothing: its images are made from their keys when asked.

`python bench/scale_cloud.py ROWS BASES …` takes the arguments of `python -m local` behind its own.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scale_source import content, load_bases, name

BUCKET = "scale-source"
_FOLDER = "images/"
_ACCOUNT = "000000000000"
_S3 = "ministack.services.s3"
_LIST = ("bucket_objects", "prefix", "delimiter", "max_keys", "start_after")
_WRITTEN = "2026-01-01T00:00:00.000Z"


class Images(dict[str, Any]):
    """The bucket's objects by key, as ministack keeps objects, each made anew."""

    def __init__(self, rows: int, bases: list[bytes]) -> None:
        super().__init__()
        self._rows = rows
        self._bases = bases

    def row(self, key: str) -> int | None:
        """Return the row whose image a key is; None for no image's key."""
        digits = key.removeprefix(_FOLDER).partition(".")[0]
        row = int(digits) if digits.isdecimal() else self._rows
        return row if row < self._rows and key == _FOLDER + name(row) else None

    def keys_after(self, start: str) -> Iterator[str]:
        """Yield the keys behind `start`, in order."""
        digits = start.removeprefix(_FOLDER)[:7]
        first = int(digits) if digits.isdecimal() else 0
        found = (_FOLDER + name(row) for row in range(first, self._rows))
        return (key for key in found if key > start)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an object's record."""
        row = self.row(key)
        if row is None:
            return default
        data = content(row, self._bases)
        return {
            "body": data,
            "content_type": "image/png",
            "content_encoding": None,
            "etag": f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"',
            "last_modified": _WRITTEN,
            "size": len(data),
            "metadata": {},
            "preserved_headers": {},
            "storage_class": "STANDARD",
            "checksums": {},
        }

    def __getitem__(self, key: str) -> Any:
        """Return an object's record."""
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such an object."""
        return isinstance(key, str) and self.row(key) is not None


def install(rows: int, bases: list[bytes]) -> None:
    """Put the bucket into the cloud."""
    from local import patching  # noqa: PLC0415 - the cloud's settings come first

    buckets: Any = patching.member(_S3, "_buckets", object)
    every_account = buckets._data  # noqa: SLF001 - no request is under way that would name one
    every_account[_ACCOUNT, BUCKET] = {
        "created": _WRITTEN,
        "objects": Images(rows, bases),
        "region": "us-east-1",
    }
    collect = patching.function(_S3, "_collect_list_entries", *_LIST)

    def page(
        bucket_objects: Any, prefix: str, delimiter: str, max_keys: int, start_after: str
    ) -> Any:
        if not isinstance(bucket_objects, Images):
            return collect(bucket_objects, prefix, delimiter, max_keys, start_after)
        found: list[str] = []
        for key in bucket_objects.keys_after(start_after):
            if not key.startswith(prefix):
                continue
            if len(found) == max_keys:
                return found, [], True, found[-1]
            found.append(key)
        return found, [], False, found[-1] if found else ""

    patching.replace(_S3, "_collect_list_entries", page, *_LIST)


def main() -> int:
    """Start the cloud, and put the bucket in once its plug-ins are."""
    rows, bases = int(sys.argv[1]), load_bases(Path(sys.argv[2]))
    sys.argv[1:3] = []
    from local import __main__ as cloud  # noqa: PLC0415
    from local import settings  # noqa: PLC0415

    apply = settings.apply

    def applied(to: Any) -> None:
        apply(to)
        from local import server  # noqa: PLC0415 - it reads them

        plugged_in = vars(server)["_raise_file_limit"]  # what comes once they are in

        def then() -> None:
            plugged_in()
            install(rows, bases)

        vars(server)["_raise_file_limit"] = then

    vars(settings)["apply"] = applied
    return cloud.main()


if __name__ == "__main__":
    sys.exit(main())
