"""What the laptop cloud asks of a key before it makes an event of an object."""

import json
from typing import Any

import pytest

from local.event_listeners import told_by_key

S3 = ["aws.s3"]


def pattern(**detail: Any) -> str:
    return json.dumps({"source": S3, "detail-type": ["Object Created"], "detail": detail})


def test_a_rule_is_asked_about_source_and_key_alone() -> None:
    key = [{"wildcard": "*/lists/*"}, "a"]
    told = told_by_key(pattern(bucket={"name": ["b"]}, object={"key": key, "size": [1]}))
    assert told == json.dumps({"source": S3, "detail": {"object": {"key": key}}})


@pytest.mark.parametrize(
    "detail",
    [
        {"bucket": {"name": ["b"]}},
        {"object": {"size": [1]}},
        {"$or": [{"object": {"key": ["a"]}}, {"object": {"size": [1]}}]},
    ],
)
def test_a_rule_that_asks_nothing_of_the_key_may_be_for_each(detail: Any) -> None:
    assert told_by_key(pattern(**detail)) == json.dumps({"source": S3})


@pytest.mark.parametrize("text", ["{", "[]", "null", "{}", '{"account": ["1"]}', '{"detail": []}'])
def test_what_cannot_be_told_by_either_may_be_for_each(text: str) -> None:
    assert told_by_key(text) is None
