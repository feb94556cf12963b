"""How a time is said."""

_DAY, _YEAR = 24, 365 * 24  # hours


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: 40 s, 5 min, 3.1 h, 2.5 days."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    hours = seconds / 3600
    if hours > _YEAR:
        return f"{hours / _YEAR:,.1f} years"
    return f"{hours:.1f} h" if hours < 2 * _DAY else f"{hours / _DAY:.1f} days"
