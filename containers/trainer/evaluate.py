"""`evaluate`: challenger and champion on the same images; metrics, report, card, smoke test."""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec.structs import replace

from tagline.formats.document import encode, encode_on_a_line, encode_record
from tagline.formats.kinds import METRIC_SAID
from tagline.formats.merged import Merged
from tagline.formats.packed import PackedDataset
from tagline.formats.rows import Verdict
from tagline.formats.steps import TrainPlan, TunePlan
from tagline.formats.tasks import Task
from tagline.formats.trials import Trials
from trainer.agreed import check_description
from trainer.audit import suspects
from trainer.candidate import Candidate, load
from trainer.card import card_document
from trainer.contract import Base, JobRefused, guarded, read_document
from trainer.data import RecordSet, check_single
from trainer.judge import Judges, judge
from trainer.listed import listed
from trainer.numbers import metrics_document
from trainer.reference import reference_document
from trainer.report.page import report_page
from trainer.served import make_served
from trainer.smoke import smoke_document
from trainer.unseen import unseen


def main() -> int:
    """Evaluate under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: evaluate(base), base.processing_message)


def evaluate(base: Base) -> None:
    """Judge the models and write the documents; raises JobRefused."""
    path = base.processing_input("dataset/dataset.json")
    dataset = read_document(path, "input 'dataset'", PackedDataset)
    labels = dataset.labels
    judges, rows = _judges(base, dataset)
    records = judges.records
    run = os.environ.get("TAGLINE_RUN")
    archive = base.processing_input("challenger/model.tar.gz")
    if os.environ.get("TAGLINE_CONVERTS"):
        archive = make_served(
            archive,
            records,
            dataset,
            run or dataset.run,
            base.processing_served,
            asked=_asked(base),
        )
    challenger = load(archive, "input 'challenger'", run)
    check_description(challenger.description, dataset, run, challenger.role)
    champion = _champion(base)
    if not records.labels.any():
        raise JobRefused(f"no {judges.side} image carries any label: no model could be judged")

    created = datetime.now(UTC).isoformat(timespec="seconds")
    evaluation = judge(challenger, champion, judges, labels, created)
    made = challenger.description
    numbers = replace(metrics_document(evaluation), ended_early=made.ended_early, start=made.start)
    output = base.processing_output
    output.mkdir(parents=True, exist_ok=True)
    doubted = suspects(evaluation, rows)
    page = report_page(
        evaluation, records, dataset, rows, doubted, trials=_trials(base), merged=_merged(base)
    )
    (output / "smoke.json").write_bytes(encode(smoke_document(evaluation, records)))
    found = reference_document(evaluation, rows)
    card = card_document(evaluation, numbers, dataset)
    (output / "model_card.json").write_bytes(encode(card))
    (output / "reference.json").write_bytes(encode_on_a_line(found))
    (output / "report.html").write_text(page, encoding="utf-8")
    (output / "suspects.jsonl").write_bytes(b"".join(map(encode_record, doubted)))
    (output / "metrics.json").write_bytes(encode(numbers))
    beside = f", champion {numbers.of(numbers.champion)}" if numbers.champion else ""
    sys.stdout.write(
        f"{METRIC_SAID[numbers.primary_metric]} {numbers.value} on {numbers.images} "
        f"{numbers.judged_on} images ({numbers.baseline_said} {numbers.baseline}{beside})\n"
    )


def _asked(base: Base) -> Mapping[str, str] | None:
    """Return the hyperparameters of the challenger's job, the best trial's where it was searched.

    None where no training.json came along.
    """
    path = base.processing_input("training/training.json")
    if not path.is_file():
        return None
    searched = _trials(base)
    if searched is None:
        return read_document(path, "input 'training'", TrainPlan).request.hyper_parameters
    planned = read_document(path, "input 'training'", TunePlan).request.training_job_definition
    best = next((it for it in searched.trials if it.job == searched.best), None)
    return {**planned.static_hyper_parameters, **(best.hyperparameters if best else {})}


def _trials(base: Base) -> Trials | None:
    path = base.processing_input("trials/trials.json")
    return read_document(path, "input 'trials'", Trials) if path.is_file() else None


def _merged(base: Base) -> Merged | None:
    """Return what corrections changed in the list; the file is called by the list's hash."""
    found = sorted(base.processing_input("corrections").glob("*.json"))
    return read_document(found[0], "input 'corrections'", Merged) if found else None


def _judges(base: Base, dataset: PackedDataset) -> tuple[Judges, Mapping[int, Verdict]]:
    """Return the images that judge, and the rows of all that were not trained on, by their ids.

    Without labelled test images those of validation judge.
    """
    how = {"labels": len(dataset.labels), "side": dataset.image.size}
    validation, test = RecordSet(base.judging("validation"), **how), None
    if dataset.test:
        found = RecordSet(base.judging("test"), **how)
        test = found if found.labels.any() else None  # those with a label may all be unusable
    if dataset.task is Task.SINGLE:
        check_single({found.name: found for found in (validation, test) if found})
    kept_back = [number for found in (validation, test) if found for number in found.ids.tolist()]
    rows = listed(base.processing_input("verdicts/verdicts.jsonl"), kept_back)
    judges = Judges(
        validation,
        test,
        unseen=unseen(base, (test or validation).ids, rows),
        not_compared=os.environ.get("TAGLINE_NOT_COMPARED"),
        confidence=float(os.environ.get("TAGLINE_CONFIDENCE", "0.9")),
        by_hand=dataset.thresholds,
        task=dataset.task,
        accuracy=float(os.environ.get("TAGLINE_REJECT_ACCURACY", "0.95")),
    )
    return judges, rows


def _champion(base: Base) -> Candidate | None:
    archive = base.processing_input("champion/model.tar.gz")
    run = os.environ.get("TAGLINE_CHAMPION_RUN")
    if not archive.is_file():
        if run:
            raise JobRefused(f"champion {run} is named, but its model.tar.gz was not given")
        return None
    return load(archive, "input 'champion'", run)
