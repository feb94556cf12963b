"""A limit of a step, and how much of it a run needs."""

from tagline.formats.document import Record
from tagline.scale.figures import Mark
from tagline.scale.machines import duration

_WHOLE = 100  # from which a number is told without decimals
_BYTES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"))


class Check(Record, kw_only=True):
    """A limit, and how much of it a run needs."""

    name: str
    needed: float
    limit: float
    unit: str
    mark: Mark
    """How `needed` is known."""
    source: str
    """Where the limit stands, and what `needed` comes from."""
    cure: str
    hit: bool
    """Whether more is needed than there may be."""
    wall: bool
    """Whether a run cannot be planned where it is hit."""

    @property
    def share(self) -> float:
        """The part of the limit that is needed."""
        return self.needed / self.limit

    @property
    def said(self) -> str:
        """The limit in a sentence, with what to do."""
        needed, limit = (amount(value, self.unit) for value in (self.needed, self.limit))
        return f"{self.name}: {needed} of at most {limit} ({self.mark}): {self.cure}"


def check(
    *,
    name: str,
    needed: float,
    limit: float,
    unit: str,
    mark: Mark,
    source: str,
    cure: str,
    wall: bool = False,
) -> Check:
    """Return what a run needs of a limit."""
    return Check(
        name=name,
        needed=needed,
        limit=limit,
        unit=unit,
        mark=mark,
        source=source,
        cure=cure,
        hit=needed > limit,
        wall=wall,
    )


def amount(value: float, unit: str) -> str:
    """Return a number with its unit as people read it: 6.6 GiB, 2.5 h, 1,000 rows."""
    if unit == "s":
        return duration(value)
    for size, name in _BYTES:
        if unit == "bytes" and value >= size:
            return f"{value / size:,.1f} {name}"
    whole = value >= _WHOLE or value == int(value)
    return f"{value:,.{0 if whole else 1}f} {unit}"
