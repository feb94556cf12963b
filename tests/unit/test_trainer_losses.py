"""The losses in numpy, against what their papers write down."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainer.labels import LabelCounts
from trainer.losses import loss_of
from trainer.schedule import class_weights, positive_weights, prior_bias


class Numpy:
    """Operations on numpy's arrays, in double precision."""

    abs, exp, log = staticmethod(np.abs), staticmethod(np.exp), staticmethod(np.log)

    def constant(self, values: NDArray[np.float32]) -> Any:
        return values.astype(np.float64)

    def relu(self, x: Any) -> Any:
        return np.maximum(x, 0)

    def softplus(self, x: Any) -> Any:
        return np.logaddexp(0, x)

    def sigmoid(self, x: Any) -> Any:
        return np.exp(-np.logaddexp(0, -x))

    def log_softmax(self, x: Any) -> Any:
        return x - np.logaddexp.reduce(x, axis=1, keepdims=True)


LABELS = np.array([[1, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 0]], np.uint8)
LOGITS = np.array([[2.0, -3.0, 0.5], [-0.2, -4.0, 1.5], [0.0, 4.0, -6.0], [-2.0, 1.0, 3.0]])


ONES = np.eye(3, dtype=np.uint8)[[0, 2, 0, 1]]  # of images with a single label


def losses(
    loss: str, logits: Any, truth: Any, smoothing: float = 0.0, *, single: bool = False
) -> Any:
    asked: Any = SimpleNamespace(loss=loss, label_smoothing=smoothing, single=single)
    return loss_of(asked, LabelCounts.of(ONES if single else LABELS), Numpy())(logits, truth)


def test_the_cross_entropy() -> None:
    p = 1 / (1 + np.exp(-LOGITS))
    wanted = -np.where(LABELS, np.log(p), np.log(1 - p))
    np.testing.assert_allclose(losses("bce", LOGITS, LABELS), wanted)


def test_a_weighted_positive_counts_more_and_a_negative_as_before() -> None:
    plain, weighted = losses("bce", LOGITS, LABELS), losses("weighted", LOGITS, LABELS)
    factor = np.where(LABELS, positive_weights(LabelCounts.of(LABELS)).astype(float), 1.0)
    np.testing.assert_allclose(weighted, factor * plain)
    assert factor.max() > 1


def test_the_asymmetric_loss_is_the_papers() -> None:
    """Ridnik et al. 2021, with gamma+ = 0, gamma- = 4 and m = 0.05."""
    p = 1 / (1 + np.exp(-LOGITS))
    beyond = np.maximum(p - 0.05, 0)
    wanted = np.where(LABELS, -np.log(p), -(beyond**4) * np.log(1 - beyond))
    np.testing.assert_allclose(losses("asymmetric", LOGITS, LABELS), wanted)
    assert (losses("asymmetric", np.array([[-4.0]]), np.zeros((1, 1))) == 0).all()


@pytest.mark.parametrize("loss", ["bce", "weighted", "asymmetric"])
def test_smoothing_draws_the_truth_to_the_labels_frequencies(loss: str) -> None:
    frequencies = np.array([[0.75, 0.25, 0.25]])
    wanted = losses(loss, LOGITS, 0.9 * LABELS + 0.1 * frequencies)
    np.testing.assert_allclose(losses(loss, LOGITS, LABELS, 0.1), wanted, rtol=1e-6)


@given(st.floats(-1e4, 1e4), st.sampled_from([0, 1]), st.sampled_from(["bce", "asymmetric"]))
def test_no_logit_overflows_and_no_loss_is_below_nothing(x: float, z: int, loss: str) -> None:
    found = losses(loss, np.array([[x]]), np.array([[z]]))
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def test_the_loss_of_a_single_label_is_the_cross_entropy_of_softmax() -> None:
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    found = losses("bce", LOGITS, ONES, single=True)
    np.testing.assert_allclose(found.sum(axis=1), -np.log(p[ONES > 0]))
    weights = class_weights(LabelCounts.of(ONES))
    weighted = losses("weighted", LOGITS, ONES, single=True)
    np.testing.assert_allclose(weighted, weights * found, rtol=1e-6)


def test_a_rare_label_weighs_by_the_root_and_all_images_as_much_as_before() -> None:
    counts = [400, 100, 25, 1, 0]
    labels = np.repeat(np.eye(5, dtype=np.uint8), counts, axis=0)
    weights = class_weights(LabelCounts.of(labels))
    np.testing.assert_allclose(weights / weights[0], [1, 2, 4, 10, 10], rtol=1e-6)
    assert (labels @ weights).mean() == pytest.approx(1)


@pytest.mark.parametrize("loss", ["bce", "weighted"])
def test_smoothing_draws_a_single_label_to_the_frequencies(loss: str) -> None:
    frequencies = np.array([[0.5, 0.25, 0.25]])
    wanted = losses(loss, LOGITS, 0.9 * ONES + 0.1 * frequencies, single=True)
    np.testing.assert_allclose(losses(loss, LOGITS, ONES, 0.1, single=True), wanted, rtol=1e-6)


def test_the_last_layer_begins_at_the_frequencies() -> None:
    bias = prior_bias(LabelCounts.of(ONES), single=True)
    np.testing.assert_allclose(np.exp(bias) / np.exp(bias).sum(), [0.5, 0.25, 0.25])
