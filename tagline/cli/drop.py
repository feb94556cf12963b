"""`tagline drop`: upload a dataset and its list; the list, last, starts the run."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from botocore.exceptions import ClientError

from tagline.cli.check import ConfigOption, LabelsOption, ListArgument, warn
from tagline.cli.errors import Refused
from tagline.cli.options import JsonOption, StackOption
from tagline.cli.outcome import FAILED, RunOutcome, outcome_table, run_outcome
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.placing import place, relative_paths, warn_of
from tagline.cli.records import read_run
from tagline.cli.target import STACK, Target, find_target, is_laptop
from tagline.cli.uploading import Uploaded, upload_images
from tagline.cli.watching import watch
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import LIST_NAME, run_name
from tagline.formats.settings import Settings
from tagline.listing.checking import CheckReport, check_list
from tagline.settings import load_settings

_RECORD_SECONDS = 30.0
_RECORD_INTERVAL = 0.5


@dataclass(frozen=True)
class Dropped:
    """A list that lies in the data bucket and the run that it starts."""

    run: str
    dataset: str
    list_uri: str
    version_id: str
    images: Uploaded | None


def drop(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Its name.")],
    list_path: ListArgument,
    *,
    labels: LabelsOption = None,
    config: ConfigOption = None,
    images: Annotated[
        Path | None,
        typer.Option(help="Upload the list's images from here.", exists=True, file_okay=False),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show the run's progress; exit 1 if it fails.")
    ] = False,
    stack: StackOption = STACK,
    as_json: JsonOption = False,
) -> None:
    """Upload a list, and what goes with it, and so start a run."""
    keys = DatasetKeys(dataset)
    check_before(list_path, labels, config)
    target = find_target(stack)
    dropped = drop_dataset(target, keys, list_path, labels=labels, config=config, images=images)
    if not wait:
        if as_json:
            print_json(msgspec.to_builtins(dropped))
        else:
            emit(facts_table({"Run": dropped.run, "List": dropped.list_uri}))
            say(f"`tagline show {dropped.run}` tells how it goes")
        return
    ended = wait_for(target, dropped.run)
    if as_json:
        print_json(msgspec.to_builtins(dropped) | msgspec.to_builtins(ended))
    else:
        emit(outcome_table(ended))
    if ended.outcome in FAILED:
        raise typer.Exit(1)


def check_before(list_path: Path, labels: Path | None, config: Path | None) -> CheckReport:
    """Refuse a list that a run could not use; say which rows will be rejected."""
    if not list_path.is_file():  # a pipe would be empty when it is uploaded
        raise Refused(f"{list_path} is no regular file; save the list under the name it shall have")
    report = check_list(list_path, labels, config)
    if not report.usable:
        raise Refused(f"{list_path}: {'; '.join(report.problems)}")
    warn(report)
    if report.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.reasons.items())
        say(f"{report.rejected:,} of {report.rows:,} rows will be rejected: {reasons}",
            style="yellow")  # fmt: skip
    return report


def drop_dataset(
    target: Target,
    keys: DatasetKeys,
    list_path: Path,
    *,
    labels: Path | None = None,
    config: Path | None = None,
    images: Path | None = None,
) -> Dropped:
    """Upload images, labels.txt and dataset.yaml, then the list; return the run it starts."""
    bucket = target.bucket
    name = list_path.name if LIST_NAME.fullmatch(list_path.name) else f"{list_path.name}.lst"
    key = f"{keys.lists}{name}"
    uploaded = None
    if images is not None:
        settings = _settings(config)
        _refuse_full_disk(target, key)
        placement = place(relative_paths(list_path, settings.on_conflict), images)
        if placement.missing:
            say(warn_of(placement.missing, placement.instead), style="yellow")
        uploaded = upload_images(target, keys.dataset, placement.files)
    for path, beside in ((labels, keys.labels), (config, keys.settings)):
        if path is not None:
            target.bucket.put(beside, path.read_bytes(), "text/plain")
    with list_path.open("rb") as body:  # in one part, so that answer and event agree on the ETag
        answer = target.s3.put_object(Bucket=bucket.name, Key=key, Body=body)
    version = answer.get("VersionId", "")
    run = run_name(bucket.name, key, version, answer["ETag"])
    return Dropped(run, keys.dataset, bucket.uri(key), version, uploaded)


def _refuse_full_disk(target: Target, key: str) -> None:
    """Ask before the images travel: a laptop whose disk is nearly full takes no list."""
    if not is_laptop(target.endpoint):
        return
    try:  # the condition never holds, so nothing is written
        target.s3.put_object(Bucket=target.bucket.name, Key=key, IfMatch='"never"')
    except ClientError as exc:
        if exc.response["Error"].get("Code") == "InsufficientStorage":
            raise Refused(exc.response["Error"].get("Message", "")) from exc


def wait_for(target: Target, run: str) -> RunOutcome:
    """Show a run's progress to its end and return its outcome."""
    try:
        execution = watch(target, run)
        if execution["status"] != "SUCCEEDED":
            await_record(target, run)
    except KeyboardInterrupt:
        say(f"The run goes on: `tagline show {run}` tells how", style="yellow")
        raise
    return run_outcome(target, read_run(target, run), execution)


def await_record(target: Target, run: str) -> None:
    """Wait for the status.json that RecordFailure writes once it hears of the end.

    Gives up after a while: then the execution's own words have to do.
    """
    deadline = time.monotonic() + _RECORD_SECONDS
    while target.bucket.head(RunKeys(run).status) is None and time.monotonic() < deadline:
        time.sleep(_RECORD_INTERVAL)


def _settings(config: Path | None) -> Settings:
    """Return the settings that images are uploaded for.

    Refuses a `source:`: images uploaded beside the list would never be read.
    """
    settings = load_settings(config.read_bytes(), str(config)) if config else Settings()
    if settings.source is not None:
        raise Refused(
            f"{config} says `source: {settings.source}`, so a run reads images there: leave "
            "--images out, or take `source:` out"
        )
    return settings
