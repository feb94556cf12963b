"""`tagline feedback`: what people corrected, merged into a list; and what the model doubts."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tagline.aws.faults import Absent
from tagline.aws.s3 import Bucket
from tagline.cli.correcting import asked_corrections, correct
from tagline.cli.drop import drop as drop_list
from tagline.cli.errors import Refused
from tagline.cli.feedback_clicks import is_of_ratings, merge_into_ratings, show_clicks
from tagline.cli.feedback_forgetting import forget as forget_images
from tagline.cli.output import emit, facts_table, print_json, rows_table, say
from tagline.cli.suspects import show_suspects
from tagline.cli.target import Target, find_target
from tagline.feedback.finding import NoList, newest_plan
from tagline.feedback.newest import Result, exists, merge_into
from tagline.feedback.reading import Entry, read_corrections
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.keys import DatasetKeys
from tagline.formats.locations import Location, parse_uri
from tagline.formats.merged import Merging
from tagline.formats.names import LIST_NAME, check_dataset
from tagline.formats.outcomes import Champion
from tagline.formats.plan import Plan
from tagline.formats.whole_file import replaced
from tagline.listing.sources import Source

_SHOWN = 200


def feedback(
    dataset: str,
    files: Sequence[str] | None,
    *,
    add: Sequence[str] | None,
    remove: Sequence[str] | None,
    table: Path | None,
    token_file: Path | None,
    to_list: bool,
    to_ratings: bool,
    drop: bool,
    suspects: bool,
    html: Path | None,
    forget: str | None,
    wait: bool,
    stack: str,
    as_json: bool,
) -> None:
    """Correct files' tags, show corrections, merge them into a list, show doubts, or forget."""
    check_dataset(dataset)
    files, add, remove = files or (), add or (), remove or ()
    corrects = bool(add or remove or table)
    _refuse_mixed(
        corrects=corrects,
        to_list=to_list,
        to_ratings=to_ratings,
        suspects=suspects,
        forget=forget is not None,
    )
    if len(files) > 1 and not corrects:
        raise Refused("several FILEs go with --add and --remove alone")
    named = files[0] if files else None
    if (drop or wait) and not (to_list or to_ratings):
        raise Refused("--drop and --wait go with --to-list or --to-ratings")
    if html and not suspects:
        raise Refused("--html goes with --suspects")
    asked = asked_corrections(files, add, remove, table) if corrects else []
    target = find_target(stack)
    if corrects:
        correct(target, dataset, asked, token_file=token_file, as_json=as_json)
    elif suspects:
        show_suspects(target, dataset, named, html, as_json=as_json)
    elif forget is not None:
        forget_images(target, dataset, forget, as_json=as_json)
    elif to_list or to_ratings:
        merge = _merging(target, dataset, to_ratings=to_ratings)
        path = merge(target, dataset, named, as_json=as_json, dropped=drop)
        if drop:
            drop_list(dataset, path, labels=None, config=None, images=None, items=None, wait=wait,
                      convert=False, stack=stack, as_json=as_json)  # fmt: skip
    elif named:
        raise Refused(
            "a FILE goes with --add, --remove, --to-list or --to-ratings, a RUN with --suspects"
        )
    else:
        _show_all(target, dataset, as_json=as_json)


def _merging(target: Target, dataset: str, *, to_ratings: bool) -> Callable[..., Path]:
    if to_ratings is not is_of_ratings(target, dataset):
        kind, option = ("images", "--to-list") if to_ratings else ("ratings", "--to-ratings")
        raise Refused(f"dataset {dataset} is of {kind}: {option} merges there")
    return merge_into_ratings if to_ratings else _merge


def _show_all(target: Target, dataset: str, *, as_json: bool) -> None:
    if is_of_ratings(target, dataset):
        show_clicks(target, dataset, as_json=as_json)
    else:
        entries = read_corrections(target.bucket, dataset)
        if not entries and next(target.bucket.keys(f"{dataset}/"), None) is None:
            raise Refused(f"there is no dataset {dataset}: `tagline runs` tells which there are")
        _show(entries, dataset, as_json=as_json)


def _refuse_mixed(**wanted: bool) -> None:
    if sum(wanted.values()) > 1:
        raise Refused(
            "--add/--remove/--from, --to-list, --to-ratings, --suspects and --forget: one at a time"
        )


def _show(entries: Sequence[Entry], dataset: str, *, as_json: bool) -> None:
    if as_json:
        print_json([_plain(entry) for entry in entries])
        return
    if not entries:
        say(f"Nobody has corrected tags of dataset {dataset} yet")
        return
    newest = list(reversed(entries))[:_SHOWN]
    emit(
        rows_table(
            ("When", "Who", "Image", "Confirmed", "Added", "Removed", "Run"),
            map(_row, newest),
            title=f"Corrections of {dataset}: {len(newest)} of {len(entries)}, newest first",
        )
    )


def _plain(entry: Entry) -> dict[str, Any]:
    if entry.correction is None:
        return {"key": entry.key, "fault": entry.fault}
    return {"key": entry.key, **msgspec.to_builtins(entry.correction)}


def _row(entry: Entry) -> Sequence[object]:
    said = entry.correction
    if said is None:
        return ("", "", entry.fault or "", "", "", "", "")
    image = said.image.path or said.image.s3_uri
    lists = (", ".join(labels) for labels in (said.confirmed, said.added, said.removed))
    return (said.at[:19], said.who, image, *lists, said.run)


def _merge(
    target: Target, dataset: str, named: str | None, *, as_json: bool, dropped: bool
) -> Path:
    """Write the newest list with corrections merged in; return where it lies."""
    bucket = target.bucket
    plan = _newest(bucket, dataset)
    path = Path(named) if named else Path(_name_of(plan))
    if not LIST_NAME.fullmatch(path.name) or path.name.endswith(".gz"):
        raise Refused(f"{path}: a list's name ends in .lst, and it is not packed")
    home = parse_uri(plan.settings.source) if plan.settings.source else None
    source = Source(home or Location(bucket.name, f"{dataset}/"), None)
    entries = read_corrections(bucket, dataset)
    with tempfile.TemporaryFile() as spool:
        try:
            with bucket.stream(plan.list.key, version_id=plan.list.version_id) as found:
                for chunk in found.content.iter_chunks(1 << 20):
                    spool.write(chunk)
        except Absent as exc:
            raise Refused(f"the newest list is gone: {exc}") from exc
        with replaced(path) as out:
            result = merge_into(
                spool, out, entries, plan,
                bucket=bucket, source=source, is_there=lambda place: exists(target.s3, place),
            )  # fmt: skip
    bucket.write(FeedbackKeys(dataset).merged(result.merged.sha256), result.merged)
    if not (as_json and dropped):  # then the run is what is printed
        _tell(result, entries, path, as_json=as_json)
    if not dropped:
        say(f"`tagline drop {dataset} {path}` trains on it")
    return path


def _newest(bucket: Bucket, dataset: str) -> Plan:
    champion = bucket.get(DatasetKeys(dataset).champion, Champion)
    try:
        return newest_plan(bucket, dataset, champion.run if champion else None)
    except NoList as exc:
        raise Refused(str(exc)) from exc


def _name_of(plan: Plan) -> str:
    name = plan.list.key.rpartition("/")[2].removesuffix(".gz").removesuffix(".lst")
    return f"{name.removesuffix('.corrected')}.corrected.lst"


def _tell(result: Result, entries: Sequence[Entry], path: Path, *, as_json: bool) -> None:
    merged = result.merged
    if as_json:
        each = [
            {"key": entry.key, "verdict": verdict}
            for entry, verdict in zip(entries, result.verdicts, strict=True)
        ]
        print_json({"file": str(path), **msgspec.to_builtins(merged), "each": each})
        return
    counts = Counter(result.verdicts)
    became = ", ".join(
        f"{counts[kind]:,} {kind.replace('_', ' ')}" for kind in Merging if counts[kind]
    )
    emit(
        facts_table(
            {
                "List": f"{merged.list.key}, merged into {path}",
                "Corrections": f"{merged.corrections:,}: {became or 'none'}",
                "Rows changed": merged.rows_changed,
                "Rows added": merged.rows_added,
                "Labels given": sum(label.added for label in merged.labels),
                "Labels taken": sum(label.removed for label in merged.labels),
                "Said otherwise later": merged.conflicts or None,
                "Labels unknown": merged.unknown or None,
            }
        )
    )
