"""A folder that answers as S3's client does, as far as `tagline.aws.s3` and `multipart` ask it.

What is measured beside it is the work of a process on its data, without requests.
"""

# ruff: noqa: N803, ARG002 - the names are boto3's

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody


class FolderClient:
    """Objects are files named by their keys; metadata lies beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[tuple[str, int], bytes | tuple[Path, int, int]] = {}

    def _path(self, key: str) -> Path:
        return self._folder / key

    def _there(self, key: str, operation: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise ClientError({"Error": {"Code": "404"}}, operation)
        return path

    def _told(self, path: Path) -> dict[str, Any]:
        beside = path.with_name(f".{path.name}.json")
        metadata = json.loads(beside.read_text()) if beside.exists() else {}
        return {
            "ContentLength": path.stat().st_size,
            "ETag": f'"{hashlib.md5(str(path).encode(), usedforsecurity=False).hexdigest()}"',
            "Metadata": metadata,
            "LastModified": datetime.now(UTC),
        }

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        """Answer what is known of an object."""
        return self._told(self._there(Key, "HeadObject"))

    def get_object(self, *, Bucket: str, Key: str, Range: str = "", **_: Any) -> dict[str, Any]:
        """Answer an object, or a range of it."""
        path = self._there(Key, "GetObject")
        told, stream = self._told(path), path.open("rb")
        if Range:
            start, stop = map(int, Range.removeprefix("bytes=").split("-"))
            stream.seek(start)
            data = stream.read(stop - start + 1)
            stream.close()
            return told | {"Body": StreamingBody(io.BytesIO(data), len(data))}
        return told | {"Body": StreamingBody(stream, told["ContentLength"])}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes | IO[bytes],
        Metadata: dict[str, str] | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        """Write an object."""
        source = io.BytesIO(Body) if isinstance(Body, bytes) else Body
        self.upload_fileobj(source, Bucket, Key, {"Metadata": Metadata or {}})
        return self._told(self._path(Key))

    def upload_fileobj(
        self, file: IO[bytes], bucket: str, key: str, ExtraArgs: dict[str, Any]
    ) -> None:
        """Write an object from a file."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f".{path.name}.json").write_text(json.dumps(ExtraArgs.get("Metadata", {})))
        with path.open("wb") as target:
            shutil.copyfileobj(file, target)

    def download_fileobj(self, bucket: str, key: str, file: IO[bytes]) -> None:
        """Read an object into a file."""
        with self._there(key, "GetObject").open("rb") as source:
            shutil.copyfileobj(source, file)

    def copy(self, origin: dict[str, str], bucket: str, key: str, Config: Any = None) -> None:
        """Copy an object; a link does, for nothing is written in place."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.hardlink_to(self._there(origin["Key"], "CopyObject"))

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        """Remove an object."""
        self._path(Key).unlink(missing_ok=True)

    def get_paginator(self, _: str) -> "FolderClient":
        """Answer itself."""
        return self

    def paginate(self, *, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:
        """List the objects below a prefix."""
        within = self._path(Prefix if Prefix.endswith("/") else Prefix.rpartition("/")[0])
        names = (
            path.relative_to(self._folder).as_posix()
            for path in within.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )
        yield {"Contents": [{"Key": name} for name in sorted(names) if name.startswith(Prefix)]}

    def create_multipart_upload(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, str]:
        """Begin an upload in parts."""
        return {"UploadId": Key}

    def upload_part(self, *, UploadId: str, PartNumber: int, Body: bytes, **_: Any) -> Any:
        """Take in a part."""
        self._parts[UploadId, PartNumber] = Body
        return {"ETag": ""}

    def upload_part_copy(
        self,
        *,
        UploadId: str,
        PartNumber: int,
        CopySource: dict[str, str],
        CopySourceRange: str = "",
        **_: Any,
    ) -> Any:
        """Take in a part that lies in an object."""
        path = self._there(CopySource["Key"], "UploadPartCopy")
        start, stop = 0, path.stat().st_size - 1
        if CopySourceRange:
            start, stop = map(int, CopySourceRange.removeprefix("bytes=").split("-"))
        self._parts[UploadId, PartNumber] = path, start, stop + 1
        return {"CopyPartResult": {"ETag": ""}}

    def complete_multipart_upload(self, *, Key: str, UploadId: str, **_: Any) -> None:
        """Make one object of the parts."""
        path = self._path(Key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            for number in sorted(part for upload, part in self._parts if upload == UploadId):
                part = self._parts.pop((UploadId, number))
                if isinstance(part, bytes):
                    target.write(part)
                    continue
                with part[0].open("rb") as source:
                    source.seek(part[1])
                    left = part[2] - part[1]
                    while left and (data := source.read(min(left, 1 << 20))):
                        target.write(data)
                        left -= len(data)
