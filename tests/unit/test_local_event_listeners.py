"""What the laptop cloud asks of a key before it makes an event of an object."""

import json
from typing import Any

import pytest

from local.event_listeners import about_keys


def pattern(**detail: Any) -> str:
    return json.dumps({"source": ["aws.s3"], "detail": detail})


def test_a_rule_about_keys_is_asked_about_them_alone() -> None:
    key = [{"wildcard": "*/lists/*"}, "a"]
    asked = about_keys(pattern(bucket={"name": ["b"]}, object={"key": key, "size": [1]}))
    assert asked == json.dumps({"detail": {"object": {"key": key}}})


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "{", "[]", "null", '{"source": ["aws.s3"]}', '{"detail": {"object": []}}'),
        *(pattern(bucket={"name": ["b"]}), pattern(object={"size": [1]})),
        pattern(**{"$or": [{"object": {"key": ["a"]}}, {"object": {"size": [1]}}]}),
    ],
)
def test_what_asks_nothing_of_keys_may_be_for_every_one(text: str | None) -> None:
    assert about_keys(text) is None
