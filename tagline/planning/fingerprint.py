"""What a dataset is made of, in one hash: two runs with equal fingerprints train the same model."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from tagline.formats.image_index import PACKING
from tagline.settings.schema import Settings

FORMAT = 2  # raise it when planning changes what the same list turns into


def fingerprint(
    names: Sequence[str], settings: Settings, rows: Iterable[tuple[int, bytes, str, str, str]]
) -> str:
    """Return the SHA-256 (hex) of the label names, the settings and the accepted rows.

    `rows` holds (id, labels, bucket, key, etag) in packing order, which does not depend on the
    order of the list; neither do line numbers or the way the file is written count.
    """
    head = {
        "format": FORMAT,
        "packing": PACKING,
        "labels": list(names),
        "settings": settings.to_dict(),
    }
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode() + b"\n")
    for row_id, labels, bucket, key, etag in rows:
        # no field can hold a tab: the parser refuses control characters
        digest.update(b"%d\t%b\t%b\n" % (row_id, labels, f"{bucket}\t{key}\t{etag}".encode()))
    return digest.hexdigest()
