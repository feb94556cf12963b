"""What each operation of S3 needs.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from local.access.naming import Names
from local.access.need import Need, Needs, Request

_ON_OBJECT = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
    "PutObjectTagging": "PutObjectTagging",
    "UploadPart": "PutObject",
}
_LISTING = {
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
}
_CONDITIONS = ("prefix", "delimiter", "max-keys")


def table(names: Names) -> dict[str, Needs]:
    """Return S3's part of the table."""
    objects = _Objects(names)
    return {
        **{f"s3:{name}": objects.on(action) for name, action in _ON_OBJECT.items()},
        **{f"s3:{name}": _listing(names, action) for name, action in _LISTING.items()},
        "s3:CopyObject": objects.copied,
        "s3:CreateMultipartUpload": objects.written,
        "s3:DeleteObject": objects.deleted,
        "s3:GetObject": objects.read,
        "s3:HeadObject": objects.read,
        "s3:PutObject": objects.written,
        "s3:UploadPartCopy": objects.copied,
    }


def _listing(names: Names, action: str) -> Needs:
    def needs(request: Request) -> list[Need]:
        asked = {f"s3:{name}": request[name] for name in _CONDITIONS if name in request}
        return [Need(f"s3:{action}", names.bucket(request), asked)]

    return needs


class _Objects:
    def __init__(self, names: Names) -> None:
        self._names = names

    def on(self, action: str) -> Needs:
        """Return the needs of an operation that is one action on one object."""
        return lambda request: [Need(f"s3:{action}", self._names.object(request))]

    def read(self, request: Request) -> list[Need]:
        """Return the needs of a read: of the version named, and of the key it is encrypted by."""
        version = "Version" if request.get("versionId") else ""
        found = [Need(f"s3:GetObject{version}", self._names.object(request))]
        key = self._names.encryption_key(request)
        return [*found, Need("kms:Decrypt", key)] if key else found

    def written(self, request: Request) -> list[Need]:
        """Return the needs of a write, its tags and its ACL being actions of their own."""
        resource = self._names.object(request)
        found = [Need("s3:PutObject", resource)]
        if request.get("x-amz-tagging"):
            found.append(Need("s3:PutObjectTagging", resource))
        if request.get("x-amz-acl"):
            found.append(Need("s3:PutObjectAcl", resource))
        return found

    def copied(self, request: Request) -> list[Need]:
        """Return the needs of a copy, which reads one object and writes another."""
        return [*self.read(request["CopySource"]), *self.written(request)]

    def deleted(self, request: Request) -> list[Need]:
        """Return the needs of a deletion."""
        version = "Version" if request.get("versionId") else ""
        return [Need(f"s3:DeleteObject{version}", self._names.object(request))]
