"""EASE in closed form, what a part scores, and how validation picks."""

from pathlib import Path

import numpy as np
import pytest

from recommender import ease
from recommender.choosing import Recipe, best_decay, pick, recipes
from recommender.data import Histories
from recommender.dataset import read
from recommender.judges import Judges
from recommender.parts import Ease, Network, standard
from tagline.ranking.lists import Judged, lists
from tests.unit.recommender_world import write_channels


def histories(seed: int = 0, users: int = 40, items: int = 9) -> tuple[Histories, np.ndarray]:
    rng = np.random.default_rng(seed)
    matrix = rng.random((users, items)) < 0.4
    who, what = np.nonzero(matrix)
    return Histories.of(who, what, users), matrix.astype(np.float64)


def test_a_gram_matrix_counts_pairs() -> None:
    some, matrix = histories()
    assert np.array_equal(ease.gram(some, 9), matrix.T @ matrix)


def test_ease_is_the_best_matrix_without_a_diagonal() -> None:
    """A column is the ridge regression of an item on all others, which is solved directly."""
    some, matrix = histories()
    together = matrix.T @ matrix
    found = ease.ease(ease.gram(some, 9), 3.0).matrix
    penalty = np.diag(np.diagonal(together)) + 3.0 * np.eye(9)  # a half is hidden: once the counts
    for item in range(9):
        others = np.delete(np.arange(9), item)
        inner = (together + penalty)[np.ix_(others, others)]
        assert found[others, item] == pytest.approx(
            np.linalg.solve(inner, together[others, item]), abs=1e-4
        )
        assert found[item, item] == 0


@pytest.mark.parametrize("items", [1, 255, 256, 600])
def test_a_matrix_is_inverted_in_its_own_place(items: int) -> None:
    rng = np.random.default_rng(items)
    rated = (rng.random((900, items)) < 0.1).astype(np.float32)
    matrix = rated.T @ rated + 30 * np.eye(items, dtype=np.float32)
    inverse = matrix.copy()
    ease.invert(inverse)
    assert inverse == pytest.approx(np.linalg.inv(matrix.astype(np.float64)), abs=1e-6)


def test_regularizations_grow_with_the_data_and_are_fewer_of_many_items() -> None:
    assert list(ease.choices(np.full(10, 80.0))) == [80, 240, 800, 2400]
    assert list(ease.choices(np.ones(15_000))) == [10]


def test_an_older_item_weighs_less() -> None:
    part = Ease(np.eye(4, dtype=np.float32))
    found = part.scores([np.array([2, 0]), np.array([3])], (1.0, 0.5))
    assert found.tolist() == [
        [[1, 0, 1, 0], [0, 0, 0, 1]],
        [[1, 0, 0.5, 0], [0, 0, 0, 1]],
    ]


def test_a_network_sees_histories_of_length_one() -> None:
    rng = np.random.default_rng(0)
    first, bias, second, last = (
        rng.random(shape).astype(np.float32) for shape in ((5, 3), (3,), (3, 5), (5,))
    )
    part = Network("multdae", first, bias, second, last, tanh=True)
    (found,) = part.scores([np.array([1, 4])], (1.0,))
    hidden = np.tanh(part.encoder[[1, 4]].sum(axis=0) / np.sqrt(2) + part.encoder_bias)
    assert found[0] == pytest.approx(hidden @ part.decoder + part.decoder_bias, rel=1e-5)


def test_standard_scores_of_equal_ones_are_nothing() -> None:
    found = standard(np.array([[1, 2, 3], [5, 5, 5]], np.float32))
    assert found[0] == pytest.approx([-1.2247, 0, 1.2247], rel=1e-3)
    assert found[1].tolist() == [0, 0, 0]


def test_what_float32_rounds_is_not_made_large() -> None:
    """One user, or users who rated everything: all scores are equal but for their last bits."""
    rounded = np.full((1, 50), 0.7, np.float32)
    rounded[0, ::3] = np.nextafter(np.float32(0.7), np.float32(1))
    assert np.abs(standard(rounded)).max() < 1e-3


def test_validation_finds_the_planted_structure(tmp_path: Path) -> None:
    write_channels(tmp_path)
    dataset = read(tmp_path)
    judges = Judges.of(dataset, 0)
    part = ease.ease(ease.gram(dataset.train, len(dataset.items)), 5)
    tried = best_decay(part, judges, (1.0, 0.9))
    popular = np.bincount(dataset.trained, minlength=len(dataset.items)).astype(np.float32)
    assert tried.ndcg > 1.3 * judges.ndcg(np.tile(popular, (len(judges), 1)))
    (alone,) = recipes([tried], judges, dataset.trained)
    assert alone.ndcg >= tried.ndcg
    each = recipes([tried, tried], judges, dataset.trained)
    assert [recipe.name for recipe in each] == ["ease", "ease", "blend"]
    assert pick(each).name == "blend"


def test_the_judges_figure_is_that_of_the_lists(tmp_path: Path) -> None:
    write_channels(tmp_path)
    judges = Judges.of(read(tmp_path), 0)
    scores = np.random.default_rng(0).random(judges.seen.shape).astype(np.float32)
    found = lists(
        Judged(row, np.flatnonzero(seen), np.flatnonzero(relevant))
        for row, seen, relevant in zip(scores, judges.seen, judges.relevant, strict=True)
    )
    assert judges.each(scores) == pytest.approx(found.ndcg())


def recipe(name: str, each: list[float]) -> Recipe:
    return Recipe(name, (1.0,), (1.0,), 0.0, 0.2, np.array(each))


def test_the_blend_is_left_only_for_what_is_clearly_better() -> None:
    blend = recipe("blend", [0.5] * 10)
    lucky = recipe("multdae", [1.0, *[0.5] * 8, 0.1])
    better = recipe("multdae", [0.6] * 10)
    assert pick([lucky, blend]).name == "blend"
    assert pick([better, blend]).name == "multdae"


def test_where_nobody_judges_all_is_as_usual(tmp_path: Path) -> None:
    write_channels(tmp_path)
    dataset = read(tmp_path)
    nobody = Judges((), *np.zeros((2, 0, len(dataset.items)), np.bool_))
    part = ease.ease(ease.gram(dataset.train, len(dataset.items)), 5)
    tried = best_decay(part, nobody, (1.0, 0.9))
    found = pick(recipes([tried, tried], nobody, dataset.trained))
    assert (found.name, found.shares, found.decays, found.trend) == ("blend", (0.5, 0.5), (1, 1), 0)
    assert np.isnan(found.ndcg)
