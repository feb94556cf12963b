"""The trials of a search in the report: a parallel-coordinates plot and the table beside it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from tagline.formats.trials import Trial, Trials

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 960, 300, 70, 34, 26  # SVG units
_LOGARITHMIC = 10.0  # from this ratio of largest to smallest on
_ROWS = 100  # of the table
_FAINTEST, _PLAINEST = 0.2, 0.7  # opacity, from the worst to the second best
_DASH = "\N{EN DASH}"


@dataclass(frozen=True)
class _Axis:
    """A vertical axis: where a value lies on it (0 at its foot, 1 at its top), and its words."""

    name: str
    place: Callable[[str], float]
    marks: tuple[tuple[float, str], ...]


def trials_section(found: Trials | None) -> str:
    """Return the section as HTML; nothing for a run that searched nothing."""
    if found is None or not found.trials:
        return ""
    ranked = sorted(found.trials, key=lambda trial: (trial.job != found.best, _rank(trial)))
    names = list(dict.fromkeys(name for trial in ranked for name in trial.hyperparameters))
    valued = sum(trial.objective is not None for trial in ranked)
    return (
        f'<h2>Trials</h2><p class="note">{len(ranked):,} trials of the search '
        f"{escape(found.tuning_job)}, {valued:,} with a {escape(found.metric)}. A line is a trial, "
        "the strong one is this model, fainter ones were worse; dashed ones had no result.</p>"
        f'<div class="panel scroll">{_plot(found, ranked, names)}</div>'
        f'<div class="panel scroll">{_table(found, ranked, names)}</div>'
    )


def _rank(trial: Trial) -> float:
    return math.inf if trial.objective is None else -trial.objective


def _table(found: Trials, ranked: Sequence[Trial], names: Sequence[str]) -> str:
    rows = []
    for trial in ranked[:_ROWS]:
        cells = [
            trial.job.removeprefix(f"{found.tuning_job}-"),
            _DASH if trial.objective is None else f"{trial.objective:.4f}",
            *(_short(trial.hyperparameters.get(name, _DASH)) for name in names),
            _DASH if trial.seconds is None else f"{trial.seconds:,.0f}",
            trial.status if not trial.failure else f"{trial.status}: {trial.failure}",
        ]
        kind = ' class="chosen"' if trial.job == found.best else ""
        rows.append(f"<tr{kind}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    heads = ("trial", found.metric, *names, "seconds", "status")
    left = len(ranked) - _ROWS
    more = f'<p class="note">and {left:,} that were worse: trials.json has all.</p>' * (left > 0)
    return (
        f'<table class="trials"><thead><tr>'
        f"{''.join(f'<th>{escape(head)}</th>' for head in heads)}"
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"
    )


def _plot(found: Trials, ranked: Sequence[Trial], names: Sequence[str]) -> str:
    values = [[trial.hyperparameters.get(name, "") for trial in ranked] for name in names]
    objective = [str(t.objective) for t in ranked if t.objective is not None]
    axes = [_axis(name, some) for name, some in zip(names, values, strict=True)]
    if objective:
        axes.append(_axis(found.metric, objective))
    step = (_WIDTH - 2 * _LEFT) / max(1, len(axes) - 1)
    across = [_LEFT + i * step for i in range(len(axes))]
    lines = [_line(found, axes, across, ranked, i) for i in reversed(range(len(ranked)))]
    drawn = "".join(
        _drawn(axis, x, last=axis is axes[-1]) for axis, x in zip(axes, across, strict=True)
    )
    return (
        f'<svg class="parallel" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'aria-label="hyperparameters and objective of each trial; the table below has the numbers">'
        f"{''.join(lines)}{drawn}</svg>"
    )


def _line(
    found: Trials,
    axes: Sequence[_Axis],
    across: Sequence[float],
    ranked: Sequence[Trial],
    number: int,
) -> str:
    trial = ranked[number]
    points = [
        f"{x:.1f},{_down(axis.place(trial.hyperparameters[axis.name])):.1f}"
        for axis, x in zip(axes, across, strict=True)
        if axis.name in trial.hyperparameters
    ]
    if trial.objective is None:
        kind, opacity = "lost", _FAINTEST
    else:
        points.append(f"{across[-1]:.1f},{_down(axes[-1].place(str(trial.objective))):.1f}")
        chosen = trial.job == found.best
        kind = "chosen" if chosen else ""
        share = number / max(1, len(ranked) - 1)
        opacity = 1.0 if chosen else _PLAINEST - (_PLAINEST - _FAINTEST) * share
    return f'<polyline class="{kind}" style="opacity:{opacity:.2f}" points="{" ".join(points)}"/>'


def _drawn(axis: _Axis, x: float, *, last: bool) -> str:
    beside, anchor = (x + 6, "start") if last else (x - 6, "end")
    marks = "".join(
        f'<text x="{beside:.1f}" y="{_down(at) + 4:.1f}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
        for at, words in axis.marks
    )
    return (
        f'<path class="axis" d="M{x:.1f} {_down(1):.1f}V{_down(0):.1f}"/>'
        f'<text class="name" x="{x:.1f}" y="16" text-anchor="middle">{escape(axis.name)}</text>'
        f"{marks}"
    )


def _down(place: float) -> float:
    return _TOP + (1 - place) * (_HEIGHT - _TOP - _BOTTOM)


def _axis(name: str, values: Sequence[str]) -> _Axis:
    """Return an axis of numbers, even in their ratios where they differ much, or of choices."""
    numbers = [_number(value) for value in values if value]
    known = [number for number in numbers if number is not None]
    if not numbers or len(known) < len(numbers):
        return _choices(name, sorted({value for value in values if value}))
    low, high = min(known), max(known)
    scale = math.log if low > 0 and high / low >= _LOGARITHMIC else float
    span = scale(high) - scale(low)

    def place(value: str) -> float:
        number = _number(value)
        return (scale(low if number is None else number) - scale(low)) / span if span else 0.5

    ends = {place(str(low)): _short(str(low)), place(str(high)): _short(str(high))}
    return _Axis(name, place, tuple(ends.items()))


def _choices(name: str, choices: Sequence[str]) -> _Axis:
    last = len(choices) - 1
    places = {choice: i / last if last else 0.5 for i, choice in enumerate(choices)}
    return _Axis(
        name, lambda value: places.get(value, 0.0), tuple((at, word) for word, at in places.items())
    )


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _short(value: str) -> str:
    number = _number(value)
    return value if number is None else f"{number:.4g}"
