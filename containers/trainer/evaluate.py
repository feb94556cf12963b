"""`evaluate`: challenger and champion on the same images; metrics, report, card, smoke test."""

import os
import sys
from datetime import UTC, datetime

from trainer.candidate import Candidate, load
from trainer.card import card_document
from trainer.contract import (
    Base,
    Refused,
    dataset_labels,
    existing,
    guarded,
    read_json,
    write_json,
)
from trainer.data import RecordSet
from trainer.judge import judge, metrics_document
from trainer.report import report_page
from trainer.smoke import smoke_document


def main() -> int:
    """Evaluate under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: evaluate(base), base.processing_message)


def evaluate(base: Base) -> None:
    """Judge the models and write the documents; raises Refused."""
    dataset = read_json(base.processing_input("dataset/dataset.json"), "input 'dataset'")
    labels = dataset_labels(dataset)
    side = dataset.get("image", {}).get("size")
    if not isinstance(side, int):
        raise Refused("dataset.json: `image.size` must be the images' side in pixels")
    path = existing(base.processing_input("validation/val.rec"), "input 'validation'")
    challenger = load(
        base.processing_input("challenger/model.tar.gz"),
        "input 'challenger'",
        os.environ.get("TAGLINE_RUN"),
    )
    if challenger.labels != labels:
        raise Refused("the challenger's labels are not those of dataset.json, in its order")
    champion = _champion(base)
    records = RecordSet(path, labels=len(labels), side=side)
    if not records.labels.any():
        raise Refused("no validation image carries any label: no model could be judged")

    created = datetime.now(UTC).isoformat(timespec="seconds")
    verdict = judge(challenger, champion, records, labels, created)
    numbers = metrics_document(verdict)
    output = base.processing_output
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / "smoke.json", smoke_document(verdict, records))
    write_json(output / "model_card.json", card_document(verdict, dataset))
    (output / "report.html").write_text(report_page(verdict, records, dataset), encoding="utf-8")
    write_json(output / "metrics.json", numbers)
    beside = f", champion {numbers['champion']['mAP']}" if numbers["champion"] else ""
    sys.stdout.write(
        f"mAP {numbers['mAP']} on {numbers['images']} images"
        f" (label frequencies alone {numbers['baseline_map']}{beside})\n"
    )


def _champion(base: Base) -> Candidate | None:
    archive = base.processing_input("champion/model.tar.gz")
    run = os.environ.get("TAGLINE_CHAMPION_RUN")
    if not archive.is_file():
        if run:
            raise Refused(f"champion {run} is named, but its model.tar.gz was not given")
        return None
    return load(archive, "input 'champion'", run)
