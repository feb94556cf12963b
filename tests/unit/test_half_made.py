"""What a deployment on the laptop cloud left that was killed."""

from typing import Any

import pytest

from local import half_made, patching


def test_nested_stacks_that_their_parent_does_not_know_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {"Steps": {"PhysicalResourceId": "tagline-Steps-1"}}
    stacks: dict[str, Any] = {
        "tagline": {"Outputs": [], "_resources": known},
        "tagline-Steps-1": {"Outputs": [], "ParentId": "arn", "_resources": {}},
        "tagline-Api-2": {"Outputs": [], "ParentId": "arn", "_resources": {}},
    }
    members = {"_stacks": stacks, "_change_sets": {}}
    monkeypatch.setattr(patching, "member", lambda _module, name, _kind: members[name])
    half_made.forget()
    assert list(stacks) == ["tagline", "tagline-Steps-1"]
