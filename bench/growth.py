"""How the steps of runs of several sizes grow: the power of the rows that fits best."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import linear_regression
from typing import Any

Result = Mapping[str, Any]

_STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "plan": (("PlanDataset", "PlanInTask"), ("function tagline-plan-dataset", "im2rec plan")),
    "fetch": (("FetchShards",), ("function tagline-fetch-shard",)),
    "PackDataset": (("PackDataset",), ()),
    "PackParts": (("PackParts",), ("im2rec pack", "im2rec worker")),
    "JoinParts": (("JoinParts",), ("im2rec join",)),
    "the laptop cloud itself": ((), ("laptop cloud",)),
}
"""Of each step its states and how the kinds of its processes begin."""


@dataclass(frozen=True)
class Growth:
    """A power of the number of rows, and its standard error: n^power."""

    power: float
    error: float
    sizes: int

    def __str__(self) -> str:
        """Return it as a table has it."""
        return f"n^{self.power:.2f} ± {self.error:.2f}"


def growth(sizes: Sequence[float], values: Sequence[float]) -> Growth | None:
    """Return the least-squares line through the logarithms; None below three sizes or at a zero."""
    if len(set(sizes)) < 3 or min(*sizes, *values) <= 0:  # noqa: PLR2004 - two points fit any line
        return None
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    slope, intercept = linear_regression(x, y)
    apart = sum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    mean = sum(x) / len(x)
    spread = sum((a - mean) ** 2 for a in x)
    return Growth(slope, math.sqrt(apart / (len(x) - 2) / spread), len(x))


def growth_table(results: Sequence[Result]) -> str:
    """Return a Markdown table of the steps of one commit's runs, of at least three sizes."""
    sizes = [result["rows"] for result in results]
    heads = " | ".join(f"{size:,}" for size in sizes)
    lines = [f"\n| step | of | {heads} | grows as |", f"|---|---|{'---:|' * (len(sizes) + 1)}"]
    for step, (states, kinds) in _STEPS.items():
        for measure, of in _measures(states, kinds).items():
            values = [of(result) for result in results]
            if any(values):
                cells = " | ".join(f"{value:,.1f}" for value in values)
                lines.append(f"| {step} | {measure} | {cells} | {growth(sizes, values) or ''} |")
    return "\n".join(lines)


def _measures(
    states: tuple[str, ...], kinds: tuple[str, ...]
) -> dict[str, Callable[[Result], float]]:
    def processes(result: Result) -> list[Mapping[str, float]]:
        return [one for kind, one in result["processes"].items() if kind.startswith(kinds)]

    return {
        "time, s": lambda result: sum(result["seconds"].get(state, 0.0) for state in states),
        "CPU, s": lambda result: sum(one["cpu"] for one in processes(result)),
        "peak of a process, MiB": lambda result: (
            max((one["peak_kb"] for one in processes(result)), default=0) / 1024
        ),
    }
