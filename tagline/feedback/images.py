"""Images that are kept for training because somebody corrected their tags."""

import hashlib
from contextlib import suppress
from typing import NamedTuple

from tagline.aws.faults import Conflict
from tagline.aws.s3 import Bucket
from tagline.formats.feedback import CorrectedImage
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.image_headers import EXTENSIONS

MAX_IMAGE_BYTES = 64 << 20  # that training reads
_TYPES = {extension: kind for kind, extension in EXTENSIONS.items()}


class Kept(NamedTuple):
    """An image's bytes and their media type."""

    data: bytes
    content_type: str

    def at(self, uri: str) -> CorrectedImage:
        """Return what is known of the image where it lies."""
        return CorrectedImage(s3_uri=uri, sha256=hashlib.sha256(self.data).hexdigest())


def keep(bucket: Bucket, dataset: str, image: Kept) -> CorrectedImage:
    """Keep an image's bytes under their hash, once."""
    sha256 = hashlib.sha256(image.data).hexdigest()
    key = FeedbackKeys(dataset).image(sha256, EXTENSIONS[image.content_type])
    with suppress(Conflict):  # it is there, and its name says that it is the same
        bucket.put_over(key, image.data, image.content_type, None)
    return CorrectedImage(s3_uri=bucket.uri(key), sha256=sha256)


def kept_image(bucket: Bucket, dataset: str, sha256: str) -> CorrectedImage | None:
    """Return the image of a hash that was sent with a correction or kept of a request.

    One of a request would expire: it is kept from now on.
    """
    keys = FeedbackKeys(dataset)
    for key in bucket.keys(f"{keys.images}{sha256}."):
        return CorrectedImage(s3_uri=bucket.uri(key), sha256=sha256)
    for day in sorted(bucket.folders(keys.sampled), reverse=True):
        for key in bucket.keys(f"{keys.sampled}{day}/{sha256}."):
            content_type = _TYPES.get(key.rpartition(".")[2])
            found = bucket.find_bytes(key, MAX_IMAGE_BYTES) if content_type else None
            if found and content_type:
                return keep(bucket, dataset, Kept(found.content, content_type))
    return None
