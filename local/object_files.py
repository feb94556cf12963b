"""An object's bytes and what is known of it, as files: written both or neither.

ministack's own functions of these names write one after the other and log what goes wrong.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

from local import patching
from local.key_paths import KeyPaths
from local.object_bodies import SMALL, FileBody, Stored, for_the_owner, may_stay

_S3 = "ministack.services.s3"
_ABOUT = ".meta.json"
_DRAFT = ".tmp"
_Record = dict[str, Any]
logger = logging.getLogger("local.object_files")


class ObjectFiles:
    """ministack's functions that write and read objects, with every OSError raised."""

    def __init__(self) -> None:
        paths = KeyPaths()
        paths.install()
        self._has_encoded = paths.has_encoded
        self._path = patching.function(_S3, "_object_disk_path", "bucket", "key", "account_id")
        self._version_path = patching.function(
            _S3, "_version_disk_path", "bucket", "key", "version_id", "account_id"
        )
        self._other_path = patching.function(_S3, "_other_key_disk_path", "base", "key", "fpath")
        self._about = patching.function(_S3, "_object_meta_from_record", "obj")
        self._history = patching.function(_S3, "_key_history_meta", "bucket_name", "key")
        self._remove = patching.function(_S3, "_remove_key_files", "fpath")
        self._remove_version = patching.function(
            _S3, "_delete_version_file", "bucket_name", "key", "version_id"
        )
        self._root = Path(patching.member(_S3, "DATA_DIR", str))
        self._account = patching.function(_S3, "get_account_id")

    def install(self) -> None:
        """Take the place of ministack's functions."""
        patching.replace(_S3, "_persist_object", self.write, "bucket", "key", "obj")
        patching.replace(
            _S3, "_persist_delete_marker", self.mark_deleted, "bucket_name", "key", "marker"
        )
        patching.replace(
            _S3,
            "_persist_displaced_version",
            self.keep_version,
            *("bucket_name", "key", "prior_obj", "versioning"),
        )
        patching.replace(_S3, "_read_body", self.read, "bucket_name", "key", "obj")
        patching.replace(
            _S3, "_version_body", self.read_version, "bucket", "bucket_name", "key", "v"
        )

    def write(self, bucket_name: str, key: str, record: _Record) -> None:
        """Write an object; a record without a body has its bytes on the disk already."""
        file = Path(self._path(bucket_name, key))
        about = {**self._about(record), **self._history(bucket_name, key), "key": key}
        _write(file, record.get("body"), about)
        record["body"] = None
        base = f"{self._root}/{self._account()}/{bucket_name}"
        if self._has_encoded(base):
            self._remove(self._other_path(base, key, str(file)))

    def mark_deleted(self, bucket_name: str, key: str, marker: _Record) -> None:
        """Write that a delete marker is what a key has now."""
        about = {
            "is_delete_marker": True,
            "version_id": marker.get("version_id"),
            "last_modified": marker.get("last_modified", ""),
            **self._history(bucket_name, key),
            "key": key,
        }
        _write(Path(self._path(bucket_name, key)), None, about)

    def keep_version(
        self, bucket_name: str, key: str, prior_obj: _Record | None, versioning: str
    ) -> None:
        """Keep the bytes of what is about to be replaced, where its version is looked for."""
        if versioning == "Suspended":
            self._remove_version(bucket_name, key, "null")
        if prior_obj is None:
            return
        version = prior_obj.get("version_id") or "null"
        if versioning == "Suspended" and version == "null":
            return
        current = Path(self._path(bucket_name, key))
        kept = Path(self._version_path(bucket_name, key, version))
        if not current.exists():
            logger.warning("%s is gone, and with it version %s of %s", current, version, key)
        elif not kept.exists():
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.link(current, kept)  # as good as a copy: files are replaced, never written into

    def read(self, bucket_name: str, key: str, obj: _Record) -> bytes | FileBody:
        """Return an object's bytes; raises OSError instead of returning none."""
        body: bytes | None = obj.get("body")
        return _content(self._path(bucket_name, key)) if body is None else body

    def read_version(
        self, bucket: _Record, bucket_name: str, key: str, v: _Record
    ) -> bytes | FileBody | None:
        """Return a version's bytes; None where it has none."""
        kept = self._version_path(bucket_name, key, v["version_id"])
        if kept is not None and Path(kept).is_file():
            return _content(kept)
        current = bucket["objects"].get(key)
        if current is not None and (current.get("version_id") or "null") == v["version_id"]:
            return self.read(bucket_name, key, current)
        return None


def _content(file: str) -> bytes | FileBody:
    number = os.open(file, os.O_RDONLY)
    try:
        size = os.fstat(number).st_size
        if size <= SMALL:
            return os.read(number, SMALL)
    finally:
        os.close(number)
    body = FileBody(Path(file)).opened()
    return body if may_stay.get() else body.whole()


def settle(folder: Path) -> None:
    """Finish or undo the writes that a kill cut in two; to be called before objects are loaded."""
    drafts = {Path(at, name) for at, _, names in os.walk(folder) for name in names
              if name.endswith(_DRAFT)}  # fmt: skip
    for draft in drafts:
        file = draft.with_suffix("")
        bytes_are_there = draft.name.endswith(_ABOUT + _DRAFT) and (
            Path(f"{str(file).removesuffix(_ABOUT)}{_DRAFT}") not in drafts
        )
        if bytes_are_there and _is_whole(draft):
            draft.replace(file)
        else:
            draft.unlink()


def _write(file: Path, body: bytes | Stored | None, about: _Record) -> None:
    """Write drafts of both, then give both their names, the bytes first."""
    described = f"{file}{_ABOUT}"
    contents: dict[str, bytes | Stored] = {} if body is None else {str(file): body}
    contents[described] = json.dumps(about).encode()
    try:
        for name, content in contents.items():
            _draft(f"{name}{_DRAFT}", content)
    except OSError:
        for name in contents:
            Path(f"{name}{_DRAFT}").unlink(missing_ok=True)
        raise
    for name in contents:
        Path(f"{name}{_DRAFT}").replace(name)


def _draft(name: str, content: bytes | Stored) -> None:
    try:
        _write_draft(name, content)
    except FileNotFoundError:
        Path(name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_draft(name, content)


def _write_draft(name: str, content: bytes | Stored) -> None:
    if not isinstance(content, bytes):
        content.place(Path(name))
        return
    with open(name, "wb", buffering=0, opener=for_the_owner) as stream:
        left = memoryview(content)
        while left:
            left = left[stream.write(left) :]


def _is_whole(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True
