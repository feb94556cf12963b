"""When training is told to end."""

import time

import pytest

from trainer.watch import EndedEarly, Watch, kept_for_the_end


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(("runtime", "kept"), [(60, 15), (1000, 50), (86_400, 300)])
def test_some_of_the_time_is_kept_for_the_export(runtime: int, kept: float) -> None:
    assert kept_for_the_end(runtime) == kept


def test_time_counts_with_what_was_spent_before(clock: list[float]) -> None:
    one = Watch(1000)
    one.check()
    clock[0] += 900
    one.check()
    one.carry(49)
    one.check()
    one.carry(51)
    assert one.spent == 951
    with pytest.raises(EndedEarly, match="max_runtime"):
        one.check()


def test_without_a_limit_time_does_not_count(clock: list[float]) -> None:
    one = Watch(None)
    clock[0] += 1e9
    one.check()
