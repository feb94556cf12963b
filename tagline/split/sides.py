"""Which side an image is on: decided by content, balanced over labels, never changed.

Four rules, each giving way to the one before it (docs/decisions/011-the-split-is-remembered.md):

1. A content that an earlier plan put on a side stays there; equal contents are on one side.
2. Where no content is a test image yet, those of validation may become ones (decision 029).
3. A content's hash decides: the shares of the least ones go to test and to validation.
4. New contents are moved, those first whose hash is nearest to the limit, until every label has its
   share of held images within a tenth (or one image), and an image on every side; then, among the
   held ones, its share of test images.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b
from typing import overload

from tagline.formats.rows import Side
from tagline.formats.split import Shares
from tagline.split.balance import Balance

_SPAN = 2**64
Sides = Mapping[int, Side]
Assigning = Callable[[Sequence[int], Sequence[bytes], Shares, Sides], dict[int, Side]]
"""A way to put rows, by their contents' hashes and labels, on sides; some are decided before."""


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
    earlier: Sides,
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
    found = merged(hashes, labels)
    wanted, free, carved = before_balance(found, shares, earlier)
    return balance(found, wanted, shares, free=free, carved=carved)


def before_balance(
    found: Mapping[int, bytes], shares: Shares, earlier: Sides
) -> tuple[Sides, set[int], set[int]]:
    """Return where contents are wanted, those that may move, and those that may become test images.

    Raises CannotSplit for fewer than two.
    """
    if len(found) < 2:  # noqa: PLR2004 - one for each side
        raise CannotSplit(f"{len(found)} different image(s); a split needs at least 2")
    free = found.keys() - earlier.keys()
    first = Side.TEST not in earlier.values()
    carved = {at for at in found if earlier.get(at) is Side.VALIDATION} if first else set()
    wanted = {at: _by_hash(at, shares) if at in free else earlier[at] for at in found}
    wanted |= {at: Side.TEST for at in carved if _by_hash(at, shares) is Side.TEST}
    return wanted, free, carved


def merged(keys: Iterable[int], labels: Iterable[bytes]) -> dict[int, bytes]:
    """Return the labels that any row of each key has."""
    found: dict[int, bytes] = {}
    for key, row in zip(keys, labels, strict=True):
        found[key] = _either(found.get(key, row), row)
    return found


def balance(
    labels: Mapping[int, bytes],
    wanted: Sides,
    shares: Shares,
    *,
    free: AbstractSet[int],
    carved: AbstractSet[int] = frozenset(),
) -> dict[int, Side]:
    """Return the sides that contents, named by their hashes, are wanted on, balanced over labels.

    Only contents in `free` move, and those in `carved` between validation and test; another one
    where training or validation would be empty.
    """
    held = _held(labels, wanted, shares, free)
    chosen = {at: labels[at] for at in labels if at in held}
    test = _test(chosen, wanted, shares, free | carved)
    return {
        at: Side.TEST if at in test else Side.VALIDATION if at in held else Side.TRAIN
        for at in labels
    }


def _by_hash(at: int, shares: Shares) -> Side:
    if at < int(shares.test * _SPAN):
        return Side.TEST
    return Side.VALIDATION if at < int(shares.held * _SPAN) else Side.TRAIN


def _held(
    labels: Mapping[int, bytes], wanted: Sides, shares: Shares, free: AbstractSet[int]
) -> set[int]:
    """Return the contents that are kept from training: some, but not all."""
    nearest = _nearest(labels, shares.held)
    sides = Balance(
        rows=_Rows(labels, nearest),
        free=[at in free for at in nearest],
        inside=[wanted[at] is not Side.TRAIN for at in nearest],
        fraction=shares.held,
        least=2 if shares.test else 1,
    )
    sides.settle()
    held = _inside(nearest, sides)
    if len(held) not in (0, len(nearest)):
        return held
    return held ^ {next((at for at in nearest if b"1" in labels[at]), nearest[0])}


class _Rows(Sequence[bytes]):
    """The labels of contents in an order, looked up where they are asked for."""

    def __init__(self, labels: Mapping[int, bytes], order: Sequence[int]) -> None:
        self._labels = labels
        self._order = order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, at: int) -> bytes: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[bytes]: ...

    def __getitem__(self, at: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(at, slice):
            return [self._labels[content] for content in self._order[at]]
        return self._labels[self._order[at]]


def _test(
    held: Mapping[int, bytes], wanted: Sides, shares: Shares, free: AbstractSet[int]
) -> set[int]:
    """Return those of the held contents that are test images; some labelled one is not."""
    nearest = _nearest(held, shares.test)
    labelled = [at for at in nearest if b"1" in held[at]]
    test = {at for at in nearest if at not in free and wanted[at] is Side.TEST}
    if shares.test and len(labelled) > 1:
        sides = Balance(
            rows=[held[at] for at in nearest],
            free=[at in free for at in nearest],
            inside=[wanted[at] is Side.TEST for at in nearest],
            fraction=shares.test / shares.held,
        )
        sides.settle()
        test = _inside(nearest, sides)
    choosing = labelled or nearest  # one of these at least has to choose the epoch
    return test - {choosing[0]} if test.issuperset(choosing) else test


def _inside(contents: Sequence[int], sides: Balance) -> set[int]:
    return {at for at, inside in zip(contents, sides.inside, strict=True) if inside}


def _nearest(contents: Mapping[int, bytes], share: float) -> list[int]:
    limit = int(share * _SPAN)
    return sorted(sorted(contents), key=lambda at: abs(at - limit))


def _either(first: bytes, second: bytes) -> bytes:
    """Return the labels that either row has."""
    if first == second:
        return first
    both = int.from_bytes(first) | int.from_bytes(second)  # b"0" and b"1" differ in the last bit
    return both.to_bytes(len(first))
