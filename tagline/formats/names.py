"""Names of datasets, runs, jobs and endpoints, and the rules they keep.

One list version is one run: the run's name is a pure function of the object that was dropped,
so a repeated event asks for an execution that exists already and starts nothing.
"""

import hashlib
import re

from tagline.formats.kinds import Kind
from tagline.formats.locations import plain_etag

LIST_NAME = re.compile(r"[^/]+\.lst(?:\.gz)?")
LIST_KEY = re.compile(rf"(?P<dataset>[^/]+)/lists/{LIST_NAME.pattern}")
RATINGS_NAME = re.compile(r"[^/]+\.csv(?:\.gz)?")
RATINGS_KEY = re.compile(rf"(?P<dataset>[^/]+)/ratings/{RATINGS_NAME.pattern}")
DATASET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38}[A-Za-z0-9])?")
RUN = re.compile(rf"(?P<dataset>{DATASET.pattern})-(?P<digest>[0-9a-f]{{16}})")
RESTORING = re.compile(rf"(?P<run>{RUN.pattern})-restore-(?P<attempt>[0-9]{{1,12}})")
ORDERED = re.compile(rf"(?P<run>{RUN.pattern})-order-(?P<given>[0-9]{{1,11}})")

# The policies grant `<stack>--*`. A stack's name has single hyphens only (templates/alerts.yaml
# refuses others), so that what begins with it and two hyphens is never another stack's.
_OF = "--"
_RUN_DIGEST = 16
_LONGEST_NAME = 63  # of SageMaker's names
_TUNING_NAME = 32 - len("-010")  # a stack of 20 characters leaves 6 digits of the run's 16
_ENDPOINT_NAME = _LONGEST_NAME - 8  # room for an ending of what belongs to the endpoint
_DIGEST = 12
_FORMER_JOBS = "tagline-"
_SHADOW = re.compile(r"-[0-9a-f]{16}-shadow[0-9]*-[0-9]+\Z")  # an order's has its time in it


_LIST_FILE = 200  # characters of a list's own name


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


def kind_of_key(key: str) -> Kind:
    """Return of which kind the dataset is that a file was dropped for: by its folder."""
    return Kind.RATINGS if key.split("/")[1:2] == ["ratings"] else Kind.IMAGES


def dataset_of_ratings(key: str) -> str:
    """Return the dataset of a ratings file's key: `<dataset>/ratings/<name>.csv` or `.csv.gz`.

    Raises InvalidName, which says where ratings would lie.
    """
    match = RATINGS_KEY.fullmatch(key)
    if match is None:
        raise InvalidName(
            f"key {key[:120]!r} is not <dataset>/ratings/<name>.csv: its name ends in .csv or "
            ".csv.gz, in small letters, and it lies right below <dataset>/ratings/"
        )
    return check_dataset(match["dataset"])


def dataset_of_dropped(key: str) -> str:
    """Return the dataset that a list's or a ratings file's key belongs to; raises InvalidName."""
    of = dataset_of_ratings if kind_of_key(key) is Kind.RATINGS else dataset_of_list
    return of(key)


def list_name(name: str, kind: Kind = Kind.IMAGES) -> str:
    """Return the name under which a file is dropped: with its kind's ending, if that is missing.

    That is `.lst`, or `.csv` of ratings. Raises InvalidName for one that no list may have.
    """
    if not name or len(name) > _LIST_FILE or "/" in name or not name.isprintable():
        raise InvalidName(
            f"list {name[:60]!r}: a name is 1 to {_LIST_FILE} characters without '/' and control "
            "characters"
        )
    if kind is Kind.RATINGS:
        return name if RATINGS_NAME.fullmatch(name) else f"{name}.csv"
    return name if LIST_NAME.fullmatch(name) else f"{name}.lst"


def run_name(bucket: str, key: str, version_id: str, etag: str) -> str:
    """Return the run (and execution) name of one version of one list or ratings file."""
    identity = "\0".join((bucket, key, version_id, plain_etag(etag)))
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return f"{dataset_of_dropped(key)}-{digest}"


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


def order_name(run: str, given: int) -> str:
    """Return the name of the execution that carries a person's order out.

    `given` is when, in seconds since 1970.
    """
    dataset_of_run(run)
    return f"{run}-order-{given}"


def first_restoration(given: int) -> int:
    """Return the first attempt's number of bringing a champion back at a time, as above.

    No run that breaks off has such numbers: theirs have three digits at most.
    """
    return 10 * given + 1


def job_name(stack: str, run: str, kind: str) -> str:
    """Return the base name of what a run makes in SageMaker: the stack, then the run's digest.

    `kind` is one of train, tune, eval, model, config, trial, shadow. The state machine appends the
    attempt, since SageMaker never takes a job's name twice. A tuning job has but 32 characters: it
    goes without its kind and, under a stack of more than 10 characters, with less of the digest.
    """
    dataset_of_run(run)
    digest = run[-_RUN_DIGEST:]
    if kind == "tune":
        return f"{stack}{_OF}{digest}"[:_TUNING_NAME]
    return f"{stack}{_OF}{digest}-{kind}"


def is_shadow(endpoint_config: str) -> bool:
    """Return whether an endpoint's configuration is a champion's with a shadow beside it."""
    return _SHADOW.search(endpoint_config) is not None


def run_of_job(stack: str, dataset: str, name: str) -> str | None:
    """Return the run of a dataset that made what `job_name` named, or None for another's name."""
    match = re.match(rf"(?:{re.escape(stack)}{_OF}|{_FORMER_JOBS})([0-9a-f]{{16}})-", name)
    return f"{dataset}-{match[1]}" if match else None


def endpoint_name(stack: str, dataset: str) -> str:
    """Return the endpoint that serves a dataset of a stack: no other dataset or stack has its name.

    SageMaker's ARNs are in small letters, so the name is; the digest tells `Birds` from `birds`.
    """
    digest = hashlib.sha256(f"{stack}\0{check_dataset(dataset)}".encode()).hexdigest()
    begin = f"{stack}{_OF}{re.sub('[-_]+', '-', dataset.lower())}"
    return f"{begin[: _ENDPOINT_NAME - 1 - _DIGEST].rstrip('-')}-{digest[:_DIGEST]}"


def former_endpoint_name(stack: str, dataset: str) -> str:
    """Return the endpoint's name before names held a digest: a champion may still serve there."""
    name = f"{stack}-{check_dataset(dataset)}"
    plain = re.sub(r"-+", "-", name.replace("_", "-"))
    if plain == name and len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{plain[: _LONGEST_NAME - 9].rstrip('-')}-{digest}"


def trial_name(stack: str, dataset: str) -> str:
    """Return the endpoint where a dataset's challenger is tried before it gets any traffic.

    No dataset's endpoint is called so: theirs end in a digest.
    """
    return f"{endpoint_name(stack, dataset)}-trial"
