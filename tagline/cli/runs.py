"""`tagline runs`: what ran, newest first; and the batches."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
from rich.text import Text

from tagline.cli.batches import batches_table, read_batches
from tagline.cli.live import Live
from tagline.cli.outcome import RUNNING, RunOutcome, going, run_outcome, styled
from tagline.cli.output import emit, number, print_json, rows_table, say, seconds
from tagline.cli.records import RunRecord, read_runs, readable
from tagline.cli.target import Target, find_target
from tagline.cli.watching import describe
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.kinds import METRIC_SAID
from tagline.formats.names import RUN
from tagline.formats.outcomes import Champion
from tagline.formats.plan import Plan


class ListedRun(RunOutcome, kw_only=True):
    """A run among others, with the keys that --json prints."""

    serving: bool
    """Whether it is the champion now."""
    tried: tuple[str, ...]
    """Of a candidate: what it was tried with, such as `training.epochs=20`."""


def runs(dataset: str | None, limit: int, stack: str, as_json: bool) -> None:
    """List runs and batches with their outcomes, newest first; at most `limit` of each."""
    target = find_target(stack)
    found = newest_first(target, dataset)
    live = Live(target)
    shown = _listed(target, [now(live, run) for run in found[:limit]])
    batches = read_batches(target.bucket, dataset)
    batches.sort(key=lambda batch: moment(batch.started), reverse=True)
    if as_json:
        print_json(msgspec.to_builtins([*shown, *batches[:limit]]))
        return
    if batches:
        emit(batches_table(batches[:limit]))
    if not found:
        say("No runs yet: `tagline drop DATASET LIST` starts one")
        return
    metrics = {run.metric for run in shown if run.value is not None} or {"mAP"}
    column = METRIC_SAID[metrics.pop()] if len(metrics) == 1 else "Metric"
    columns = ("Run", "Outcome", f">{column}", ">Against champion", "Started", ">Took")
    rows = (_row(run, named=column == "Metric") for run in shown)
    emit(rows_table(columns, rows, title="Runs", whole=("Run", "Outcome")))
    if any(run.gain is not None for run in shown):
        say("Against champion: the difference to the champion of that time, on the same images or "
            "for the same users; the numbers of two runs are of two sets of them")  # fmt: skip
    if len(found) > len(shown):
        say(f"{len(found) - len(shown)} older runs: --limit shows more")


def newest_first(target: Target, dataset: str | None) -> list[RunOutcome]:
    """Return every run of one dataset or of all, those that go on among them."""
    records = {record.run: record for record in read_runs(target, dataset)}
    for run in _running(target, dataset):  # one that has written nothing yet
        records.setdefault(run, RunRecord(run, run.rpartition("-")[0], None, None))
    found = []
    for record in records.values():
        execution = None if record.status else describe(target, record.run)
        found.append(run_outcome(target, record, execution))
    return sorted(found, key=lambda ended: moment(ended.started), reverse=True)


def _listed(target: Target, found: Sequence[RunOutcome]) -> list[ListedRun]:
    """Tell candidates, and the run of each dataset that serves."""
    champions = {
        dataset: readable(target, DatasetKeys(dataset).champion, Champion)[0]
        for dataset in {run.dataset for run in found}
    }
    serving = {champion.run for champion in champions.values() if champion}
    listed = []
    for run in found:
        plan, _ = readable(target, RunKeys(run.run).plan, Plan)
        tried = plan.tried if plan else ()
        known = msgspec.structs.asdict(run)
        listed.append(ListedRun(**known, serving=run.run in serving, tried=tried))
    return listed


def now(live: Live, run: RunOutcome) -> RunOutcome:
    """Return a run with what it is doing, where it goes on."""
    if run.outcome != RUNNING:
        return run
    state, epoch, epochs = live.told(run)
    return msgspec.structs.replace(run, state=state, epoch=epoch, epochs=epochs)


def moment(text: str | None) -> datetime:
    """Return a time given as ISO 8601; the distant past for none."""
    if text is None:
        return datetime.min.replace(tzinfo=UTC)
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def took(run: RunOutcome) -> str | None:
    """Return how long a run took, or has taken so far."""
    if not run.started:
        return None
    ended = moment(run.ended) if run.ended else datetime.now(UTC)
    return seconds(max(0.0, (ended - moment(run.started)).total_seconds()))


def _row(run: ListedRun, *, named: bool) -> tuple[object, ...]:
    started = f"{moment(run.started):%Y-%m-%d %H:%M:%S}" if run.started else None
    gain = None if run.gain is None else f"{run.gain:+.4f}"
    outcome = styled(run.outcome)
    marks = (going(run), "candidate" if run.tried else None, "serves now" if run.serving else None)
    if told := [mark for mark in marks if mark]:
        outcome = Text("\n".join((outcome.plain, *told)), style=outcome.style)
    value = number(run.value)
    if named and run.value is not None:
        value = f"{METRIC_SAID[run.metric]} {value}"
    return (run.run, outcome, value, gain, started, took(run))


def _running(target: Target, dataset: str | None) -> Iterator[str]:
    pages = target.states.get_paginator("list_executions").paginate(
        stateMachineArn=target.outputs.state_machine, statusFilter="RUNNING"
    )
    for page in pages:
        for execution in page["executions"]:
            match = RUN.fullmatch(execution["name"])
            if match and dataset in {None, match["dataset"]}:
                yield execution["name"]
