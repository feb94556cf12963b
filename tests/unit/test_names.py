"""Names: the rules that make one list version one run."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.formats import names
from tests.unit.cloudformation import TEMPLATES

SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
RUN = "50-label-rs96-0123456789abcdef"
# what templates/alerts.yaml lets a stack be called
STACK = TEMPLATES["alerts"]["Parameters"]["StackName"]
stacks = st.from_regex(STACK["AllowedPattern"], fullmatch=True).filter(
    lambda name: name.isascii() and len(name) <= STACK["MaxLength"]
)
datasets = st.from_regex(names.DATASET, fullmatch=True).filter(str.isascii)


def test_run_name_depends_on_every_part_of_the_object() -> None:
    base = ("bucket", "noto-50/lists/a.lst", "v1", "e1")
    runs = {names.run_name(*base)}
    for position, other in enumerate(("bucket2", "noto-50/lists/b.lst", "v2", "e2")):
        changed = list(base)
        changed[position] = other
        runs.add(names.run_name(*changed))
    assert len(runs) == 5


def test_run_name_ignores_quotes_round_the_etag() -> None:
    assert names.run_name("b", "d/lists/a.lst", "v", '"e"') == names.run_name(
        "b", "d/lists/a.lst", "v", "e"
    )


@pytest.mark.parametrize(
    "key", ["lists/a.lst", "a/b/lists/c.lst", "a/lists/b.txt", "a/lists/b/c.lst", "/lists/a.lst"]
)
def test_a_key_elsewhere_is_no_list(key: str) -> None:
    with pytest.raises(names.InvalidName, match=r"<dataset>/lists/<name>\.lst"):
        names.dataset_of_list(key)


@pytest.mark.parametrize("dataset", ["", "-a", "a-", "a b", "a/b", "é", "a" * 41, "a\n"])
def test_bad_dataset_names_are_refused(dataset: str) -> None:
    with pytest.raises(names.InvalidName, match="1 to 40 letters"):
        names.check_dataset(dataset)


@given(datasets)
def test_run_names_lead_back_to_their_dataset(dataset: str) -> None:
    run = names.run_name("bucket", f"{dataset}/lists/x.lst", "v", "e")
    assert names.dataset_of_run(run) == dataset
    assert len(run) <= 80


def test_a_run_keeps_its_name_in_every_version_of_tagline() -> None:
    """Else a repeated event would start a run that has been made already."""
    etag = "9a0364b9e99bb480dd25e1f0284c8555"
    run = names.run_name("data", "noto-50/lists/all.lst", "v1", etag)
    assert run == "noto-50-d8a510859785d05a"


@pytest.mark.parametrize(
    ("stack", "kind", "name"),
    [
        ("tagline", "train", "tagline--0123456789abcdef-train"),
        ("tagline", "tune", "tagline--0123456789abcdef"),
        ("s" * 20, "tune", "s" * 20 + "--012345"),
        ("s" * 20, "config", "s" * 20 + "--0123456789abcdef-config"),
    ],
)
def test_a_job_has_its_stack_its_runs_digest_and_room_for_the_attempt(
    stack: str, kind: str, name: str
) -> None:
    assert names.job_name(stack, RUN, kind) == name
    with pytest.raises(names.InvalidName, match="is not <dataset>-<16 hexadecimal digits>"):
        names.job_name(stack, "50-label-rs96", kind)


@given(stacks)
def test_jobs_names_fit_sagemaker_in_any_attempt(stack: str) -> None:
    """A tuning job's is the shortest limit: 32 characters."""
    for kind in ("train", "eval", "model", "config"):
        assert len(names.job_name(stack, RUN, kind) + "-999") <= 63
    assert len(names.job_name(stack, RUN, "tune") + "-999") <= 32
    assert SAGEMAKER_NAME.fullmatch(names.job_name(stack, RUN, "tune") + "-0")


@given(stacks, datasets)
def test_endpoint_names_fit_sagemaker_and_leave_room_for_an_ending(
    stack: str, dataset: str
) -> None:
    endpoint = names.endpoint_name(stack, dataset)
    assert len(endpoint) <= 55
    assert SAGEMAKER_NAME.fullmatch(endpoint)
    assert endpoint == endpoint.lower(), "SageMaker's ARNs are in small letters"


@given(stacks, datasets)
def test_a_trials_name_fits_sagemaker_and_the_policies(stack: str, dataset: str) -> None:
    trial = names.trial_name(stack, dataset)
    assert len(trial) <= 63
    assert SAGEMAKER_NAME.fullmatch(trial)
    assert trial.startswith(f"{stack}--")


@given(datasets)
def test_no_datasets_endpoint_is_anothers_trial(dataset: str) -> None:
    trial = names.trial_name("tagline", dataset)
    assert names.endpoint_name("tagline", f"{dataset[:30]}-trial") != trial


@given(st.tuples(stacks, datasets), st.tuples(stacks, datasets))
def test_nobody_else_has_an_endpoints_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    same = names.endpoint_name(*one) == names.endpoint_name(*other)
    assert same == (names.trial_name(*one) == names.trial_name(*other))
    assert same == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("tagline", "Stickers"), ("tagline", "stickers")),
        (("tagline", "dev-x"), ("tagline-dev", "x")),
        (("tagline", "a_b"), ("tagline", "a-b")),
    ],
)
def test_names_that_once_were_the_same_in_small_letters_differ(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert names.endpoint_name(*one) != names.endpoint_name(*other)


@given(stacks, stacks, datasets)
def test_what_one_stack_is_granted_is_no_other_stacks(one: str, other: str, dataset: str) -> None:
    """The policies' patterns end in two hyphens and a star."""
    granted = names.endpoint_name(other, dataset), names.job_name(other, RUN, "tune")
    for name in granted:
        assert name.startswith(f"{one}--") == (one == other)


@pytest.mark.parametrize(
    ("stack", "dataset", "endpoint"),
    [
        ("tagline", "noto-50", "tagline--noto-50-@"),
        ("tagline", "noto_50", "tagline--noto-50-@"),
        ("tagline", "a__b", "tagline--a-b-@"),
        ("tagline", "a" * 40, "tagline--" + "a" * 33 + "-@"),
        ("s" * 20, "a" * 40, "s" * 20 + "--" + "a" * 20 + "-@"),
    ],
)
def test_an_endpoint_is_found_again_by_its_name(stack: str, dataset: str, endpoint: str) -> None:
    digest = hashlib.sha256(f"{stack}\0{dataset}".encode()).hexdigest()[:12]
    assert names.endpoint_name(stack, dataset) == endpoint.replace("@", digest)


@pytest.mark.parametrize(
    ("stack", "dataset", "endpoint"),
    [
        ("tagline", "noto-50", "tagline-noto-50"),
        ("tagline", "noto_50", "tagline-noto-50-df5efa5c"),
        ("tagline", "a__b", "tagline-a-b-a8c7a8ed"),
        ("s" * 22, "a" * 40, "s" * 22 + "-" + "a" * 40),  # 63 characters
        ("s" * 23, "a" * 40, "s" * 23 + "-" + "a" * 30 + "-13b6724d"),
    ],
)
def test_an_endpoint_of_an_earlier_version_is_known(
    stack: str, dataset: str, endpoint: str
) -> None:
    assert names.former_endpoint_name(stack, dataset) == endpoint


def test_a_jobs_name_tells_its_run() -> None:
    dataset = "50-label-rs96"
    assert (
        names.run_of_job("tagline", dataset, names.job_name("tagline", RUN, "config") + "-0") == RUN
    )
    assert names.run_of_job("tagline", dataset, "tagline-0123456789abcdef-config-0") == RUN, (
        "before"
    )
    assert names.run_of_job("tagline", dataset, names.job_name("t", RUN, "config") + "-0") is None
    assert names.run_of_job("tagline", dataset, "made-by-hand") is None
