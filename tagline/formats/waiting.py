"""How long the caller of an endpoint waits, as its container is told: `wait=12.5`.

SageMaker tells a container of no deadline, nor that its caller left; CustomAttributes it hands on.
"""

import re

_WAIT = re.compile(r"wait=([0-9]{1,4}(?:\.[0-9]{1,3})?)")


def waiting(seconds: float) -> str:
    """Return the custom attributes of a request whose answer is waited for so long."""
    return f"wait={seconds:.3f}"


def patience_of(attributes: str) -> float | None:
    """Return the seconds that custom attributes tell, None where they tell none."""
    found = _WAIT.fullmatch(attributes)
    return float(found[1]) if found else None
