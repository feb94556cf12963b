"""CompleteMultipartUpload, as ministack has it but for the bytes, which it would join in memory.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement

from local import patching
from local.object_bodies import Joined
from local.object_parts import Parts

_S3 = "ministack.services.s3"
_COMPLETE = ("bucket_name", "key", "body", "query_params", "headers")
_PARSED = ("text", "forbid_dtd", "forbid_entities", "forbid_external")
_ERROR = ("code", "message", "status", "resource", "extra", "headers")
_EVENT = (
    *("bucket_name", "key", "event_name", "size", "etag"),
    *("deletion_type", "version_id", "object_extra", "record_extra"),
)
_NO_UPLOAD = "The specified multipart upload does not exist."
_LOST = "One or more of the specified parts could not be found."
_Answer = Any  # ministack's: status, headers, body
_Record = dict[str, Any]


class _Refused(Exception):
    """The answer to a request that cannot be carried out."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class _Named:
    """A part as the request names it."""

    number: int
    etag: str
    checksums: Mapping[str, str]


class Completion:
    """ministack's operation, with parts that are files."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._buckets = patching.member(_S3, "_buckets", object)
        self._uploads = patching.member(_S3, "_multipart_uploads", object)
        self._completed = patching.member(_S3, "_completed_multipart_uploads", object)
        self._error = patching.function(_S3, "_error", *_ERROR)
        self._no_bucket = patching.function(_S3, "_no_such_bucket", "name")
        self._sse_refusal = patching.function(_S3, "_check_sse_c_part", "headers", "upload")
        self._sse_headers = patching.function(_S3, "_stored_sse_headers", "obj")
        self._precondition = patching.function(
            _S3, "_check_put_preconditions", "headers", "existing_obj"
        )
        self._composite = patching.function(
            _S3, "_composite_checksum", "algorithm", "part_checksums"
        )
        self._now = patching.function(_S3, "now_iso")
        self._parse = patching.function(_S3, "fromstring", *_PARSED)
        self._xml = patching.function(_S3, "_xml_body", "root")
        self._namespace = patching.member(_S3, "S3_NS", str)
        self._record = patching.function(
            _S3, "_record_object_version", "bucket_name", "key", "prior_obj", "obj", "data"
        )
        self._replicate = patching.function(
            _S3, "_maybe_replicate", "bucket_name", "key", "obj", "data", "tags"
        )
        self._fire = patching.function(_S3, "_fire_s3_event_async", *_EVENT)
        self._persist = patching.function(_S3, "_persist_object", "bucket_name", "key", "record")

    def install(self) -> None:
        """Take the place of ministack's function."""
        patching.replace(_S3, "_complete_multipart_upload", self.answer, *_COMPLETE)

    def answer(
        self,
        bucket_name: str,
        key: str,
        body: bytes,
        query_params: dict[str, list[str]],
        headers: dict[str, str] | None = None,
    ) -> _Answer:
        """Join the parts; raises OSError, and then neither they nor the object have changed."""
        bucket = self._buckets.get(bucket_name)
        if bucket is None:
            return self._no_bucket(bucket_name)
        identifier = query_params.get("uploadId", [""])[0]
        done = self._completed.get(identifier)
        if done is not None and done.get("key") == key:
            return done["response"]  # S3 answers a repeated request alike
        headers = headers or {}
        upload = self._uploads.get(identifier)
        resource = f"/{bucket_name}/{key}"
        if upload is None or (upload["bucket"], upload["key"]) != (bucket_name, key):
            return self._error("NoSuchUpload", _NO_UPLOAD, 404, resource)
        refused = self._sse_refusal(headers, upload) or self._precondition(
            headers, bucket["objects"].get(key)
        )
        if refused is not None:
            return refused
        try:
            parts = _stored(upload, self._named(body))
            made = self._object(upload, parts, headers)
        except _Refused as exc:
            return self._error(exc.code, exc.message, 400, resource)
        return self._put(bucket, identifier, upload, made, headers)

    def _named(self, body: bytes) -> list[_Named]:
        """Return the parts that the request names, in order."""
        try:
            root = self._parse(body)
        except ParseError as exc:
            raise _Refused(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema.",
            ) from exc
        found = []
        for element in root.iter():
            fields = {_name(child): child.text or "" for child in element}
            if _name(element) == "Part" and "PartNumber" in fields:
                checksums = {
                    name.removeprefix("Checksum").upper(): value
                    for name, value in fields.items()
                    if name.startswith("Checksum") and value
                }
                found.append(_Named(int(fields["PartNumber"]), fields.get("ETag", ""), checksums))
        return sorted(found, key=lambda part: part.number)

    def _object(
        self, upload: _Record, parts: Sequence[tuple[int, _Record]], headers: Mapping[str, str]
    ) -> _Record:
        """Return the record of the object that parts become; raises _Refused."""
        body = Joined([part["body"] for _, part in parts])
        declared = headers.get("x-amz-mp-object-size")
        if declared is not None and declared != str(len(body)):
            raise _Refused(
                "InvalidRequest",
                f"The provided 'x-amz-mp-object-size' header value {declared} does not match "
                f"what was computed: {len(body)}",
            )
        algorithm = upload.get("checksum_algorithm")
        composite = algorithm and self._composite(
            algorithm, [(part.get("checksums") or {}).get(algorithm) for _, part in parts]
        )
        wanted = algorithm and headers.get(f"x-amz-checksum-{algorithm.lower()}")
        if wanted and wanted != composite:
            raise _Refused(
                "BadDigest",
                f"The {algorithm} you specified did not match the calculated checksum.",
            )
        digests = b"".join(bytes.fromhex(part["etag"].strip('"')) for _, part in parts)
        digest = hashlib.md5(digests, usedforsecurity=False).hexdigest()
        return {
            "body": body,
            "content_type": upload["content_type"],
            "content_encoding": upload.get("content_encoding"),
            "etag": f'"{digest}-{len(parts)}"',
            "last_modified": self._now(),
            "size": len(body),
            "metadata": upload["metadata"],
            "preserved_headers": upload.get("preserved_headers", {}),
            "storage_class": upload.get("storage_class") or "STANDARD",
            "parts": [{"PartNumber": number, "Size": part["size"]} for number, part in parts],
            "checksums": {algorithm: composite} if composite else {},
            "checksum_type": "COMPOSITE" if composite else None,
        }

    def _put(
        self,
        bucket: _Record,
        identifier: str,
        upload: _Record,
        made: _Record,
        headers: Mapping[str, str],
    ) -> _Answer:
        name, key, body = upload["bucket"], upload["key"], made["body"]
        prior = bucket["objects"].get(key)
        bucket["objects"][key] = made
        del self._uploads[identifier]
        fields = {"Content-Type": "application/xml", **self._sse_headers(made)}
        self._replicate(name, key, made, body)
        version = self._record(name, key, prior, made, body)
        if version:
            fields["x-amz-version-id"] = version
        event = "s3:ObjectCreated:CompleteMultipartUpload"
        self._fire(name, key, event, size=made["size"], etag=made["etag"], version_id=version)
        self._persist(name, key, made)
        self._parts.let_go(upload)
        scheme = headers.get("x-forwarded-proto") or "http"
        said = {
            "Location": f"{scheme}://{headers.get('host', '')}/{name}/{key}",
            "Bucket": name,
            "Key": key,
            "ETag": made["etag"],
        }
        for algorithm, value in made["checksums"].items():
            said |= {f"Checksum{algorithm}": value, "ChecksumType": "COMPOSITE"}
        root = Element("CompleteMultipartUploadResult", xmlns=self._namespace)
        for element, text in said.items():
            SubElement(root, element).text = text
        response = (200, fields, self._xml(root))
        self._completed[identifier] = {"key": key, "response": response}
        return response


def _stored(upload: _Record, named: Sequence[_Named]) -> list[tuple[int, _Record]]:
    """Return the parts that are meant, with their numbers; raises _Refused."""
    found = []
    for part in named:
        stored = upload["parts"].get(part.number)
        if stored is None:
            raise _Refused("InvalidPart", _LOST)
        checksums = stored.get("checksums") or {}
        same = not part.etag or part.etag.strip('"') == stored["etag"].strip('"')
        if not same or any(checksums.get(name) != text for name, text in part.checksums.items()):
            raise _Refused(
                "InvalidPart", f"{_LOST} The following part numbers are invalid: {part.number}"
            )
        found.append((part.number, stored))
    return found


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
