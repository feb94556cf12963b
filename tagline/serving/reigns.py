"""Which runs were champion before, and which of them a person has rolled back from."""

from tagline.formats.document import Record
from tagline.formats.outcomes import Champion


class RolledBack(Record):
    """That a person went back to a former champion from a run, which had been promoted."""

    at: str
    """When: ISO 8601, UTC."""
    by: str
    why: str
    to: str
    """The run that was gone back to."""


def rolled_back_from(champion: Champion) -> dict[str, RolledBack]:
    """Return the runs whose last time as champion was ended by a roll-back.

    One that was promoted by name since, or is champion now, is none of them.
    """
    found: dict[str, RolledBack] = {}
    seen = {champion.run}
    after_run, after_order = champion.run, champion.order
    for reign in champion.before:
        if reign.run not in seen and after_order and after_order.kind == "rollback":
            found[reign.run] = RolledBack(
                at=reign.until, by=after_order.by, why=after_order.why, to=after_run
            )
        seen.add(reign.run)
        after_run, after_order = reign.run, reign.order
    return found


def former_champion(champion: Champion) -> str | None:
    """Return the last champion before this one that nobody rolled back from, None without one."""
    gone = rolled_back_from(champion)
    before = [reign.run for reign in champion.before]
    if not before and champion.previous and not _went_back(champion):  # an older file
        before = [champion.previous]
    return next((run for run in before if run != champion.run and run not in gone), None)


def _went_back(champion: Champion) -> bool:
    return champion.order is not None and champion.order.kind == "rollback"
