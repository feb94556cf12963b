"""A training set that is read from its files, pass after pass, and never held.

Memory holds the shuffle buffer alone, however many records there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

import numpy as np

from trainer.contract import JobRefused
from trainer.engine import Images, Labels
from trainer.labels import LabelCounts
from trainer.records import Reading, RecordFiles, blank

BUFFER = 8192  # images, where nobody asks for another size
Row = tuple[int, Labels, bytes, str]  # id, labels (L,), JPEG, file


@dataclass(frozen=True)
class Told:
    """What is known of records before any is read: how many they are, and a digest of them."""

    images: int
    digest: str


class StreamedSet:
    """The images of record files, in passes that a shuffle buffer mixes.

    In each pass the files come in another order and each is read from its beginning to its end.
    The buffer holds `buffer` encoded images: an image that is read takes the place of one that is
    drawn from it at random. So each image comes exactly once in a pass, and two passes differ.
    Records are packed in an order that tells nothing of their labels; the buffer and the files'
    order are what makes passes differ: of a single file, the larger the buffer the more.
    """

    cached = False

    def __init__(
        self,
        files: RecordFiles,
        reading: Reading,
        *,
        told: Told | None = None,
        buffer: int = BUFFER,
        single: bool = False,
    ) -> None:
        """Take what is told of the records, or count them in one pass.

        Raises JobRefused as RecordSet does; of records that were told of when they come. Of
        `single` labels each image has exactly one.
        """
        self.name, self._files, self._reading = files.name, files, reading
        self.buffer, self._single = buffer, single
        self.counts: LabelCounts | None = None
        """Of its own records; None where those of the whole channel are told."""
        found = told or self._counted()
        self._images = found.images
        self.digest = f"{found.digest} through {buffer}"  # which decides the order

    def _counted(self) -> Told:
        content, images = blake2b(digest_size=16), 0
        positives = np.zeros(self._reading.labels, np.int64)
        for offset, payload in self._files.scan():
            content.update(payload)
            row = self._row(offset, payload)
            if not images:
                self._reading.pixels(row[0], *row[2:])
            positives += row[1]
            images += 1
        if not images:
            raise JobRefused(f"{self.name} holds no records")
        self.counts = LabelCounts(images, positives)
        return Told(images, content.hexdigest())

    def __len__(self) -> int:
        return self._images

    def rows(self, part: int, parts: int, seed: int, skip: int = 0) -> Iterator[Row]:
        """Yield pass after pass of every `parts`-th record of a pass's order, from `part` on.

        Together the parts have each record once a pass. What comes is decided by the seed, so a
        training that goes on skips what it had seen, which is read again and not decoded.
        """
        whole = len(range(part, len(self), parts))
        if not whole:
            raise JobRefused(f"{self.name} holds fewer records than processes train together")
        number, skip = divmod(skip, whole)
        while True:
            yield from islice(self._mixed(number, part, parts, seed), skip, None)
            number, skip = number + 1, 0

    def images(self, rows: list[Row]) -> tuple[Images, Labels]:
        """Return rows decoded: images (n, S, S, 3), labels (n, L)."""
        images = blank(len(rows), self._reading.side)
        for position, (identifier, _, image, file) in enumerate(rows):
            images[position] = self._reading.pixels(identifier, image, file)
        return images, np.stack([row[1] for row in rows])

    def first(self, count: int) -> tuple[Images, Labels]:
        """Return the first images of the files and their labels."""
        return self.images([self._row(*found) for found in islice(self._files.scan(), count)])

    def _mixed(self, number: int, part: int, parts: int, seed: int) -> Iterator[Row]:
        order = np.random.default_rng([seed, number]).permutation(len(self._files.paths))
        draws = np.random.default_rng([seed, number, part])
        held: list[Row] = []
        for found in islice(self._scan(order.tolist()), part, None, parts):
            row = self._row(*found)
            if len(held) < self.buffer:
                held.append(row)
                continue
            at = int(draws.integers(self.buffer))
            yield held[at]
            held[at] = row
        for at in draws.permutation(len(held)):
            yield held[at]

    def _scan(self, order: list[int]) -> Iterator[tuple[int, bytes]]:
        count = 0
        for found in self._files.scan(order):
            yield found
            count += 1
        if count != len(self):
            raise JobRefused(
                f"{self.name} holds {count} records, but dataset.json says {len(self)}"
            )

    def _row(self, offset: int, payload: bytes) -> Row:
        file = self._files.name_at(offset)
        identifier, marks, image = self._reading.row(payload, file)
        if self._single and marks.sum() != 1:
            raise JobRefused(
                f"{file}: record {identifier} has {marks.sum()} labels, but task is single: "
                "each image has exactly one"
            )
        return identifier, marks, image, file
