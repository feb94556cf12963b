"""Names: the rules that make one list version one run."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.formats import names

SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
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


@given(datasets)
def test_job_and_endpoint_names_fit_sagemaker(dataset: str) -> None:
    run = names.run_name("bucket", f"{dataset}/lists/x.lst", "v", "e")
    tuning_job = names.job_name(run, "tune") + "-9"
    assert len(tuning_job) <= 32
    endpoint = names.endpoint_name("tagline", dataset)
    assert len(endpoint) <= 63
    assert SAGEMAKER_NAME.fullmatch(endpoint)


@given(datasets, datasets)
def test_different_datasets_have_different_endpoints(one: str, other: str) -> None:
    same = names.endpoint_name("tagline", one) == names.endpoint_name("tagline", other)
    assert same == (one == other)


def test_a_jobs_name_tells_its_run() -> None:
    run = "50-label-rs96-0123456789abcdef"
    assert names.run_of_job("50-label-rs96", names.job_name(run, "config") + "-0") == run
    assert names.run_of_job("50-label-rs96", "made-by-hand") is None
