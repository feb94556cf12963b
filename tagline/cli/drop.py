"""`tagline drop`: upload a dataset and its list; the list, last, starts the run."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec
from botocore.exceptions import ClientError

from tagline.aws.faults import TooLarge
from tagline.cli import ratings
from tagline.cli.check import instead, warn
from tagline.cli.class_folders import list_of_folders
from tagline.cli.convert import as_list
from tagline.cli.errors import Refused
from tagline.cli.outcome import RunOutcome, run_outcome, tell_end
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.placing import place, relative_paths, warn_of
from tagline.cli.records import read_run
from tagline.cli.target import Target, find_target, is_laptop
from tagline.cli.uploading import Uploaded, upload_images
from tagline.cli.watching import watch
from tagline.formats.keys import MAX_LABELS_BYTES, MAX_SETTINGS_BYTES, DatasetKeys, RunKeys
from tagline.formats.names import list_name, run_name
from tagline.formats.settings import Settings
from tagline.listing.checking import Beside, CheckReport, check_list
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
    dataset: str,
    list_path: Path | None,
    *,
    labels: Path | None,
    config: Path | None,
    images: Path | None,
    items: Path | None,
    wait: bool,
    convert: bool,
    stack: str,
    as_json: bool,
) -> None:
    """Upload a list or ratings, and what goes with them, and so start a run.

    Without a list one is made of the images' folders, a class each.
    """
    keys = DatasetKeys(dataset)
    if list_path is None:
        folder = _folder_of_classes(images, labels, items, convert=convert)
        list_path, labels = list_of_folders(dataset, folder)
    if not convert and ratings.is_ratings(list_path):
        _refuse_of_images(labels, images)
        dropped = _drop_ratings(keys, list_path, config, items, stack)
        _follow(find_target(stack), dropped, wait=wait, as_json=as_json)
        return
    if items is not None:
        raise Refused(f"--items names what is rated, and {list_path} has no ratings")
    with as_list(list_path, labels, wanted=convert) as (made, names):
        _refuse_pipe(made)
        target = find_target(stack)
        beside = Companions.of(target, keys, names, config)
        check_before(made, beside)
        dropped = drop_dataset(target, keys, made, labels=names, config=config, images=images)
    _follow(target, dropped, wait=wait, as_json=as_json)


def _folder_of_classes(
    images: Path | None, labels: Path | None, items: Path | None, *, convert: bool
) -> Path:
    if images is None:
        raise Refused("name a LIST, or a folder per class: --images FOLDER")
    if labels or items or convert:
        raise Refused(
            "without a LIST labels are named by the folders in that of --images: leave --labels, "
            "--items and --convert out"
        )
    return images


def _refuse_of_images(labels: Path | None, images: Path | None) -> None:
    for option, path in (("--labels", labels), ("--images", images)):
        if path is not None:
            raise Refused(f"{option} is for a list of images, and these are ratings")


def _drop_ratings(
    keys: DatasetKeys, path: Path, config: Path | None, items: Path | None, stack: str
) -> Dropped:
    target = find_target(stack)
    settings = Companions.of(target, keys, None, config).settings()
    report = ratings.report_of(path, settings, items)
    if not report.usable:
        raise Refused(f"{path}: {'; '.join(report.problems)}")
    if report.rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.reasons.items())
        say(f"{report.rejected:,} of {report.rows:,} rows will be rejected: {reasons}",
            style="yellow")  # fmt: skip
    if config is not None:
        target.bucket.put(keys.settings, config.read_bytes(), "text/plain")
    run, uri, version = ratings.place_ratings(target, keys.dataset, path, items)
    return Dropped(run, keys.dataset, uri, version, None)


def _follow(target: Target, dropped: Dropped, *, wait: bool, as_json: bool) -> None:
    """Say which run was started, or wait for its end."""
    if not wait:
        if as_json:
            print_json(msgspec.to_builtins(dropped))
        else:
            emit(facts_table({"Run": dropped.run, "List": dropped.list_uri}))
            say(f"`tagline show {dropped.run}` tells how it goes")
        return
    ended = wait_for(target, dropped.run)
    tell_end(ended, as_json=as_json, more=msgspec.to_builtins(dropped))


@dataclass(frozen=True)
class Companions:
    """labels.txt and dataset.yaml as the run will find them: those given, else the bucket's."""

    labels: Path | Beside | None
    config: Path | Beside | None

    @classmethod
    def of(
        cls, target: Target, keys: DatasetKeys, labels: Path | None, config: Path | None
    ) -> Self:
        """Return the companions of a dataset; raises Refused for one that is far too large."""
        return cls(
            labels or _in_bucket(target, keys.labels, MAX_LABELS_BYTES),
            config or _in_bucket(target, keys.settings, MAX_SETTINGS_BYTES),
        )

    def settings(self) -> Settings:
        """Return the settings; raises InvalidSettings."""
        if self.config is None:
            return Settings()
        given = self.config
        data = given.data if isinstance(given, Beside) else given.read_bytes()
        return load_settings(data, str(given))


def _in_bucket(target: Target, key: str, limit: int) -> Beside | None:
    try:
        found = target.bucket.find_bytes(key, limit)
    except TooLarge as exc:
        raise Refused(str(exc)) from exc
    return Beside(target.bucket.uri(key), found.content) if found else None


def _refuse_pipe(list_path: Path) -> None:
    if not list_path.is_file():  # a pipe would be empty when it is uploaded
        hint = or_convert(list_path) if list_path.is_dir() else ""
        raise Refused(
            f"{list_path} is no regular file; save the list under the name it shall have{hint}"
        )


def or_convert(path: Path) -> str:
    """Return how something else than a list is dropped, as words that go on; or nothing."""
    hint = instead(path, "; ")
    return f"{hint}, and `--convert` here does both" if hint else ""


def check_before(list_path: Path, beside: Companions) -> CheckReport:
    """Refuse a list that a run could not use; say which rows will be rejected."""
    report = check_list(list_path, beside.labels, beside.config)
    if not report.usable:
        hint = "" if report.accepted else or_convert(list_path)
        raise Refused(f"{list_path}: {'; '.join(report.problems)}{hint}")
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
    key = f"{keys.lists}{list_name(list_path.name)}"
    uploaded = None
    if images is not None:
        settings = _settings(Companions.of(target, keys, labels, config))
        _refuse_full_disk(target, key)
        placement = place(relative_paths(list_path, settings.on_conflict), images)
        if placement.missing:
            say(warn_of(placement.missing, placement.instead), style="yellow")
        uploaded = upload_images(target, keys.dataset, placement.files)
    for path, key_beside in ((labels, keys.labels), (config, keys.settings)):
        if path is not None:
            target.bucket.put(key_beside, path.read_bytes(), "text/plain")
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


def _settings(beside: Companions) -> Settings:
    """Return the settings that images are uploaded for.

    Refuses a `source:`: images uploaded beside the list would never be read.
    """
    settings = beside.settings()
    if settings.source is not None:
        raise Refused(
            f"{beside.config} says `source: {settings.source}`, so a run reads images there: leave "
            "--images out, or take `source:` out"
        )
    return settings
