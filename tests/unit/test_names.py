"""Names: the rules that make one list version one run."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.formats import names

SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
RUN = "50-label-rs96-0123456789abcdef"
stacks = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,127}", fullmatch=True)  # CloudFormation's rule
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
    ("kind", "name"),
    [("train", "tagline-0123456789abcdef-train"), ("tune", "tagline-0123456789abcdef-tune")],
)
def test_a_job_has_the_digest_of_its_run_and_leaves_room_for_the_attempt(
    kind: str, name: str
) -> None:
    assert names.job_name(RUN, kind) == name
    # the longest name is that of a tuning job, and a state is tried at most ten times
    assert len(names.job_name(RUN, "tune") + "-9") <= 32
    with pytest.raises(names.InvalidName, match="is not <dataset>-<16 hexadecimal digits>"):
        names.job_name("50-label-rs96", kind)


@given(stacks, datasets)
def test_endpoint_names_fit_sagemaker(stack: str, dataset: str) -> None:
    endpoint = names.endpoint_name(stack, dataset)
    assert len(endpoint) <= 63
    assert SAGEMAKER_NAME.fullmatch(endpoint)


@given(stacks, datasets)
def test_a_trials_name_fits_sagemaker_and_the_policies(stack: str, dataset: str) -> None:
    trial = names.trial_name(stack, dataset)
    assert len(trial) <= 63
    assert SAGEMAKER_NAME.fullmatch(trial)
    assert trial[:40] == names.endpoint_name(stack, dataset)[:40] or "-trial-" in trial[:48]


def test_no_datasets_endpoint_is_anothers_trial() -> None:
    trial = names.trial_name("tagline", "demo")
    assert trial.startswith("tagline-demo-trial-")
    assert names.endpoint_name("tagline", "demo-trial") != trial
    assert names.trial_name("tagline", "demo-trial") != trial


@given(datasets, datasets)
def test_different_datasets_have_different_trials(one: str, other: str) -> None:
    same = names.trial_name("tagline", one) == names.trial_name("tagline", other)
    assert same == (one == other)


@given(datasets, datasets)
def test_different_datasets_have_different_endpoints(one: str, other: str) -> None:
    same = names.endpoint_name("tagline", one) == names.endpoint_name("tagline", other)
    assert same == (one == other)


@pytest.mark.parametrize(
    ("stack", "dataset", "endpoint"),
    [
        ("tagline", "noto-50", "tagline-noto-50"),
        ("tagline", "noto_50", "tagline-noto-50-df5efa5c"),
        ("tagline", "a__b", "tagline-a-b-a8c7a8ed"),
        ("tagline", "a" * 40, "tagline-" + "a" * 40),
        ("s" * 22, "a" * 40, "s" * 22 + "-" + "a" * 40),  # 63 characters
        ("s" * 23, "a" * 40, "s" * 23 + "-" + "a" * 30 + "-13b6724d"),
        ("s" * 53, "a" * 20, "s" * 53 + "-682474b3"),
    ],
)
def test_an_endpoint_is_found_again_by_its_name(stack: str, dataset: str, endpoint: str) -> None:
    assert names.endpoint_name(stack, dataset) == endpoint


def test_a_jobs_name_tells_its_run() -> None:
    assert names.run_of_job("50-label-rs96", names.job_name(RUN, "config") + "-0") == RUN
    assert names.run_of_job("50-label-rs96", "made-by-hand") is None
