"""The roles of a deployed stack, held against what the suite made them do."""

import fnmatch
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.pipeline import Pipeline
from tests.laptop import PYTHON, REPOSITORY

ALLOWED = Path(__file__).with_name("rights_allowed.yaml")
Roles = dict[str, dict[str, Any]]


def roles_of(pipeline: Pipeline) -> Roles:
    """Return policies and AWS's own policies of each role of the stack, by the role's name."""
    iam = pipeline.client("iam")
    roles: Roles = {}
    for physical in logical_names(pipeline):
        attached = iam.list_attached_role_policies(RoleName=physical)["AttachedPolicies"]
        roles[physical] = {
            "policies": {
                name: iam.get_role_policy(RoleName=physical, PolicyName=name)["PolicyDocument"]
                for name in iam.list_role_policies(RoleName=physical)["PolicyNames"]
            },
            "managed": [policy["PolicyArn"] for policy in attached],
        }
    return roles


def logical_names(pipeline: Pipeline) -> Mapping[str, str]:
    """Return the template's names of the stack's roles by their physical ones."""
    known = {role["RoleName"] for role in pipeline.client("iam").list_roles()["Roles"]}
    found = pipeline.stack_resources.items()
    return {physical: logical for logical, physical in found if physical in known}


def calls_of(state_dir: Path) -> list[dict[str, Any]]:
    """Return what a laptop cloud recorded."""
    files = sorted(state_dir.glob("access.jsonl*"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line) for line in lines]


def findings(pipeline: Pipeline, roles: Roles, calls: list[dict[str, Any]]) -> list[str]:
    """Return what the review finds, each as `Role: kind action: detail`."""
    evidence = {"stack": "tagline", "bucket": pipeline.bucket, "roles": roles, "calls": calls}
    done = subprocess.run(
        [PYTHON, "-m", "local.access.review"],
        input=json.dumps(evidence),
        cwd=REPOSITORY,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    names = logical_names(pipeline)
    return [
        f"{names[found['role']]}: {found['kind']} {found['about']}: {found['detail']}"
        for found in json.loads(done.stdout)
    ]


def beyond(found: list[str], *, elsewhere: bool = True) -> list[str]:
    """Return the findings that the written list does not allow.

    What it leaves to another suite counts as allowed, unless that suite asks.
    """
    written = yaml.safe_load(ALLOWED.read_text(encoding="utf-8"))
    entries = [*written["allowed"], *(written["elsewhere"] if elsewhere else ())]
    allowed = [entry["what"] for entry in entries]
    return [one for one in found if not any(fnmatch.fnmatchcase(one, what) for what in allowed)]
