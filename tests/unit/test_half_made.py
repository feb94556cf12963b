"""What a deployment on the laptop cloud left that was killed."""

from typing import Any

import pytest

from local import half_made, patching


def test_nested_stacks_that_their_parent_does_not_know_are_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arn = "arn:aws:cloudformation:us-east-1:000000000000:stack"
    known = {"Steps": {"PhysicalResourceId": f"{arn}/tagline-Steps-1/a"}}
    stacks: dict[str, Any] = {
        "tagline": {"Outputs": [], "StackId": f"{arn}/tagline/0", "_resources": known},
        **{
            name: {"StackId": f"{arn}/{name}/a", "ParentId": arn, "Outputs": [], "_resources": {}}
            for name in ("tagline-Steps-1", "tagline-Api-2")
        },
    }
    members = {"_stacks": stacks, "_change_sets": {}}
    monkeypatch.setattr(patching, "member", lambda _module, name, _kind: members[name])
    half_made.forget()
    assert list(stacks) == ["tagline", "tagline-Steps-1"]
