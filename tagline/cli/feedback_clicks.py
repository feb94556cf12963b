"""`tagline feedback --to-ratings`: clicks become rows of the next ratings file."""

import tempfile
from pathlib import Path

import msgspec

from tagline.aws.faults import Absent
from tagline.cli.errors import Refused
from tagline.cli.output import complain, emit, facts_table, print_json, rows_table, say
from tagline.cli.target import Target
from tagline.feedback.clicks import MergedRatings, merge_clicks, read_clicks
from tagline.feedback.finding import NoList, newest_plan
from tagline.formats.feedback import Click
from tagline.formats.keys import DatasetKeys
from tagline.formats.kinds import Kind
from tagline.formats.names import RATINGS_NAME
from tagline.formats.outcomes import Champion
from tagline.formats.plan import Plan
from tagline.formats.whole_file import replaced


def merge_into_ratings(
    target: Target, dataset: str, named: str | None, *, as_json: bool, dropped: bool
) -> Path:
    """Write the newest ratings with all clicks behind them; return where they lie."""
    plan = _newest(target, dataset)
    path = Path(named) if named else Path(_name_of(plan))
    if not RATINGS_NAME.fullmatch(path.name) or path.name.endswith(".gz"):
        raise Refused(f"{path}: a ratings file's name ends in .csv, and it is not packed")
    clicks, faults = read_clicks(target.bucket, dataset)
    for fault in faults:
        complain(fault)
    with tempfile.TemporaryFile() as spool:
        try:
            found = target.bucket.stream(plan.list.key, version_id=plan.list.version_id)
            with found as answer:
                for chunk in answer.content.iter_chunks(1 << 20):
                    spool.write(chunk)
        except Absent as exc:
            raise Refused(f"the newest ratings are gone: {exc}") from exc
        least = plan.settings.recommender.minimum_rating
        with replaced(path) as out:
            merged = merge_clicks(spool, out, clicks, least)
    if not (as_json and dropped):  # then the run is what is printed
        _tell(plan, path, merged, as_json=as_json)
    if not dropped:
        say(f"`tagline drop {dataset} {path}` trains on it")
    return path


def show_clicks(target: Target, dataset: str, *, as_json: bool) -> None:
    """Print what users chose, as far as anybody said so."""
    clicks, faults = read_clicks(target.bucket, dataset)
    for fault in faults:
        complain(fault)
    if as_json:
        print_json(msgspec.to_builtins(clicks))
        return
    newest: list[Click] = clicks[-10:]
    emit(facts_table({"Clicks": len(clicks)}))
    rows = [(each.at, each.user, each.item, each.rating) for each in reversed(newest)]
    if rows:
        emit(rows_table(("When", "User", "Item", ">Rating"), rows, title="The newest"))


def is_of_ratings(target: Target, dataset: str) -> bool:
    """Tell whether a dataset's newest file is of ratings."""
    try:
        return _newest(target, dataset).kind is Kind.RATINGS
    except Refused:
        return False


def _newest(target: Target, dataset: str) -> Plan:
    champion = target.bucket.get(DatasetKeys(dataset).champion, Champion)
    try:
        plan = newest_plan(target.bucket, dataset, champion.run if champion else None)
    except NoList as exc:
        raise Refused(str(exc)) from exc
    return plan


def _name_of(plan: Plan) -> str:
    name = plan.list.key.rpartition("/")[2].removesuffix(".gz").removesuffix(".csv")
    return f"{name.removesuffix('.clicks')}.clicks.csv"


def _tell(plan: Plan, path: Path, merged: MergedRatings, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(path), "ratings": plan.list.key, **merged._asdict()})
        return
    facts: dict[str, object] = {
        "Ratings": f"{plan.list.key}, merged into {path}",
        "Rows": f"{merged.rows:,}",
        "Rows that are no ratings, left out": merged.left_out or None,
        "Clicks": f"{merged.clicks:,}",
    }
    emit(facts_table(facts))
