"""Lists of recommendations against scikit-learn's figures, examples by hand, and rules."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.ranking.bootstrap import gain
from tagline.ranking.groups import groups
from tagline.ranking.lists import InvalidRanking, Judged, Lists, lists, order
from tagline.ranking.popularity import popularity, trend

NONE = np.zeros(0, np.int64)


def users(seed: int, count: int = 20, items: int = 60) -> list[Judged]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        places = rng.permutation(items)
        seen, relevant = int(rng.integers(0, 20)), int(rng.integers(1, 15))
        found.append(Judged(rng.random(items), places[:seen], places[seen : seen + relevant]))
    return found


def test_figures_are_those_of_scikit_learn() -> None:
    told = json.loads((Path(__file__).parent / "golden/ranking.json").read_text())["users"]
    found = lists(
        Judged(
            np.array(user["scores"]),
            np.array(user["left_out"], int),
            np.array(user["relevant"]),
        )
        for user in told
    )
    for k in (1, 5, 10):
        assert found.ndcg(k) == pytest.approx([user["ndcg"][str(k)] for user in told])
    assert found.precision == pytest.approx([user["precision"] for user in told])


def test_an_example_by_hand() -> None:
    scores = np.array([5.0, 4, 3, 2, 1])
    found = lists([Judged(scores, np.array([0]), np.array([2, 4]))], depth=3)
    assert found.items.tolist() == [[1, 2, 3]]
    assert found.hits.tolist() == [[False, True, False]]
    assert found.recall(3)[0] == 0.5
    assert found.ndcg(3)[0] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert found.precision[0] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found.coverage(5, 1) == 0.2
    assert found.novelty(np.array([9, 4, 2, 1, 0]), 8, 2) == pytest.approx((1 + 2) / 2)


def test_equal_scores_stand_in_the_order_of_the_columns() -> None:
    assert order(np.ones(5), np.array([1])).tolist() == [0, 2, 3, 4]


def test_users_without_anything_relevant_are_left_away() -> None:
    assert len(lists([Judged(np.ones(3), NONE, NONE)])) == 0


def test_a_list_ends_where_nothing_is_left() -> None:
    found = lists([Judged(np.arange(4.0), np.array([3]), np.array([0]))], depth=5)
    assert found.items.tolist() == [[2, 1, 0, -1, -1]]
    assert found.novelty(np.full(4, 2), 4, 5) == 1
    assert found.coverage(4, 5) == 0.75


def test_nothing_relevant_is_left_out() -> None:
    with pytest.raises(InvalidRanking, match="cannot be relevant"):
        lists([Judged(np.ones(3), np.array([1]), np.array([1]))])


def test_a_score_that_is_no_number_is_named_unless_it_is_left_out() -> None:
    scores = np.array([1, np.nan, 3])
    with pytest.raises(InvalidRanking, match="item 1 is not a number"):
        order(scores, NONE)
    assert order(scores, np.array([1])).tolist() == [2, 0]


@given(st.integers(0, 1000), st.integers(1, 12))
def test_a_hit_that_rises_never_makes_a_list_worse(seed: int, k: int) -> None:
    (user,) = users(seed, 1, 30)
    rng = np.random.default_rng(seed)
    better = user.scores.copy()
    better[rng.choice(user.relevant)] += rng.random()
    before, after = lists([user]), lists([Judged(better, user.left_out, user.relevant)])
    for figure in ("ndcg", "recall"):
        was, now = getattr(before, figure)(k)[0], getattr(after, figure)(k)[0]
        assert 0 <= was <= now <= 1 + 1e-12
    assert before.precision[0] <= after.precision[0] + 1e-12


@given(st.integers(0, 1000))
def test_all_that_is_relevant_first_is_a_perfect_list(seed: int) -> None:
    (user,) = users(seed, 1)
    scores = user.scores.copy()
    scores[user.relevant] += 2
    found = lists([Judged(scores, user.left_out, user.relevant)])
    assert found.ndcg()[0] == pytest.approx(1)
    assert found.precision[0] == 1
    assert not np.isin(found.items[0], user.left_out).any()


def test_popularity_counts_and_a_trend_counts_what_is_new() -> None:
    items = np.array([0, 0, 0, 1, 1])
    assert popularity(items, 3).tolist() == [3, 2, 0]
    lately = trend(items, 3, 0.2)
    assert lately[1] > lately[0] > lately[2] == 0
    assert trend(items, 3, 1e9) == pytest.approx(popularity(items, 3))
    assert trend(NONE, 2, 1).tolist() == [0, 0]


@given(st.lists(st.integers(1, 500), min_size=1, max_size=50))
def test_each_user_is_in_one_group(lengths: list[int]) -> None:
    found = list(groups(np.array(lengths)))
    assert (np.sum([inside for _, inside in found], axis=0) == 1).all()
    assert all(inside.any() for _, inside in found)


def test_groups_are_named_by_the_length_of_the_history() -> None:
    found = {name: inside.tolist() for name, inside in groups(np.array([4, 5, 9, 700]))}
    assert found == {
        "1-4": [True, False, False, False],
        "5-9": [False, True, True, False],
        "200 or more": [False, False, False, True],
    }


def test_a_gain_of_every_user_is_certain_and_one_of_nobody_is_not() -> None:
    some = np.linspace(0, 0.5, 40)
    better, same = gain(some + 0.1, some), gain(some, some)
    assert better is not None
    assert same is not None
    assert (better.value, better.low, better.bound) == pytest.approx((0.1, 0.1, 0.1))
    assert better.probability > 0.99
    assert same.value == 0
    assert same.probability == pytest.approx(0.5, abs=0.01)
    assert gain(some[:1], some[:1]) is None
    with pytest.raises(InvalidRanking):
        gain(some, some[:3])


def test_an_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        found = gain(rng.normal(0.1, 0.3, 60), np.zeros(60))
        assert found is not None
        held += found.low <= 0.1 <= found.high
    assert 178 <= held <= 198  # 95 % of 200, as far as chance goes


def test_an_empty_set_of_lists_has_no_figures() -> None:
    none = lists([])
    assert isinstance(none, Lists)
    assert none.ndcg().shape == (0,)
    assert np.isnan(none.novelty(np.ones(3, int), 3))
    assert np.isnan(none.coverage(0))
