"""Each right of each role is used by this suite, and no role may do more than it does.

Runs last: conftest.py sees to it. What only AWS can exercise stands in rights_allowed.yaml.
"""

import copy
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.e2e.pipeline import OnLaptop
from tests.e2e.rights import Roles, beyond, calls_of, findings, logical_names, roles_of


@pytest.fixture(scope="module", autouse=True)
def the_api_was_asked(pipeline: OnLaptop) -> None:
    """Read all that the API shows of a dataset with a champion."""
    url = pipeline.cloud.target.outputs.api_url
    for path in ("/", "/openapi.json"):
        _ask(f"{url}{path}")
    names = [item["dataset"] for item in json.loads(_ask(f"{url}/datasets"))["datasets"]]
    for name in names:
        shown = json.loads(_ask(f"{url}/datasets/{name}/runs"))
        two = ",".join(run["run"] for run in shown["runs"][:2])
        for part in ("", "/champions", "/rows", "/lists", "/devices", f"/compare?runs={two}"):
            _ask(f"{url}/datasets/{name}{part}")
        for run in shown["runs"]:
            _ask(f"{url}/datasets/{name}/runs/{run['run']}/progress")
            details = json.loads(_ask(f"{url}/datasets/{name}/runs/{run['run']}"))
            for part in ("report", "rejects", "verdicts"):
                if details.get(part):
                    _ask(details[part]["url"])


def _ask(url: str) -> bytes:
    """Return an answer; empty for a refusal, which this module is not about."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            found: bytes = answer.read()
    except urllib.error.HTTPError:
        return b"{}"
    return found


@pytest.fixture(scope="module")
def calls(
    pipeline: OnLaptop, the_api_was_asked: None, request: pytest.FixtureRequest
) -> list[dict[str, Any]]:
    """What the suite has recorded; skips where only a part of the suite was asked for."""
    ran = {item.path.name for item in request.session.items}
    missing = {path.name for path in request.path.parent.glob("test_*.py")} - ran
    if missing or request.session.testsfailed:
        pytest.skip(f"the record of the whole suite is needed, {sorted(missing)} did not run")
    return calls_of(pipeline.cloud.state_dir)


@pytest.fixture(scope="module")
def roles(pipeline: OnLaptop) -> Roles:
    """The roles as they are deployed."""
    return roles_of(pipeline)


def test_roles_are_as_wide_as_their_use(
    pipeline: OnLaptop, calls: list[dict[str, Any]], roles: Roles
) -> None:
    over = beyond(findings(pipeline, roles, calls))
    assert not over, "\n".join(over)


def changed(pipeline: OnLaptop, roles: Roles, logical: str) -> tuple[Roles, list[dict[str, Any]]]:
    """Return a copy of the roles, and the statements in it of one role's own policy."""
    (name,) = (p for p, known in logical_names(pipeline).items() if known == logical)
    other = copy.deepcopy(roles)
    statements = [
        statement
        for document in other[name]["policies"].values()
        for statement in document["Statement"]
    ]
    for document in other[name]["policies"].values():
        document["Statement"] = []
    document["Statement"] = statements
    return other, statements


def test_a_function_that_may_do_everything_with_s3_is_found(
    pipeline: OnLaptop, calls: list[dict[str, Any]], roles: Roles
) -> None:
    other, statements = changed(pipeline, roles, "SmokeTestRole")
    statements.append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    over = beyond(findings(pipeline, other, calls))
    assert any(one.startswith("SmokeTestRole: wide s3:*:") for one in over)


def test_a_statement_that_is_missing_is_found(
    pipeline: OnLaptop, calls: list[dict[str, Any]], roles: Roles
) -> None:
    """As PlanRollBack's: it read the execution's history without the right to."""
    other, statements = changed(pipeline, roles, "PlanRollBackRole")
    (history,) = (s for s in statements if s["Action"] == "states:GetExecutionHistory")
    statements.remove(history)
    over = beyond(findings(pipeline, other, calls))
    assert any(o.startswith("PlanRollBackRole: refused states:GetExecutionHistory") for o in over)


def test_a_role_that_may_pass_any_role_is_found(
    pipeline: OnLaptop, calls: list[dict[str, Any]], roles: Roles
) -> None:
    other, statements = changed(pipeline, roles, "RetrainRole")
    for statement in statements:
        if statement["Action"] == "iam:PassRole":
            statement["Resource"] = "*"
    over = beyond(findings(pipeline, other, calls))
    assert "RetrainRole: wide iam:PassRole: any resource" in over
