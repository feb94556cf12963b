"""One thing that a caller has to be allowed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Need:
    """One action on one resource, and what conditions may ask about it (keys in lower case)."""

    action: str
    resource: str
    context: Mapping[str, Any] = field(default_factory=dict)


Request = Mapping[str, Any]
Needs = Callable[[Request], list[Need]]
