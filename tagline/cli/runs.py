"""`tagline runs`: what ran, newest first; and the batches."""

from collections.abc import Iterator

import msgspec

from tagline.cli.batches import batches_table, read_batches
from tagline.cli.listed import listed
from tagline.cli.live import Live
from tagline.cli.outcome import RUNNING, RunOutcome, run_outcome
from tagline.cli.output import emit, print_json, say, width
from tagline.cli.records import RunRecord, read_runs
from tagline.cli.runs_table import moment, runs_table
from tagline.cli.target import Target, find_target
from tagline.cli.watching import describe
from tagline.formats.names import RUN


def runs(dataset: str | None, limit: int, stack: str, as_json: bool) -> None:
    """List runs and batches with their outcomes, newest first; at most `limit` of each."""
    target = find_target(stack)
    found = newest_first(target, dataset)
    live = Live(target)
    shown = listed(target, [now(live, run) for run in found[:limit]])
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
    emit(runs_table(shown, width()))
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


def now(live: Live, run: RunOutcome) -> RunOutcome:
    """Return a run with what it is doing, where it goes on."""
    if run.outcome != RUNNING:
        return run
    state, epoch, epochs = live.told(run)
    return msgspec.structs.replace(run, state=state, epoch=epoch, epochs=epochs)


def _running(target: Target, dataset: str | None) -> Iterator[str]:
    pages = target.states.get_paginator("list_executions").paginate(
        stateMachineArn=target.outputs.state_machine, statusFilter="RUNNING"
    )
    for page in pages:
        for execution in page["executions"]:
            match = RUN.fullmatch(execution["name"])
            if match and dataset in {None, match["dataset"]}:
                yield execution["name"]
