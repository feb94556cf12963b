"""`images.jsonl` of a run: which image each of its records is made of, for the runs after it.

One line an image that was planned: `image` names the object's version, `id` the record, `line` the
row. Together with the run's rejects it tells what its train.rec and val.rec hold, and the id finds
it there.
"""

import json
from hashlib import blake2b
from typing import NamedTuple

# How an image becomes the bytes of its record. Raise the number when the pixels or the JPEG of the
# same image change; the decoders' versions are those of containers/im2rec/requirements.txt.
PACKING = "2, opencv 4.14.0.94, pillow 13.0.0, pyspng 0.1.4, simplejpeg 1.9.0"

_DIGEST_BYTES = 16


def image_digest(bucket: str, key: str, etag: str) -> str:
    """Return what names one version of one object in the index."""
    # neither a bucket nor a checked key holds a tab
    text = f"{bucket}\t{key}\t{etag}".encode()
    return blake2b(text, digest_size=_DIGEST_BYTES, person=b"image").hexdigest()


class Indexed(NamedTuple):
    """A planned image: its digest, its record's id, its row's line number."""

    image: str
    id: int
    line: int


def read_index_line(line: bytes) -> Indexed:
    """Return a line of the index; raises ValueError for any other line."""
    try:
        values = json.loads(line)
        return Indexed(values["image"], int(values["id"]), int(values["line"]))
    except (KeyError, TypeError) as exc:
        raise ValueError(f"no line of an index: {line[:80]!r}") from exc
