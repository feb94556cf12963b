"""Which operation of S3 a request asks for, by its method, its path and its sub-resource.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

_BUCKET = {
    ("GET", ""): "ListObjects",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "versions"): "ListObjectVersions",
    ("HEAD", ""): "HeadBucket",
}
_OBJECT = {
    ("DELETE", ""): "DeleteObject",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", ""): "GetObject",
    ("GET", "tagging"): "GetObjectTagging",
    ("GET", "uploadId"): "ListParts",
    ("HEAD", ""): "HeadObject",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", ""): "PutObject",
    ("PUT", "tagging"): "PutObjectTagging",
    ("PUT", "uploadId"): "UploadPart",
}
_COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
# parameters that choose no operation; any other one that is not above is an unknown sub-resource
_PLAIN = {
    "continuation-token",
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "marker",
    "max-keys",
    "max-parts",
    "part-number-marker",
    "partNumber",
    "prefix",
    "start-after",
    "version-id-marker",
    "versionId",
    "x-id",
}


def read(
    method: str,
    path: str,
    query: Mapping[str, list[str]],
    headers: Mapping[str, str],
) -> tuple[str, dict[str, Any]] | None:
    """Return operation and parameters, by the API's names; None for what is not known."""
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket:
        return ("ListBuckets", {}) if method == "GET" else None
    choosing = [name for name in query if name not in _PLAIN and not _is_plain(name)]
    if len(choosing) > 1:
        return None
    table = _OBJECT if key else _BUCKET
    operation = table.get((method, choosing[0] if choosing else ""))
    if operation is None:
        return None
    request: dict[str, Any] = {"Bucket": bucket, "Key": key}
    source = headers.get("x-amz-copy-source")
    if source is not None:
        if operation not in _COPIES:
            return None
        operation = _COPIES[operation]
        request["CopySource"] = _source(source)
    for name, values in query.items():
        request[name] = values[0]
    for header in ("x-amz-tagging", "x-amz-tagging-directive", "x-amz-acl"):
        if header in headers:
            request[header] = headers[header]
    return operation, request


def _is_plain(name: str) -> bool:
    return name.lower().startswith(("x-amz-", "response-"))


def _source(header: str) -> dict[str, str]:
    """Return what a copy reads: `/bucket/key?versionId=…`, percent-encoded."""
    where, _, query = header.partition("?")
    bucket, _, key = unquote(where).lstrip("/").partition("/")
    version = parse_qs(query).get("versionId", [""])[0]
    return {"Bucket": bucket, "Key": key, "versionId": version}
