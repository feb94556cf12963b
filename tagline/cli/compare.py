"""`tagline compare`: two runs side by side, as their evaluations and plans tell."""

import sys
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.catalog import Catalog
from tagline.api.comparing import compare as side_by_side
from tagline.api.comparing_documents import Interval, RunComparison
from tagline.api.problem import Problem
from tagline.cli.errors import Refused
from tagline.cli.naming import one_run
from tagline.cli.output import emit, number, print_json, rows_table, say
from tagline.cli.records import read_training
from tagline.cli.target import Target, find_target
from tagline.formats.kinds import MACRO_RECALL, METRIC_SAID, PRIMARY_METRIC, Kind
from tagline.formats.names import dataset_of_run
from tagline.formats.steps import TunePlan

_MOST_LABELS = 30  # shown, those that differ most; --json has them all
_Bounds = tuple[float, float]


def compare(first: str, second: str, *, stack: str, as_json: bool) -> None:
    """Show what the second run has more than the first, label by label, and which settings differ.

    Intervals are of labels' differences on resampled images: known where one run was judged beside
    the other.
    """
    target = find_target(stack)
    dataset, other = (dataset_of_run(one_run(target, run)) for run in (first, second))
    if other != dataset:
        raise Refused(f"{first} and {second} are of two datasets, so nothing of them compares")
    bucket = DataBucket(target.s3, target.outputs.bucket)
    try:
        told = side_by_side(Catalog(bucket), bucket, dataset, (first, second), sys.maxsize)
    except Problem as exc:
        raise Refused(exc.detail) from exc
    intervals = {label.label: _bounds(label.interval) for label in told.labels}
    if as_json:
        labels = [
            msgspec.to_builtins(label) | {"interval": intervals.get(label.label)}
            for label in told.labels
        ]
        print_json(msgspec.to_builtins(told) | {"labels": labels})
    else:
        _show(told, intervals)
        _show_settings(told, [_hyperparameters(target, run) for run in (first, second)])


def _bounds(interval: Interval | None) -> _Bounds | None:
    return (interval.low, interval.high) if interval else None


def _show(told: RunComparison, intervals: dict[str, _Bounds | None]) -> None:
    emit(rows_table(("", *(run.run for run in told.runs)), _facts(told), title="Runs"))
    say(_difference(told))
    if told.resized:
        say(f"{told.resized[0].upper()}{told.resized[1:]}", style="bold yellow")
    if relabelled := _relabelled(told):
        say(relabelled, style="bold yellow")
    changed = [label for label in told.labels if label.difference is not None]
    changed.sort(key=lambda label: -abs(label.difference or 0))
    rows = [
        (
            label.label,
            *map(number, label.ap if None in label.recall else label.recall),
            _signed(label.difference),
            _interval(intervals.get(label.label)),
            next((count for count in reversed(label.support) if count is not None), None),
        )
        for label in changed[:_MOST_LABELS]
    ]
    what = _of_labels(told)
    columns = (
        *("Label", f">{what} before", f">{what} after", ">Difference"),
        *("95 % interval", ">Images"),
    )
    if rows:
        emit(rows_table(columns, rows, title="Labels, the largest difference first"))
    if len(changed) > _MOST_LABELS:
        say(f"{len(changed) - _MOST_LABELS} labels that differ less: --json prints all")
    for names, what in (
        ([x.label for x in told.labels if x.ap[0] is None], "Without a number in the first"),
        ([x.label for x in told.labels if x.ap[1] is None], "Without a number in the second"),
    ):
        if names:
            say(f"{what}: {', '.join(names[:_MOST_LABELS])}")


def _show_settings(told: RunComparison, trained: Sequence[Mapping[str, str]]) -> None:
    if not told.settings:
        say("The settings are the same")
        return
    rows = (
        (each.name, *map(_value, [each.name] * 2, (each.first, each.second), trained))
        for each in told.settings
    )
    emit(rows_table(("Setting", "Before", "After"), rows, title="Settings that differ"))


def _value(name: str, said: str | None, trained: Mapping[str, str]) -> str:
    """Return a setting as a run had it; of one that nobody set, what it was trained with."""
    if said is not None:
        return said
    chosen = trained.get(name.removeprefix("training."))
    return f"{chosen} (default)" if chosen is not None else "not set"


def _hyperparameters(target: Target, run: str) -> Mapping[str, str]:
    plan = read_training(target, run)
    if isinstance(plan, TunePlan):
        return plan.request.training_job_definition.static_hyper_parameters
    return plan.request.hyper_parameters if plan else {}


def _facts(told: RunComparison) -> Iterator[tuple[object, ...]]:
    yield ("Outcome", *(run.outcome or run.state for run in told.runs))
    if _of_ratings(told):
        name = METRIC_SAID[PRIMARY_METRIC[Kind.RATINGS]]
        yield (name, *(number(run.value) for run in told.runs))
        return
    scores = [run.metrics for run in told.runs]
    if any(run.metric == MACRO_RECALL for run in told.runs):
        name = METRIC_SAID[MACRO_RECALL].capitalize()
        yield (name, *(number(each.macro_recall) if each else None for each in scores))
        yield ("Right", *(number(each.top1) if each else None for each in scores))
    yield ("mAP", *(number(each.mAP) if each else None for each in scores))
    yield ("Micro F1", *(number(each.micro_f1) if each else None for each in scores))
    yield ("Judged on", *(f"{each.images:,} {each.judged_on}" if each else None for each in scores))


def _of_ratings(told: RunComparison) -> bool:
    return any(run.metric == PRIMARY_METRIC[Kind.RATINGS] for run in told.runs)


def _of_labels(told: RunComparison) -> str:
    """Return what labels are compared by."""
    return "Recall" if all(run.metric == MACRO_RECALL for run in told.runs) else "AP"


def _difference(told: RunComparison) -> str:
    found = told.difference
    if _of_ratings(told):
        return (
            "Each was judged for its own users: `tagline runs` tells each one's difference to its "
            "champion for the same ones"
        )
    gained = found.value if found else None
    if found is None or gained is None:
        if any(run.metrics is None for run in told.runs):
            return "One of them was not judged, so nothing but settings compares"
        if told.same_images:
            return "Judged on the same images, though not beside each other: no interval is known"
        return (
            "They were judged on other images, so their numbers differ by these, too: `tagline "
            "runs` tells each one's difference to its champion on the same images"
        )
    interval = found.interval
    between = f", {_interval((interval.low, interval.high))}" if interval else ""
    images = f" on the same {found.images:,} images" if found.images else ""
    name = METRIC_SAID["mAP" if found.macro_recall is None else MACRO_RECALL]
    more = f"The second has {_signed(gained)} {name}{images}{between}"
    return f"{more}; so are the differences of labels"


def _relabelled(told: RunComparison) -> str | None:
    found = told.relabelled
    if found is None or not found.changed:
        return None
    what = _of_labels(told)
    those = f"{found.changed:,} of the {found.images:,} images that both were judged on"
    more = f"{those} have other labels in the second: {what} before and after do not subtract"
    if told.compared_as is None:
        return f"{more}, nor do the {'mAPs' if what == 'AP' else 'means'}"
    order = ("first", "second")[told.compared_as == told.runs[1].run]
    return f"{more}. The differences are by the labels of the {order}, for both models"


def _signed(value: float | None) -> str | None:
    return None if value is None else f"{value:+.4f}"


def _interval(bounds: _Bounds | None) -> str | None:
    return f"{bounds[0]:+.4f} to {bounds[1]:+.4f}" if bounds else None
