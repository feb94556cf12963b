"""What SageMaker's machines have, and how a time is said."""

_MEMORY_GIB = {"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "9xlarge": 18, "12xlarge": 24,
               "18xlarge": 36, "24xlarge": 48}  # fmt: skip
"""GiB of an instance of a family that has 1 a size."""
_FAMILIES = {"c5": 4, "m5": 8}
_DAY, _YEAR = 24, 365 * 24  # hours


def memory(instance_type: str) -> float | None:
    """Return the GiB of memory of ml.c5 and ml.m5 instances; None for others."""
    _, family, size = (*instance_type.split("."), "", "")[:3]
    if family not in _FAMILIES or size not in _MEMORY_GIB:
        return None
    return float(_FAMILIES[family] * _MEMORY_GIB[size])


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: 40 s, 5 min, 3.1 h, 2.5 days."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    hours = seconds / 3600
    if hours > _YEAR:
        return f"{hours / _YEAR:,.1f} years"
    return f"{hours:.1f} h" if hours < 2 * _DAY else f"{hours / _DAY:.1f} days"
