"""`tagline try`: the newest list once more with other settings, as a candidate that is judged."""

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec
import typer

from tagline.aws.faults import Absent, TooLarge
from tagline.cli.drop import wait_for
from tagline.cli.errors import Refused
from tagline.cli.outcome import FAILED, outcome_table
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.target import Target, find_target
from tagline.formats.document import Record
from tagline.formats.keys import MAX_SETTINGS_BYTES, DatasetKeys, RunKeys
from tagline.formats.kinds import Kind
from tagline.formats.names import run_name
from tagline.formats.outcomes import Champion, Newest
from tagline.formats.plan import TRIED, ListVersion, Plan
from tagline.formats.ratings_keys import RatingsKeys
from tagline.planning.inputs import read_settings
from tagline.settings import as_metadata, load_settings, with_tried
from tagline.settings.kinds import check_kind

_DIGEST = 8


class Candidate(Record, kw_only=True):
    """A run that was started to be looked at, with the keys that --json prints."""

    run: str
    dataset: str
    list_uri: str
    version_id: str
    tried: tuple[str, ...]
    of: str
    """The run whose list it is."""
    champion: str | None


def try_(dataset: str, *, given: Sequence[str], wait: bool, stack: str, as_json: bool) -> None:
    """Start a run of the newest list with other settings; it is judged and not promoted."""
    keys = DatasetKeys(dataset)
    target = find_target(stack)
    candidate = _start(target, keys, tuple(given))
    if wait:
        ended = wait_for(target, candidate.run)
        if as_json:
            print_json(msgspec.to_builtins(candidate) | msgspec.to_builtins(ended))
        else:
            emit(outcome_table(ended, {"Tried with": ", ".join(candidate.tried)}))
        _say_next(candidate)
        if ended.outcome in FAILED:
            raise typer.Exit(1)
        return
    if as_json:
        print_json(msgspec.to_builtins(candidate))
    else:
        told = {"Run": candidate.run, "Tried with": ", ".join(candidate.tried)}
        emit(facts_table(told | {"List": candidate.list_uri, "Of run": candidate.of}))
    say(f"`tagline watch {candidate.run}` tells how it goes")
    _say_next(candidate)


def _start(target: Target, keys: DatasetKeys, tried: tuple[str, ...]) -> Candidate:
    """Copy the newest list under a name of its own, which starts the run; raises Refused."""
    _check(target, keys, tried)
    told = as_metadata(tried)
    newest = target.bucket.get(keys.newest, Newest)
    if newest is None:
        raise Refused(
            f"dataset {keys.dataset} has no list to try anything with: `tagline drop "
            f"{keys.dataset} LIST` starts its first run"
        )
    plan = target.bucket.get(RunKeys(newest.run).plan, Plan)
    if plan is None:
        raise Refused(f"run {newest.run}, of the newest list, is being planned: try in a minute")
    check_kind(read_settings(target.bucket, keys, tried), plan.kind)
    folder = RatingsKeys(keys.dataset).ratings if plan.kind is Kind.RATINGS else keys.lists
    key = f"{folder}{_name(plan.list, told)}"
    try:
        version, etag = target.bucket.copy_version(
            plan.list.key, plan.list.version_id, key, {TRIED: told}
        )
    except Absent as exc:
        raise Refused(f"the newest list is gone: {exc}; drop it again") from exc
    champion = target.bucket.get(keys.champion, Champion)
    return Candidate(
        run=run_name(target.bucket.name, key, version, etag),
        dataset=keys.dataset,
        list_uri=target.bucket.uri(key),
        version_id=version,
        tried=tried,
        of=newest.run,
        champion=champion.run if champion else None,
    )


def _check(target: Target, keys: DatasetKeys, tried: tuple[str, ...]) -> None:
    """Refuse, in the settings' own words, what a run could not use or what changes nothing."""
    try:
        found = target.bucket.find_bytes(keys.settings, MAX_SETTINGS_BYTES)
    except TooLarge as exc:
        raise Refused(str(exc)) from exc
    text, where = (found.content if found else b""), target.bucket.uri(keys.settings)
    if not tried:
        raise Refused("say what to try, such as --set training.epochs=20")
    if with_tried(text, tried, where) == load_settings(text, where):
        raise Refused(f"{', '.join(tried)}: that is what {where} says already, or the default")


def _name(of: ListVersion, told: str) -> str:
    """Return the name of a candidate's list: another one for each list and settings."""
    name = PurePosixPath(of.key).name
    ending = next(each for each in (".lst.gz", ".lst", ".csv.gz", ".csv") if name.endswith(each))
    made_of = f"{of.key}\0{of.version_id}\0{of.etag}\0{told}"
    return f"tried-{hashlib.sha256(made_of.encode()).hexdigest()[:_DIGEST]}{ending}"


def _say_next(candidate: Candidate) -> None:
    if candidate.champion:
        say(f"`tagline compare {candidate.champion} {candidate.run}` shows it beside the champion")
    say(
        f'`tagline promote {candidate.run} --why "…"` makes it champion; the next list is trained '
        "with what dataset.yaml says, which is left as it is"
    )
