"""A caller's patience comes through SageMaker's custom attributes; other attributes say nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.waiting import patience_of, waiting


@given(st.floats(min_value=0, max_value=3600))
def test_what_is_written_is_read(seconds: float) -> None:
    assert patience_of(waiting(seconds)) == pytest.approx(seconds, abs=0.001)


@pytest.mark.parametrize("text", ["", "whatever", "wait=", "wait=-1", "wait=1e9", "a; wait=1"])
def test_other_attributes_say_nothing(text: str) -> None:
    assert patience_of(text) is None
