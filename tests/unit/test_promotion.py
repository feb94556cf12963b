"""Whether a challenger takes the champion's place."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tagline.formats.models import Difference, LabelDrop, Metrics, ModelStart
from tagline.formats.outcomes import Decision
from tagline.formats.rows import Side
from tagline.formats.settings import Promotion
from tagline.serving.promotion import decide
from tests.unit.documents import OTHER, difference, metrics

unit = st.floats(0, 1)
FEW = "it takes 30 images to tell a model from dice, and these are 29"


def judge(challenger: float | None, champion: float | None, **rule: Any) -> Decision:
    run = None if champion is None else OTHER
    return decide(metrics(challenger, champion), run, Promotion(**rule))


def test_the_first_model_is_promoted_with_its_numbers_in_the_reason() -> None:
    assert judge(0.41, None) == Decision(
        promote=True,
        reason=(
            "mAP 0.4100 on 200 test images beats label frequencies alone, 0.0000, with a "
            "probability of 98.0% (95% interval +0.2050 to +0.6150), and there is no champion to "
            "beat"
        ),
        challenger_map=0.41,
        champion_map=None,
        metric="mAP",
        challenger_value=0.41,
        champion_value=None,
    )


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        (None, "to beat"),
        ("there is no champion", "to beat; training started from starter: there is no champion"),
    ],
)
def test_a_start_that_could_not_be_is_in_the_reason(instead: str | None, told: str) -> None:
    start = ModelStart(kind="starter", instead=instead)
    assert decide(replace(metrics(0.41, None), start=start), None, Promotion()).reason.endswith(
        told
    )


@pytest.mark.parametrize(("images", "told"), [(29, True), (30, False)])
def test_it_is_said_where_few_images_judged_a_first_model(images: int, told: bool) -> None:
    found = decide(replace(metrics(0.41, None), images=images), None, Promotion())
    assert found.promote
    assert (
        "it takes 30 images to tell a model from dice, and these are 29" in found.reason
    ) is told


@pytest.mark.parametrize(("images", "said"), [(1, "1 test image"), (29, "29 test images")])
def test_few_images_are_no_verdict_on_a_first_model(images: int, said: str) -> None:
    found = replace(metrics(1.0, None), images=images, baseline_map=1.0)
    assert decide(found, None, Promotion()).reason == (
        f"Too few images to tell: mAP 1.0000 on {said}, label frequencies alone, 1.0000; it takes "
        f"30 images to tell a model from dice, and these are {images}"
    )


@pytest.mark.parametrize(("images", "told"), [(29, True), (30, False)])
@pytest.mark.parametrize("better", [-0.1, 0.01])
def test_few_images_are_named_beside_a_champion(images: int, told: bool, better: float) -> None:
    found = metrics(0.5 + better, 0.5)
    apart = replace(difference(better), images=images, bound=-0.1, probability=0.6)
    reason = decide(replace(found, difference=apart), OTHER, Promotion()).reason
    assert reason.endswith(f"; {FEW}") is told


@pytest.mark.parametrize(("minimum", "promoted"), [(0.4, True), (0.41, True), (0.42, False)])
def test_the_minimum_may_be_met_exactly(minimum: float, promoted: bool) -> None:
    decision = judge(0.41, None, minimum_map=minimum)
    assert decision.promote is promoted
    assert promoted or f"below promotion.minimum_map, {minimum:.4f}" in decision.reason


@pytest.mark.parametrize(
    ("challenger", "margin", "promoted"),
    [(0.5, 0.0, False), (0.51, 0.0, True), (0.51, 0.02, False), (0.53, 0.02, True)],
)
def test_a_champion_must_be_beaten_by_more_than_the_margin(
    challenger: float, margin: float, promoted: bool
) -> None:
    decision = judge(challenger, 0.5, margin=margin)
    assert decision.promote is promoted
    assert (decision.challenger_map, decision.champion_map) == (challenger, 0.5)
    assert "without" not in decision.reason
    by = f" by more than promotion.margin, {margin:.4f}" if margin else ""
    assert decision.reason.startswith(
        f"{'Better' if promoted else 'Not better'}{by}: mAP {challenger:.4f} against the "
        f"champion's 0.5000 ({OTHER}), {challenger - 0.5:+.4f} on 200 test images"
    )
    assert promoted is ("with a probability of 98.0% (95% interval +0.0" in decision.reason)


@pytest.mark.parametrize(
    ("confidence", "bound", "probability", "promoted"),
    [
        (0.9, 0.001, 0.91, True),
        (0.9, -0.001, 0.89, False),
        (0.9, 0.001, 0.9, True),
        (0.9, 0.0, 0.9, False),
        (0.9, 0.001, 0.89, False),
        (0.99, 0.001, 0.91, False),
        (0.0, -0.2, 0.51, True),
    ],
)
@pytest.mark.parametrize("champion", [0.5, None])
def test_what_could_be_luck_is_no_proof(
    confidence: float, bound: float, probability: float, promoted: bool, champion: float | None
) -> None:
    sure = difference(0.02, bound=bound, probability=probability, confidence=confidence)
    found = metrics(0.52, champion)
    key = "difference" if champion else "over_frequencies"
    decision = decide(
        replace(found, **{key: sure}), OTHER if champion else None, Promotion(confidence=confidence)
    )
    assert decision.promote is promoted
    if not promoted:
        against = f"the champion's 0.5000 ({OTHER})" if champion else "label frequencies alone"
        assert decision.reason.startswith("Not proven better")
        assert against in decision.reason
        assert "on 200 test images" in decision.reason
        assert (
            f"with a probability of {probability:.1%} only (95% interval +0.0100 to +0.0300), "
            f"while promotion.confidence asks for {confidence:.1%}" in decision.reason
        )


@pytest.mark.parametrize(
    "unsure", [None, Difference(mAP=0.1, low=0.0, high=0.2, level=0.95, rounds=400)]
)
def test_what_was_not_measured_is_not_proven(unsure: Difference | None) -> None:
    """Two images, or a metrics.json of an older version."""
    found = replace(metrics(0.6, 0.5), difference=unsure)
    decision = decide(found, OTHER, Promotion())
    assert not decision.promote
    assert "how sure that is could not be measured" in decision.reason
    assert decide(found, OTHER, Promotion(confidence=0)).promote


def drops(*fell: float) -> Metrics:
    labels = (LabelDrop(label=f"label {n}", drop=drop, support=12) for n, drop in enumerate(fell))
    return replace(metrics(0.6, 0.5), drops=tuple(labels))


@pytest.mark.parametrize(
    ("most", "promoted"), [(None, True), (0.0, False), (0.2, False), (0.3, True), (1.0, True)]
)
def test_no_label_may_fall_too_far(most: float | None, promoted: bool) -> None:
    decision = decide(drops(0.1, 0.3), OTHER, Promotion(max_label_drop=most))
    assert decision.promote is promoted
    if not promoted:
        assert decision.reason.startswith(
            "A label fell too far: average precision of 'label 1' by 0.3000 on 12 images that have "
            f"it; promotion.max_label_drop allows {most:.4f} (mAP 0.6000"
        )


def test_where_no_label_fell_none_fell_too_far() -> None:
    assert decide(drops(), OTHER, Promotion(max_label_drop=0)).promote


def test_images_that_the_champion_knew_are_left_out_and_counted() -> None:
    found = replace(metrics(0.9, 0.5), difference=difference(0.02, images=50), left_out=150)
    decision = decide(found, OTHER, Promotion())
    assert decision.promote
    assert decision.reason.startswith(
        f"Better: mAP 0.5200 against the champion's 0.5000 ({OTHER}), +0.0200 on 50 test images, "
        "without 150 that the champion was trained on, with a probability of"
    )
    assert decision.challenger_map == 0.9
    assert not decide(found, OTHER, Promotion(margin=0.03)).promote


def test_a_challenger_that_was_not_compared_is_not_promoted() -> None:
    found = replace(metrics(0.9), not_compared="only 3 of the 50 test images were new to it")
    decision = decide(found, OTHER, Promotion(confidence=0))
    assert (decision.promote, decision.champion_map) == (False, None)
    assert decision.reason == (
        f"Not compared with the champion ({OTHER}): only 3 of the 50 test images were new to it"
    )


def test_it_is_said_where_the_validation_images_judged() -> None:
    found = replace(metrics(0.6, 0.5), judged_on=Side.VALIDATION)
    assert "on 200 validation images" in decide(found, OTHER, Promotion()).reason


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf])
@pytest.mark.parametrize("champion", [0.5, None])
def test_a_challenger_without_a_number_is_never_promoted(
    nothing: float | None, champion: float | None
) -> None:
    decision = judge(nothing, champion)
    assert not decision.promote
    assert decision.reason == "The challenger has no mAP: no label has an example"


@pytest.mark.parametrize(("challenger", "promoted"), [(0.3, False), (0.4, False), (0.41, True)])
def test_the_first_champion_is_better_than_label_frequencies(
    challenger: float, promoted: bool
) -> None:
    decision = decide(replace(metrics(challenger, None), baseline_map=0.4), None, Promotion())
    assert decision.promote is promoted
    if not promoted:
        assert decision.reason == (
            f"mAP {challenger:.4f} on 200 test images is no better than label frequencies alone, "
            "0.4000"
        )


def test_over_a_champion_the_frequencies_do_not_count() -> None:
    assert decide(replace(metrics(0.3, 0.2), baseline_map=0.4), OTHER, Promotion()).promote


def test_better_than_the_champion_but_below_the_minimum_stays_out() -> None:
    assert not judge(0.3, 0.2, minimum_map=0.35).promote


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_champion_without_a_number_is_an_error(nothing: float | None) -> None:
    with pytest.raises(ValueError, match=f"champion {OTHER} has no mAP"):
        decide(metrics(0.5, nothing), OTHER, Promotion())


@given(unit, unit, unit, unit, unit, unit)
def test_a_promoted_challenger_is_better_by_all_that_was_asked(
    a: float, b: float, margin: float, low: float, probability: float, confidence: float
) -> None:
    sure = difference(a - b, probability=probability, bound=probability - confidence)
    found = replace(metrics(a, b), difference=sure)
    rule = Promotion(margin=margin, minimum_map=low, confidence=confidence)
    promoted = decide(found, OTHER, rule).promote
    assert promoted == (
        a >= low and a - b > margin and (confidence == 0 or (probability > confidence))
    )
