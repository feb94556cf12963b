"""Which former champions were rolled back from: a roll-back passes them over."""

import json
from typing import Any

import msgspec
import pytest

from tagline.cli.target import Target
from tagline.formats.outcomes import Champion, Order, Reign
from tagline.serving.ordering import OrderRefused
from tagline.serving.orders import former_of
from tagline.serving.reigns import rolled_back_from
from tests.unit.cli_stack import put, stack
from tests.unit.documents import champion

__all__ = ["stack"]
A, B, C = (f"demo-{digit * 16}" for digit in "abc")


def order(kind: str, why: str) -> Order:
    given: Any = kind
    return Order(kind=given, by="me", why=why, at="2026-11-12T02:07:00Z")


BACK, ON = order("rollback", "trying it"), order("promote", "right after all")


def history(*reigns: tuple[str, Order | None]) -> Champion:
    """Return the champion after these, oldest first, an hour each."""
    *before, (run, given) = reigns
    past = [
        Reign(run=name, since=f"2026-01-01T{at:02}:00:00Z", until=f"2026-01-01T{at + 1:02}:00:00Z",
              mAP=0.5, reason="won", order=by)
        for at, (name, by) in enumerate(before)
    ]  # fmt: skip
    created = f"2026-01-01T{len(past):02}:00:00Z"
    previous = past[-1].run if past else None
    return champion(
        run=run, created=created, order=given, previous=previous, before=tuple(past[::-1])
    )


@pytest.mark.parametrize(
    ("reigns", "gone"),
    [
        ([(A, None)], set()),
        ([(A, None), (B, None)], set()),
        ([(A, None), (B, None), (A, BACK)], {B}),
        ([(A, None), (B, None), (C, None), (B, BACK), (A, BACK)], {B, C}),
        ([(A, None), (B, None), (A, BACK), (B, ON)], set()),
        ([(A, None), (B, None), (A, BACK), (B, ON), (A, BACK)], {B}),
        ([(A, None), (B, None), (A, BACK), (C, None)], {B}),
    ],
)
def test_a_run_that_a_roll_back_ended_and_nobody_promoted_again(
    reigns: list[tuple[str, Order | None]], gone: set[str]
) -> None:
    assert set(rolled_back_from(history(*reigns))) == gone


def test_when_and_why_is_told() -> None:
    found = rolled_back_from(history((A, None), (B, None), (A, BACK)))[B]
    assert (found.at, found.by, found.why, found.to) == (
        "2026-01-01T02:00:00Z", "me", "trying it", A
    )  # fmt: skip


def serves(stack: Target, *reigns: tuple[str, Order | None]) -> None:
    found = history(*reigns)
    put(stack, "demo/champion.json", json.dumps({"format": 1, **_plain(found)}).encode())


def _plain(found: Champion) -> dict[str, Any]:
    return dict(msgspec.to_builtins(found))


@pytest.mark.parametrize(
    ("reigns", "former"),
    [
        ([(A, None), (B, None)], A),
        ([(A, None), (B, None), (C, None), (B, BACK)], A),
        ([(A, None), (B, None), (A, BACK), (C, None)], A),
        ([(A, None), (B, None), (A, BACK), (B, ON)], A),
    ],
)
def test_a_second_roll_back_goes_further_back(
    stack: Target, reigns: list[tuple[str, Order | None]], former: str
) -> None:
    serves(stack, *reigns)
    assert former_of(stack.bucket, "demo", None) == former


def test_a_roll_back_goes_not_forward_again(stack: Target) -> None:
    serves(stack, (A, None), (B, None), (A, BACK))
    with pytest.raises(OrderRefused) as refused:
        former_of(stack.bucket, "demo", None)
    said = str(refused.value)
    assert f"{B} was rolled back from at 2026-01-01 02:00 UTC ('trying it')" in said
    assert f"`tagline promote {B} --why …`" in said
    assert former_of(stack.bucket, "demo", B) == B  # by name it goes


def test_an_older_champion_names_none_before_it_but_the_previous(stack: Target) -> None:
    known = _plain(champion(run=A, previous=B)) | {"format": 1}
    put(stack, "demo/champion.json", json.dumps(known).encode())
    assert former_of(stack.bucket, "demo", None) == B
