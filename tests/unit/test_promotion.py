"""Whether a challenger takes the champion's place."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tagline.formats.outcomes import Decision
from tagline.formats.settings import Promotion
from tagline.serving.promotion import decide
from tests.unit.documents import OTHER, metrics

unit = st.floats(0, 1)


def judge(
    challenger: float | None, champion: float | None, *, margin: float = 0.0, minimum: float = 0.0
) -> Decision:
    run = None if champion is None else OTHER
    rule = Promotion(margin=margin, minimum_map=minimum)
    return decide(metrics(challenger, champion), run, rule)


def test_the_first_model_is_promoted_with_its_number_in_the_reason() -> None:
    assert judge(0.41, None) == Decision(
        promote=True,
        reason="mAP 0.4100, and there is no champion to beat",
        challenger_map=0.41,
        champion_map=None,
    )


@pytest.mark.parametrize(("minimum", "promoted"), [(0.4, True), (0.41, True), (0.42, False)])
def test_the_minimum_may_be_met_exactly(minimum: float, promoted: bool) -> None:
    decision = judge(0.41, None, minimum=minimum)
    assert decision.promote is promoted
    assert promoted or f"below promotion.minimum_map, {minimum:.4f}" in decision.reason


@pytest.mark.parametrize(
    ("challenger", "margin", "promoted"),
    [(0.5, 0.0, False), (0.51, 0.0, True), (0.51, 0.01, False), (0.53, 0.02, True)],
)
def test_a_champion_must_be_beaten_by_more_than_the_margin(
    challenger: float, margin: float, promoted: bool
) -> None:
    decision = judge(challenger, 0.5, margin=margin)
    assert decision.promote is promoted
    assert (decision.challenger_map, decision.champion_map) == (challenger, 0.5)
    verb = "beats" if promoted else "does not beat"
    against = f"mAP {challenger:.4f} {verb} the champion's 0.5000 ({OTHER})"
    needed = f" by more than promotion.margin, {margin:.4f}" if margin else ""
    assert decision.reason == against + needed


AGAINST = f"the champion's 0.5000 ({OTHER})"


@pytest.mark.parametrize(
    ("challenger", "champion", "rule", "expected"),
    [
        (None, 0.5, {}, (False, "The challenger has no mAP: no label has an example")),
        (math.nan, 0.5, {}, (False, "The challenger has no mAP: no label has an example")),
        (math.inf, 0.5, {}, (False, "The challenger has no mAP: no label has an example")),
        (
            0.4,
            None,
            {"minimum": 0.45},
            (False, "mAP 0.4000 is below promotion.minimum_map, 0.4500"),
        ),
        (0.4, None, {}, (True, "mAP 0.4000, and there is no champion to beat")),
        (0.6, 0.5, {}, (True, f"mAP 0.6000 beats {AGAINST}")),
        (0.5, 0.5, {}, (False, f"mAP 0.5000 does not beat {AGAINST}")),
        (
            0.6,
            0.5,
            {"margin": 0.05},
            (True, f"mAP 0.6000 beats {AGAINST} by more than promotion.margin, 0.0500"),
        ),
        (
            0.6,
            0.5,
            {"margin": 0.15},
            (False, f"mAP 0.6000 does not beat {AGAINST} by more than promotion.margin, 0.1500"),
        ),
    ],
)
def test_a_decision_says_why(
    challenger: float | None,
    champion: float | None,
    rule: dict[str, float],
    expected: tuple[bool, str],
) -> None:
    decision = judge(challenger, champion, **rule)
    assert (decision.promote, decision.reason) == expected


@pytest.mark.parametrize(("challenger", "promoted"), [(0.3, False), (0.4, False), (0.41, True)])
def test_the_first_champion_is_better_than_label_frequencies(
    challenger: float, promoted: bool
) -> None:
    decision = decide(replace(metrics(challenger, None), baseline_map=0.4), None, Promotion())
    assert decision.promote is promoted
    if not promoted:
        assert decision.reason == (
            f"mAP {challenger:.4f} is no better than label frequencies alone, 0.4000"
        )


def test_over_a_champion_the_frequencies_do_not_count() -> None:
    assert decide(replace(metrics(0.3, 0.2), baseline_map=0.4), OTHER, Promotion()).promote


def test_better_than_the_champion_but_below_the_minimum_stays_out() -> None:
    assert not judge(0.3, 0.2, minimum=0.35).promote


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_challenger_without_a_number_is_never_promoted(nothing: float | None) -> None:
    assert not judge(nothing, None).promote


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_champion_without_a_number_is_an_error(nothing: float | None) -> None:
    with pytest.raises(ValueError, match=f"champion {OTHER} has no mAP"):
        decide(metrics(0.5, nothing), OTHER, Promotion())


@given(unit, unit, unit, unit)
def test_a_promoted_challenger_is_never_worse(
    a: float, b: float, margin: float, low: float
) -> None:
    if judge(a, b, margin=margin, minimum=low).promote:
        assert a > b
        assert a >= low
