"""Rules on single labels that hold for any scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tagline.scores import reject, temperature
from tagline.scores.single import answers, best, hits


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores that add up to 1, of few distinct values, and truth."""
    images, labels = draw(st.integers(1, 20)), draw(st.integers(2, 7))
    weights = draw(arrays(np.float64, (images, labels), elements=st.sampled_from([1, 2, 3, 9])))
    classes = draw(arrays(np.int64, images, elements=st.integers(0, labels - 1)))
    return weights / weights.sum(axis=1, keepdims=True), np.eye(labels, dtype=np.uint8)[classes]


@given(judged())
def test_every_image_is_counted_once(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = pair
    found = answers(scores, truth)
    assert found.confusion.sum() == len(truth)
    assert found.support.tolist() == truth.sum(axis=0).tolist()
    assert found.top1 == pytest.approx(np.trace(found.confusion) / len(truth))
    assert found.macro_recall == pytest.approx(np.nanmean(found.recall))
    assert found.top5 is None or found.top5 >= found.top1


@given(judged(), st.randoms())
def test_the_order_of_images_does_not_matter(pair: tuple[np.ndarray, np.ndarray], random) -> None:  # type: ignore[no-untyped-def]
    scores, truth = pair
    order = list(range(len(truth)))
    random.shuffle(order)
    assert (answers(scores[order], truth[order]).confusion == answers(*pair).confusion).all()
    for asked in (0.5, 0.95):
        assert reject.choose(scores[order], truth[order], asked) == reject.choose(*pair, asked)


@given(judged())
def test_among_more_labels_are_more_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = pair
    classes, before = truth.argmax(axis=1), np.zeros(len(truth), bool)
    assert (hits(scores, classes, 1) == (best(scores) == classes)).all()
    for most in range(1, scores.shape[1] + 1):
        now = hits(scores, classes, most)
        assert (now >= before).all()
        before = now
    assert before.all()


@given(judged(), st.floats(0.1, 10))
def test_no_temperature_moves_a_label_past_another(
    pair: tuple[np.ndarray, np.ndarray], warmth: float
) -> None:
    scores, truth = pair
    moved = temperature.scaled(scores, warmth)
    np.testing.assert_allclose(moved.sum(axis=1), 1, atol=1e-5)
    assert (best(moved) == best(scores)).all()
    assert temperature.COLDEST <= temperature.fit(scores, truth) <= temperature.HOTTEST


@given(judged())
def test_the_temperature_is_better_than_any_other(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = pair
    images, labels = truth.shape
    target = (images * truth + 1 / labels) / (images + 1)

    def loss(warmth: float) -> float:
        logs = np.log(temperature.softmax(temperature.logarithms(scores) / warmth))
        return float(-(target * logs).sum())

    found = temperature.fit(scores, truth)
    assert all(loss(found) <= loss(other) + 1e-6 for other in (0.05, 0.3, 1, 3, 20))


@given(judged(), st.floats(0, 1))
def test_the_reject_option_keeps_its_word_where_it_was_chosen(
    pair: tuple[np.ndarray, np.ndarray], asked: float
) -> None:
    scores, truth = pair
    threshold = reject.choose(scores, truth, asked)
    confidence, right = scores.max(axis=1), best(scores) == truth.argmax(axis=1)
    if threshold < reject.NEVER:
        told = reject.given(scores, truth, np.full(scores.shape[1], threshold))
        assert told.accuracy >= asked - 1e-6
    for lower in confidence[confidence < threshold]:  # no lower confidence would do
        assert right[confidence >= lower].mean() < asked
