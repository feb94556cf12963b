"""`images.jsonl` of a run: which image each of its records is made of, for the runs after it.

One line an image that was planned: `image` names the object's version, `id` the record, `line` the
row, `labels` what labels it had, `side` where it was packed. Together with the run's rejects it
tells what its record files hold, and the id finds it there.
"""

from collections.abc import Iterable
from hashlib import blake2b

# How an image becomes the bytes of its record. Raise the number when the pixels or the JPEG of the
# same image change; the decoders' versions are those of containers/im2rec/requirements.txt.
PACKING = "3, opencv 4.14.0.94, pillow 13.0.0, pyspng 0.1.4, simplejpeg 1.9.0"

_DIGEST_BYTES = 16
_LABELS_BYTES = 6


def image_digest(bucket: str, key: str, etag: str) -> str:
    """Return what names one version of one object in the index."""
    # neither a bucket nor a checked key holds a tab
    text = f"{bucket}\t{key}\t{etag}".encode()
    return blake2b(text, digest_size=_DIGEST_BYTES, person=b"image").hexdigest()


def labels_digest(names: Iterable[str]) -> str:
    """Return what stands for the labels of an image, whatever their columns' order."""
    # no label's name holds a line end
    text = "\n".join(sorted(names)).encode()
    return blake2b(text, digest_size=_LABELS_BYTES, person=b"labels").hexdigest()
