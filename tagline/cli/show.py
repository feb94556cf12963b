"""`tagline show`: one run in full."""

from itertools import islice
from typing import Annotated, Any

import typer

from tagline.cli.errors import Refused
from tagline.cli.options import JsonOption, StackOption
from tagline.cli.outcome import FAILED, outcome_facts, outcome_table
from tagline.cli.output import emit, number, print_json, rows_table, say
from tagline.cli.records import read_json, read_json_lines, read_run
from tagline.cli.runs import took
from tagline.cli.target import STACK, Target, find_target
from tagline.cli.watching import describe
from tagline.formats.keys import DatasetKeys, RunKeys

_FIRST = 20
_EDGE = 5  # labels shown from either end


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Name of the run.")],
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Print every rejected row as JSON Lines, no more.")
    ] = False,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
) -> None:
    """Show a run: outcome, counts, rejected rows, metrics, model."""
    keys = RunKeys(run)
    target = find_target(stack)
    if rejects:
        _print_rejects(target, keys)
        return
    facts = _facts(target, keys)
    if as_json:
        print_json(facts)
        return
    _show_outcome(facts)
    _show_rejects(facts)
    _show_labels(facts)


def _facts(target: Target, keys: RunKeys) -> dict[str, Any]:
    record = read_run(target, keys.run)
    execution = describe(target, keys.run)
    if record.status is None and execution is None:
        raise Refused(f"no run {keys.run}: `tagline runs` lists those there are")
    facts = outcome_facts(target, record, execution)
    if facts["outcome"] in FAILED and not facts["reason"] and execution:
        facts["reason"] = execution.get("cause")
    source = read_json(target, keys.of("dataset.json")) or read_json(target, keys.of("plan.json"))
    training = read_json(target, keys.of("training.json"))
    decision = read_json(target, keys.of("decision.json"))
    champion = read_json(target, DatasetKeys(keys.dataset).champion)
    serves = champion is not None and champion.get("run") == keys.run
    rejected = read_json_lines(target, keys.of("rejects.jsonl"))
    return {
        **facts,
        "counts": {
            name: source.get(name)
            for name in ("rows", "accepted", "rejected", "reused", "fetched", "train", "validation")
        }
        if source
        else None,
        "rejects": list(islice(rejected, _FIRST)),
        "labels": (record.metrics or {}).get("labels"),
        "champion": (record.metrics or {}).get("champion"),
        "decision": decision,
        "training": training,
        "serving": serves,
        "artifact": champion["artifact"] if champion and serves else None,
        "model": (read_json(target, keys.of("model_card.json")) or {}).get("model"),
        "location": f"s3://{target.outputs.bucket}/{keys.prefix}",
    }


def _show_outcome(facts: dict[str, Any]) -> None:
    counts = facts["counts"] or {}
    decision = facts["decision"] or {}
    model = facts["model"] or {}
    emit(
        outcome_table(
            facts,
            {
                "Took": took(facts),
                "Rows": counts.get("rows"),
                "Accepted": counts.get("accepted"),
                "Rejected": counts.get("rejected"),
                "Reused from an earlier run": counts.get("reused"),
                "Fetched and packed": counts.get("fetched"),
                "Training images": counts.get("train"),
                "Validation images": counts.get("validation"),
                "Compared with": (facts["champion"] or {}).get("run"),
                "Decision": decision.get("reason"),
                "Model": f"{model['network']}, epoch {model['best_epoch']}" if model else None,
                "Artifact": facts["artifact"],
                "Serves now": "yes" if facts["serving"] else None,
                "Files": facts["location"],
            },
        )
    )


def _show_rejects(facts: dict[str, Any]) -> None:
    rows = facts["rejects"]
    if not rows:
        return
    total = (facts["counts"] or {}).get("rejected") or len(rows)
    emit(
        rows_table(
            (">Line", "Reason", "Path", "Detail"),
            ((row["line"], row["reason"], row.get("path"), row.get("detail")) for row in rows),
            title=f"Rejected rows ({len(rows)} of {total})",
        )
    )
    if total > len(rows):
        say(f"`tagline show {facts['run']} --rejects` prints all of them")


def _show_labels(facts: dict[str, Any]) -> None:
    labels = [label for label in facts["labels"] or [] if label.get("ap") is not None]
    if not labels:
        return
    labels.sort(key=lambda label: label["ap"], reverse=True)
    few = labels if len(labels) <= 2 * _EDGE else [*labels[:_EDGE], *labels[-_EDGE:]]
    title = "Labels" if few is labels else f"Best and worst {_EDGE} of {len(labels)} labels"
    emit(
        rows_table(
            ("Label", ">AP", ">F1", ">Support", ">Threshold"),
            (
                (
                    label["label"],
                    number(label["ap"]),
                    number(label.get("f1")),
                    label.get("support"),
                    number(label.get("threshold")),
                )
                for label in few
            ),
            title=title,
        )
    )


def _print_rejects(target: Target, keys: RunKeys) -> None:
    found = target.s3.list_objects_v2(
        Bucket=target.outputs.bucket, Prefix=keys.of("rejects.jsonl"), MaxKeys=1
    )
    if not found.get("KeyCount"):
        raise Refused(f"run {keys.run} has no rejects.jsonl (yet)")
    body = target.s3.get_object(Bucket=target.outputs.bucket, Key=keys.of("rejects.jsonl"))["Body"]
    for line in body.iter_lines():
        typer.echo(line)
