"""What makes a packed dataset count: every row accounted for, and dataset.json last of all."""

import json
from collections.abc import Mapping
from pathlib import Path

from im2rec.run.accounting import check_every_row_once, check_usable
from im2rec.run.channels import NAMES, ChannelFacts
from im2rec.run.dataset import describe
from im2rec.run.plan import Plan
from im2rec.run.rows import Verdict
from im2rec.run.store import RunStore, write_lines
from tagline.formats.keys import DatasetKeys

_REMEMBERED = 4  # packed sets besides the newest that the next plan may reuse
JSON, JSON_LINES, RECORDS = "application/json", "application/jsonl", "application/x-recordio"


def account(
    store: RunStore,
    folder: Path,
    plan: Plan,
    verdicts: list[Verdict],
    channels: Mapping[str, ChannelFacts],
) -> None:
    """Write the verdict on every row of the list; raise PackFailed when the dataset is unusable.

    `verdicts` are sorted by line in place.
    """
    verdicts.sort(key=lambda verdict: verdict.line)
    check_every_row_once(plan, verdicts)
    accepted_too, rejects = folder / "verdicts.jsonl", folder / "rejects.jsonl"
    write_lines(accepted_too, (verdict.as_verdict() for verdict in verdicts))
    write_lines(rejects, (verdict.as_reject() for verdict in verdicts if verdict.reason))
    for path in (accepted_too, rejects):
        store.upload(path, store.keys.of(path.name), JSON_LINES)
    check_usable(plan, verdicts, channels)


def publish(store: RunStore, plan: Plan, channels: Mapping[str, ChannelFacts]) -> None:
    """Make the run's record files, which are all there, the dataset: dataset.json, then copies.

    Last comes the pointer by which the next plan finds images that it need not fetch again.
    """
    description = json.dumps(describe(plan, channels), ensure_ascii=False, indent=1)
    store.write(store.keys.of("dataset.json"), description + "\n", JSON)
    dataset = DatasetKeys(store.keys.dataset)
    for name in NAMES.values():
        store.copy(store.keys.packed(name), dataset.packed(name))
    before = [run for run in plan.packed_before if run != plan.run]
    pointer = {"run": plan.run, "before": before[:_REMEMBERED]}
    store.write(dataset.packed_run, json.dumps(pointer) + "\n", JSON)
