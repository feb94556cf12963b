"""The flow's states are all broken off somewhere; this one starts no cloud."""

import pytest

from tests.chaos.breaking import ELSEWHERE, STATES
from tests.chaos.flow import functions, working
from tests.chaos.test_killed_functions import ELSEWHERE as FUNCTIONS_ELSEWHERE
from tests.laptop import REPOSITORY

pytestmark = pytest.mark.brief


def test_a_new_state_is_broken_off_and_an_old_one_is_forgotten() -> None:
    """What is excused has to exist; whatever else does something has cases of its own."""
    assert set(ELSEWHERE) <= set(working())
    assert set(FUNCTIONS_ELSEWHERE) <= set(functions())
    text = (REPOSITORY / "docs/reliability.md").read_text()
    assert not [state for state in STATES if f"`{state}`" not in text]
