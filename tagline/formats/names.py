"""Names of datasets, runs, jobs and endpoints, and the rules they keep.

One list version is one run: the run's name is a pure function of the object that was dropped,
so a repeated event asks for an execution that exists already and starts nothing.
"""

import hashlib
import re

from tagline.formats.locations import plain_etag

LIST_NAME = re.compile(r"[^/]+\.lst(?:\.gz)?")
LIST_KEY = re.compile(rf"(?P<dataset>[^/]+)/lists/{LIST_NAME.pattern}")
DATASET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38}[A-Za-z0-9])?")
RUN = re.compile(rf"(?P<dataset>{DATASET.pattern})-(?P<digest>[0-9a-f]{{16}})")
RESTORING = re.compile(rf"(?P<run>{RUN.pattern})-restore-(?P<attempt>[0-9]{{1,3}})")
JOB_PREFIX = "tagline"  # the IAM policies of template.yaml grant jobs by this prefix
_ENDPOINT_NAME_LENGTH = 63


class InvalidName(ValueError):
    """A key, dataset or run does not follow the naming rules."""


def check_dataset(dataset: str) -> str:
    """Return `dataset` unchanged, or raise InvalidName with the rule it breaks."""
    if not DATASET.fullmatch(dataset):
        raise InvalidName(
            f"dataset {dataset[:60]!r}: a name is 1 to 40 letters, digits, '-' or '_', "
            "beginning and ending with a letter or digit"
        )
    return dataset


def dataset_of_list(key: str) -> str:
    """Return the dataset a list file's key belongs to: `<dataset>/lists/<name>.lst` or `.lst.gz`.

    Raises InvalidName, which says where a list would lie.
    """
    match = LIST_KEY.fullmatch(key)
    if match is None:
        lower = LIST_KEY.fullmatch(key.lower())
        named = key.lower().endswith((".lst", ".lst.gz"))
        rule = (
            "its name ends in .lst or .lst.gz, in small letters"
            if lower
            else "it lies right below <dataset>/lists/"
            if named
            else "its name ends in .lst or .lst.gz, and it lies right below <dataset>/lists/"
        )
        raise InvalidName(f"key {key[:120]!r} is not <dataset>/lists/<name>.lst: {rule}")
    return check_dataset(match["dataset"])


def run_name(bucket: str, key: str, version_id: str, etag: str) -> str:
    """Return the run (and execution) name of one version of one list file."""
    identity = "\0".join((bucket, key, version_id, plain_etag(etag)))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return f"{dataset_of_list(key)}-{digest}"


def dataset_of_run(run: str) -> str:
    """Return the dataset a run belongs to, or raise InvalidName."""
    match = RUN.fullmatch(run)
    if match is None:
        raise InvalidName(f"run {run[:80]!r} is not <dataset>-<16 hexadecimal digits>")
    return match["dataset"]


def restoring_name(run: str, attempt: int) -> str:
    """Return the name of the execution that brings the champion back after a run broke off."""
    dataset_of_run(run)
    return f"{run}-restore-{attempt}"


def job_name(run: str, kind: str) -> str:
    """Return the base name of a run's SageMaker job; at most 29 of a tuning job's 32 characters.

    `kind` is one of train, tune, eval, model, config, trial. The state machine appends the
    attempt, since SageMaker never takes a job's name twice.
    """
    dataset_of_run(run)
    return f"{JOB_PREFIX}-{run[-16:]}-{kind}"


def run_of_job(dataset: str, name: str) -> str | None:
    """Return the run of a dataset that made what `job_name` named, or None for another's name."""
    match = re.match(rf"{JOB_PREFIX}-([0-9a-f]{{16}})-", name)
    return f"{dataset}-{match[1]}" if match else None


def endpoint_name(stack: str, dataset: str) -> str:
    """Return the endpoint that serves a dataset of a stack; names differ where datasets do."""
    name = f"{stack}-{check_dataset(dataset)}"
    plain = re.sub(r"-+", "-", name.replace("_", "-"))
    if plain == name and len(name) <= _ENDPOINT_NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain[: _ENDPOINT_NAME_LENGTH - 9].rstrip('-')}-{digest}"


def trial_name(stack: str, dataset: str) -> str:
    """Return the endpoint where a dataset's challenger is tried before it gets any traffic.

    The digest keeps it apart from the endpoint of a dataset that is named like a trial.
    """
    digest = hashlib.sha256(f"trial of {stack}/{check_dataset(dataset)}".encode()).hexdigest()[:8]
    kept = _ENDPOINT_NAME_LENGTH - len("-trial-") - len(digest)
    return f"{endpoint_name(stack, dataset)[:kept].rstrip('-')}-trial-{digest}"
