"""Which file holds a key: as ministack finds it, without asking the disk what is known already.

ministack resolves each part of a path at each request. A folder that it has once found to lie
within its bucket goes on lying there, and a key that it keeps under its own name needs one look.
"""

import functools
import os
import stat
from collections.abc import Callable
from pathlib import Path

from local import patching

_S3 = "ministack.services.s3"
_REMEMBERED = 10_000  # folders


class KeyPaths:
    """ministack's rule for where a key lies, and the folders that it has been asked about."""

    def __init__(self) -> None:
        self._find: Callable[[str, str], str] = patching.function(
            _S3, "_key_disk_path", "base", "key"
        )
        self._is_plain = patching.function(_S3, "_plain_path_key", "key")
        self._encoded: str = patching.member(_S3, "_ENCODED_KEYS_DIR", str)
        self._real = functools.lru_cache(1024)(os.path.realpath)
        self._inside: set[str] = set()

    def install(self) -> None:
        """Take the place of ministack's function."""
        patching.replace(_S3, "_key_disk_path", self.of, "base", "key")

    def has_encoded(self, base: str) -> bool:
        """Tell whether a bucket has keys that lie under another name than their own."""
        return Path(self._real(base), self._encoded).is_dir()

    def of(self, base: str, key: str) -> str:
        """Return the file of a key below the folder `base`."""
        plain = f"{self._real(base)}/{key}"
        folder = plain.rpartition("/")[0]
        if folder not in self._inside or not self._is_plain(key):
            return self._found(base, key, plain, folder)
        try:
            mode = os.lstat(plain).st_mode
        except FileNotFoundError:
            new = Path(folder).is_dir() and not self.has_encoded(base)
            return plain if new else self._find(base, key)
        except OSError:
            return self._find(base, key)
        return plain if stat.S_ISREG(mode) else self._find(base, key)

    def _found(self, base: str, key: str, plain: str, folder: str) -> str:
        found = self._find(base, key)
        if found == plain and Path(folder).is_dir():
            if len(self._inside) >= _REMEMBERED:
                self._inside.clear()
            self._inside.add(folder)
        return found
