"""The flow's source: what it may say, and what is said where it says something else."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.flow.source import FlowError, read_flow, written

FILES = {
    "flow": "{StartAt: First, Stages: {one: The beginning, two: The end}}",
    "shared": """
        Retry: {often: {MaxAttempts: 9}, once: {MaxAttempts: 1}}
        Tags: {run: [{Key: run}]}
        Use: {task: {Type: Task, Retry: [often, once]}}
    """,
    "one": "First: {Next: Last, Use: task, Resource: a, Comment: says}",
    "two": "Last: {Use: task, Retry: [once], Parameters: {Tags: run}, End: true}",
}


def compiled(folder: Path, **changed: str) -> dict[str, Any]:
    for name, text in {**FILES, **changed}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return read_flow(folder).definition


def test_names_become_what_they_stand_for(tmp_path: Path) -> None:
    assert compiled(tmp_path) == {
        "StartAt": "First",
        "States": {
            "First": {
                "Comment": "says",
                "Type": "Task",
                "Resource": "a",
                "Retry": [{"MaxAttempts": 9}, {"MaxAttempts": 1}],
                "Next": "Last",
            },
            "Last": {
                "Type": "Task",
                "Parameters": {"Tags": [{"Key": "run"}]},
                "Retry": [{"MaxAttempts": 1}],
                "End": True,
            },
        },
    }


def test_states_stand_as_in_the_source_and_their_fields_as_always(tmp_path: Path) -> None:
    states = compiled(tmp_path)["States"]
    assert list(states) == ["First", "Last"]
    assert list(states["First"]) == ["Comment", "Type", "Resource", "Retry", "Next"]


def test_the_words_of_a_choice_are_not_deployed(tmp_path: Path) -> None:
    one = "First: {Type: Choice, Choices: [{Says: when so, IsNull: true, Next: Last}]}"
    states = compiled(tmp_path, one=one)["States"]
    assert states["First"]["Choices"] == [{"IsNull": True, "Next": "Last"}]


INNER = "{Type: Map, ItemProcessor: {States: {Last: {Type: Pass, End: true}}}}"


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        (
            "two",
            "Last: {Use: task, Retry: [twice]}",
            r"two.yaml: Last: Retry twice is unknown.*once",
        ),
        ("two", "Last: {Use: tusk}", r"two.yaml: Last: Use tusk is unknown; known: \['task'\]"),
        ("two", "Last: {Use: [task]}", r"two.yaml: Last: Use is written out"),
        ("two", "Last: {Use: task, Retry: [{MaxAttempts: 2}]}", "Retry is written out; give it a"),
        (
            "two",
            "Last: {Use: task, Parameters: {Tags: {Key: a}}}",
            "two.yaml: Last: Tags is written",
        ),
        ("two", "Last: {Use: task}", "shared.yaml: nobody uses Tags run"),
        ("two", "First: {Use: task}", "two.yaml: First: another state has this name"),
        ("two", f"Last: {INNER}", "two.yaml: Last: Last: another state has this name"),
        ("two", "Last: {}\nLast: {}", r"(?s)Last stands twice.*two.yaml., line 2"),
        ("two", "Last: {Use: task, Retries: []}", r"Last: no fields of a state: \['Retries'\]"),
        ("two", "Last: {Type: Choice, Choices: [{Next: First}]}", "Last: each rule needs Says"),
        ("two", "", "two.yaml: not a mapping"),
        ("three", "Third: {}", r"the stages are not the folder's files: \['three'\]"),
        ("flow", "{StartAt: First, Stages: {one: a}}", r"not the folder's files: \['two'\]"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, file: str, text: str, says: str) -> None:
    with pytest.raises(FlowError, match=says):
        compiled(tmp_path, **{file: text})


def test_broken_yaml_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(yaml.YAMLError, match=r"one\.yaml"):
        compiled(tmp_path, one="First: {")


def test_what_fits_stands_on_one_line() -> None:
    value = {"a": {"b": [1, {"c": "ü"}]}, "long": ["x" * 50, "y" * 50], "last": None}
    text = written(value)
    assert json.loads(text) == value
    assert text.splitlines() == [
        "{",
        '  "a": { "b": [1, {"c": "ü"}] },',
        '  "long": [',
        f'    "{"x" * 50}",',
        f'    "{"y" * 50}"',
        "  ],",
        '  "last": null',
        "}",
    ]
