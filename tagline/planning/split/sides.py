"""Which images are kept for validation: decided by content, balanced over labels, never changed.

Three rules, each giving way to the one before it (docs/decisions/011-the-split-is-remembered.md):

1. A content that an earlier plan put on a side stays there; equal contents are on one side.
2. A content's hash decides: about `fraction` of them go to validation.
3. New contents are moved, those first whose hash is nearest to the limit, until every label has its
   share of validation images within a tenth (or one image), and an image on both sides.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from tagline.formats.rows import Side
from tagline.planning.split.balance import Balance

_SPAN = 2**64


class CannotSplit(ValueError):
    """There are fewer than two different images."""


def content_hash(etag: str, seed: int) -> int:
    """Return a content's hash in [0, 2^64), uniform over contents: what it is remembered by."""
    digest = blake2b(f"{seed}\n{etag}".encode(), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest, "big")


def assign_sides(
    hashes: Sequence[int],
    labels: Sequence[bytes],
    fraction: float,
    earlier: Mapping[int, Side],
) -> dict[int, Side]:
    """Return each content hash's side, given every row's hash and labels (b"0" or b"1" each).

    Rows of one content share its hash; the content has the labels of all of them. `earlier` holds
    the sides that are decided. A decided content changes sides only where one side would be empty.
    The answer depends on neither the rows' order nor their number per content.

    Raises CannotSplit for fewer than two different contents.
    """
    found: dict[int, bytes] = {}
    for at, row in zip(hashes, labels, strict=True):
        found[at] = _either(found.get(at, row), row)
    if len(found) < 2:  # noqa: PLR2004 - one for each side
        raise CannotSplit(f"{len(found)} different image(s); a split needs at least 2")
    limit = int(fraction * _SPAN)
    nearest = sorted(sorted(found), key=lambda at: abs(at - limit))
    balance = Balance(
        rows=[found[at] for at in nearest],
        free=[at not in earlier for at in nearest],
        validation=[
            earlier[at] is Side.VALIDATION if at in earlier else at < limit for at in nearest
        ],
        fraction=fraction,
    )
    balance.settle()
    return {
        at: Side.VALIDATION if kept else Side.TRAIN
        for at, kept in zip(nearest, balance.validation, strict=True)
    }


def _either(first: bytes, second: bytes) -> bytes:
    """Return the labels that either row has."""
    if first == second:
        return first
    both = int.from_bytes(first) | int.from_bytes(second)  # b"0" and b"1" differ in the last bit
    return both.to_bytes(len(first))
