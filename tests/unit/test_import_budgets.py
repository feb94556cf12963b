"""What each function may load: a cold start is a caller's wait, and the layer has a size.

A package of ours that a function loads anew is added here on purpose, or not loaded.
"""

import json
import subprocess
import sys
from functools import cache

import pytest

from tests.unit.cloudformation import ROOT

pytestmark = pytest.mark.slow

# what Lambda brings along or the layer has, and every function loads
EVERYWHERE = {
    *("aws_lambda_powertools", "boto3", "botocore", "certifi", "dateutil", "jmespath", "msgspec"),
    *("s3transfer", "six", "tagline", "typing_extensions", "urllib3"),
}
TRACED = {"aws_xray_sdk", "wrapt"}
YAML = {"yaml"}
# of tagline, besides aws and formats
PACKAGES = {
    "curate": {"api", "planning", "serving"},
    "datasets": {"api", "fleet", "planning", "serving"},
    "decide_promotion": {"planning", "serving"},
    "fetch_shard": {"fetching", "listing", "settings"},
    "judge_failure": {"outcomes"},
    "keep_edge_results": {"feedback", "fleet"},
    "merge_corrections": {"feedback", "listing", "settings"},
    "plan_batch": {"api", "batches", "listing", "planning", "settings"},
    "plan_dataset": {"listing", "planning", "ratings", "serving", "settings", "split"},
    "plan_deployment": {"jobs", "planning", "pricing", "serving"},
    "plan_evaluation": {"jobs", "listing", "pricing", "settings"},
    "plan_package": {"edge", "jobs", "planning", "pricing", "settings"},
    "plan_roll_back": {"jobs", "outcomes", "planning", "pricing", "serving"},
    "plan_training": {"jobs", "listing", "pricing", "settings"},
    "record_champion": {"outcomes", "planning"},
    "progress": {"api", "jobs", "outcomes"},
    "publish_batch": {"batches"},
    "record_failure": {"batches", "outcomes", "planning", "pricing"},
    "record_outcome": {"outcomes", "planning", "pricing"},
    "release_edge": {"edge"},
    "smoke_test": {"serving"},
    "start_run": set[str](),
    "tag": {"api", "drift", "feedback", "planning"},
    "tag_shard": {"api", "batches", "fetching", "listing", "planning", "settings"},
    "take_feedback": {"api", "feedback", "listing", "ratings", "settings"},
    "take_order": {"serving"},
    "tell_failures": {"outcomes"},
    "watch_drift": {"drift", "listing", "outcomes", "planning", "settings"},
    "watch_shadow": {"outcomes", "planning", "serving"},
}
API = {"curate", "datasets", "progress", "tag", "take_feedback"}
RESOLVER = "aws_lambda_powertools.event_handler"  # 90 ms for what a few routes do not need
# one process that has what all load, and a child of it for each function
LOAD = """
import boto3, json, os, sys
import aws_lambda_powertools, dateutil, msgspec
for name in sys.argv[1:]:
    out, into = os.pipe()
    if os.fork() == 0:
        sys.path.insert(0, f"functions/{name}")
        import app
        os.write(into, json.dumps(sorted(sys.modules)).encode())
        os._exit(0)
    os.close(into)
    with open(out, "rb") as given:
        print(given.read().decode())
    os.wait()
"""


@cache
def loaded() -> dict[str, set[str]]:
    """Return the modules of each function, by its folder."""
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *PACKAGES],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}"},
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    found = map(json.loads, done.stdout.splitlines())
    return {name: set(modules) for name, modules in zip(PACKAGES, found, strict=True)}


def test_every_function_has_a_budget() -> None:
    assert {path.parent.name for path in ROOT.glob("functions/*/app.py")} == set(PACKAGES)


@pytest.mark.parametrize("name", PACKAGES)
def test_no_function_loads_more_than_it_may(name: str) -> None:
    modules = loaded()[name]
    tops = {module.partition(".")[0] for module in modules if not module.startswith("_")}
    allowed = EVERYWHERE | {"app", "cython_runtime"}
    allowed |= set() if name in API else TRACED
    allowed |= YAML if "settings" in PACKAGES[name] else set()
    assert tops - set(sys.stdlib_module_names) <= allowed
    ours = {module.split(".")[1] for module in modules if module.startswith("tagline.")}
    assert ours <= {"aws", "formats", *PACKAGES[name]}
    assert "app" in modules


@pytest.mark.parametrize("name", sorted(API))
def test_the_api_routes_by_itself(name: str) -> None:
    assert RESOLVER not in loaded()[name]
