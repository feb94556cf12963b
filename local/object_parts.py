"""Multipart uploads: parts are files, and what they become is joined by the file system.

Uploads that are under way do not outlive the cloud, nor do their parts.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

import uuid
from collections.abc import Callable
from typing import Any

from local import patching
from local.context import Cloud
from local.object_bodies import FileBody, for_the_owner

_S3 = "ministack.services.s3"
_PART = ("bucket_name", "key", "body", "query_params", "headers")
_COPIED = ("bucket_name", "dest_key", "query_params", "headers")
_Answer = tuple[int, dict[str, str], bytes]
_Query = dict[str, list[str]]
_Record = dict[str, Any]


class Parts:
    """ministack's uploads, the bytes of whose parts lie in a folder."""

    def __init__(self, cloud: Cloud) -> None:
        self._folder = cloud.state_dir / "tmp" / "parts"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._uploads = patching.member(_S3, "_multipart_uploads", object)
        self._upload = patching.function(_S3, "_upload_part", *_PART)
        self._copy = patching.function(_S3, "_upload_part_copy", *_COPIED)
        self._abort = patching.function(
            _S3, "_abort_multipart_upload", "bucket_name", "key", "query_params"
        )

    def install(self) -> None:
        """Take the place of ministack's operations on parts."""
        patching.replace(_S3, "_upload_part", self.upload, *_PART)
        patching.replace(_S3, "_upload_part_copy", self.copy, *_COPIED)
        patching.replace(
            _S3, "_abort_multipart_upload", self.abort, "bucket_name", "key", "query_params"
        )

    def upload(
        self,
        bucket_name: str,
        key: str,
        body: bytes | FileBody,
        query_params: _Query,
        headers: dict[str, str],
    ) -> _Answer:
        """Take a part; raises OSError, and then the upload is as it was."""
        return self._taken(
            query_params, lambda: self._upload(bucket_name, key, body, query_params, headers)
        )

    def copy(
        self, bucket_name: str, dest_key: str, query_params: _Query, headers: dict[str, str]
    ) -> _Answer:
        """Take part of an object as a part; raises OSError, and then the upload is as it was."""
        return self._taken(
            query_params, lambda: self._copy(bucket_name, dest_key, query_params, headers)
        )

    def abort(self, bucket_name: str, key: str, query_params: _Query) -> _Answer:
        """Drop an upload and its parts."""
        upload = self._uploads.get(_first(query_params, "uploadId"))
        answer: _Answer = self._abort(bucket_name, key, query_params)
        if answer[0] == 204:  # noqa: PLR2004 - No Content
            self.let_go(upload)
        return answer

    def let_go(self, upload: _Record) -> None:
        """Remove an upload's files."""
        for part in upload["parts"].values():
            part["body"].let_go()

    def _taken(self, query: _Query, take: Callable[[], _Answer]) -> _Answer:
        parts = (self._uploads.get(_first(query, "uploadId")) or {"parts": {}})["parts"]
        number = _first(query, "partNumber")
        former = parts.get(int(number)) if number.isdecimal() else None
        answer = take()
        if answer[0] == 200:  # noqa: PLR2004 - OK
            part = parts[int(number)]
            try:
                part["body"] = self._kept(part)
            except OSError:
                if former is None:
                    del parts[int(number)]
                else:
                    parts[int(number)] = former
                raise
            if former is not None:
                former["body"].let_go()
        return answer

    def _kept(self, part: _Record) -> FileBody:
        body, file = part["body"], self._folder / uuid.uuid4().hex
        if isinstance(body, FileBody):
            return body.kept_at(file)
        try:
            with open(file, "wb", opener=for_the_owner) as stream:
                stream.write(body)
        except OSError:
            file.unlink(missing_ok=True)
            raise
        return FileBody(file)


def _first(query: _Query, name: str) -> str:
    return query.get(name, [""])[0]
