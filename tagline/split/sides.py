"""Which side an image is on: decided by content, balanced over labels, never changed.

Four rules, each giving way to the one before it (docs/decisions/011-the-split-is-remembered.md):

1. A content that an earlier plan put on a side stays there; equal contents are on one side.
2. Where no content is a test image yet, those of validation may become ones (decision 029).
3. A content's hash decides: the shares of the least ones go to test and to validation.
4. New contents are moved, those first whose hash is nearest to the limit, until every label has its
   share of held images within a tenth (or one image), and an image on every side; then, among the
   held ones, its share of test images.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.balance import Balance

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
    shares: Shares,
    earlier: Mapping[int, Side],
) -> dict[int, Side]:
    """Return each content hash's side, given every row's hash and labels (b"0" or b"1" each).

    Rows of one content share its hash; the content has the labels of all of them. `earlier` holds
    the sides that are decided. A decided content changes sides only where training or validation
    would be empty, or from validation to test where nothing in `earlier` is a test image. There is
    a test side from three labelled contents on, one for each side, unless a label on two of them
    needs both elsewhere.
    The answer depends on neither the rows' order nor their number per content.

    Raises CannotSplit for fewer than two different contents.
    """
    found: dict[int, bytes] = {}
    for at, row in zip(hashes, labels, strict=True):
        found[at] = _either(found.get(at, row), row)
    if len(found) < 2:  # noqa: PLR2004 - one for each side
        raise CannotSplit(f"{len(found)} different image(s); a split needs at least 2")
    held = _held(found, shares, earlier)
    test = _test({at: found[at] for at in found if at in held}, shares, earlier)
    return {
        at: Side.TEST if at in test else Side.VALIDATION if at in held else Side.TRAIN
        for at in found
    }


def _held(found: Mapping[int, bytes], shares: Shares, earlier: Mapping[int, Side]) -> set[int]:
    """Return the contents that are kept from training: some, but not all."""
    limit = int(shares.held * _SPAN)
    nearest = _nearest(found, limit)
    balance = Balance(
        rows=[found[at] for at in nearest],
        free=[at not in earlier for at in nearest],
        inside=[earlier[at] is not Side.TRAIN if at in earlier else at < limit for at in nearest],
        fraction=shares.held,
        least=2 if shares.test else 1,
    )
    balance.settle()
    held = {at for at, inside in zip(nearest, balance.inside, strict=True) if inside}
    return held ^ {nearest[0]} if len(held) in (0, len(nearest)) else held


def _test(held: Mapping[int, bytes], shares: Shares, earlier: Mapping[int, Side]) -> set[int]:
    """Return those of the held contents that are test images; some labelled one is not."""
    limit = int(shares.test * _SPAN)
    nearest = _nearest(held, limit)
    labelled = [at for at in nearest if b"1" in held[at]]
    test = {at for at in nearest if earlier.get(at) is Side.TEST}
    if shares.test and len(labelled) > 1:
        first = Side.TEST not in earlier.values()
        free = [at not in earlier or first for at in nearest]
        balance = Balance(
            rows=[held[at] for at in nearest],
            free=free,
            inside=[
                at < limit if moves else at in test for at, moves in zip(nearest, free, strict=True)
            ],
            fraction=shares.test / shares.held,
        )
        balance.settle()
        test = {at for at, inside in zip(nearest, balance.inside, strict=True) if inside}
    choosing = labelled or nearest  # one of these at least has to choose the epoch
    return test - {choosing[0]} if test.issuperset(choosing) else test


def _nearest(contents: Mapping[int, bytes], limit: int) -> list[int]:
    return sorted(sorted(contents), key=lambda at: abs(at - limit))


def _either(first: bytes, second: bytes) -> bytes:
    """Return the labels that either row has."""
    if first == second:
        return first
    both = int.from_bytes(first) | int.from_bytes(second)  # b"0" and b"1" differ in the last bit
    return both.to_bytes(len(first))
