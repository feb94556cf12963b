"""Sides for the contents of a plan, decided together with what earlier plans remember."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from tagline.formats.reasons import UnusableList
from tagline.split.memory import ATTEMPTS, SplitOvertaken
from tagline.split.sides import CannotSplit

M = TypeVar("M")
D = TypeVar("D")
D_contra = TypeVar("D_contra", contravariant=True)


class Remembering(Protocol[M, D_contra]):
    """The split.txt of a dataset: `M` is what it holds, `D` what a plan decides."""

    def recall(self) -> M:
        """Return what earlier plans decided."""

    def remember(self, memory: M, decided: D_contra, /) -> None:
        """Add a plan's decisions; raises SplitOvertaken where `memory` is no longer the newest."""


def decide(file: Remembering[M, D], assign: Callable[[M], D], rows: int) -> tuple[D, M]:
    """Return the sides of `rows` rows' contents, and what was remembered before.

    No later plan of the dataset will change them. Raises UnusableList where there are fewer than
    two different images, and SplitOvertaken when other plans keep deciding at the same time.
    """
    for attempt in range(1, ATTEMPTS + 1):
        memory = file.recall()
        try:
            decided = assign(memory)
            file.remember(memory, decided)
        except CannotSplit as exc:
            raise UnusableList(
                f"{rows:,} usable row(s) with {exc}: one to train on, one to validate"
            ) from exc
        except SplitOvertaken:
            if attempt == ATTEMPTS:
                raise
        else:
            break
    return decided, memory
