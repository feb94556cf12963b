"""The channels' files become histories; what is wrong with one is said with its line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.data import Histories, Names, read_ratings, read_titles
from recommender.dataset import read
from recommender.hyperparameters import parse
from recommender.judges import Judges
from tests.unit.recommender_world import ratings, write_channel, write_channels, write_items
from trainer.contract import JobRefused


def test_rows_are_put_in_the_order_of_their_times(tmp_path: Path) -> None:
    write_channel(tmp_path, [("a", "x", "1", "30"), ("b", "y", "1", "10"), ("a", "z", "2", "20")])
    names = Names()
    found = read_ratings(tmp_path, "channel 'train'", names)
    told = list(names.items)
    assert [told[item] for item in found.items] == ["y", "z", "x"]


def test_rows_without_times_stay_as_they_are(tmp_path: Path) -> None:
    write_channel(tmp_path, [("a", "x", "1", "30"), ("b", "y", "1", ""), ("a", "z", "2", "20")])
    assert read_ratings(tmp_path, "channel 'train'", Names()).items.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "must begin with user,item,rating,timestamp"),
        (b"user,item,rating,timestamp\n", "holds no rating"),
        (b"user,item,rating,timestamp\na,b,1\n", "line 2: 3 columns, 4 are needed"),
        (b"user,item,rating,timestamp\na,b,1,then\n", "line 2: timestamp"),
        (b"user,item,rating,timestamp\na,\xff,1,2\n", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "ratings.csv").write_bytes(content)
    with pytest.raises(JobRefused, match=f"channel 'train'.*{why}"):
        read_ratings(tmp_path, "channel 'train'", Names())


def test_a_damaged_archive_and_a_missing_file_are_said(tmp_path: Path) -> None:
    with pytest.raises(JobRefused, match=r"has no file ratings\.csv"):
        read_ratings(tmp_path, "channel 'train'", Names())
    write_channel(tmp_path, ratings())
    path = tmp_path / "ratings.csv.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(JobRefused, match="cannot be read"):
        read_ratings(tmp_path, "channel 'train'", Names())


def test_titles_are_of_items_that_have_one(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text('item,title\na,"B, c"\nd,\n')
    assert read_titles(tmp_path, "channel 'items'") == {"a": "B, c"}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=40))
def test_a_history_has_each_item_once_where_it_was_last(pairs: list[tuple[int, int]]) -> None:
    users, items = np.array(pairs).T
    found = Histories.of(users, items, 5)
    for user in range(5):
        own = [item for who, item in pairs if who == user]
        newest = list(dict.fromkeys(reversed(own)))[::-1]
        assert found[user].tolist() == newest
    assert found.lengths.sum() == len(set(pairs))


def test_columns_are_the_most_rated_first_and_nothing_known_is_relevant(tmp_path: Path) -> None:
    write_channels(tmp_path)
    found = read(tmp_path)
    counts = np.bincount(found.rated, minlength=len(found.items))
    assert (np.diff(counts) <= 0).all()
    assert all(title.startswith("<Item> ") for title in found.titles)
    for user in range(len(found.train)):
        assert not set(found.train[user]) & set(found.relevant[user])
        assert set(found.train[user]) | set(found.relevant[user]) == set(found.everything[user])


def test_items_without_titles_need_no_channel(tmp_path: Path) -> None:
    write_channel(tmp_path / "train", ratings())
    write_channel(tmp_path / "validation", ratings(seed=1))
    assert set(read(tmp_path).titles) == {""}
    write_items(tmp_path / "items")
    assert "" not in read(tmp_path).titles


def test_judges_have_a_history_and_something_new(tmp_path: Path) -> None:
    write_channels(tmp_path)
    dataset = read(tmp_path)
    judges = Judges.of(dataset, seed=0)
    assert len(judges) == len(judges.seen) > 5
    assert judges.seen.any(axis=1).all()
    assert judges.relevant.any(axis=1).all()
    assert not (judges.seen & judges.relevant).any()
    perfect = judges.relevant.astype(np.float32)
    assert judges.ndcg(perfect) == pytest.approx(1)
    assert judges.ndcg(-perfect) < 0.3


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("algorithm", "svd", "one of auto, ease, multdae, bpr"),
        ("hidden", "7", "a whole number, 8 to 4096"),
        ("age_decay", "1.2", "0.5 to 1"),
        ("factors", "8", "is unknown; known are"),
    ],
)
def test_a_wrong_hyperparameter_is_named(name: str, value: str, why: str) -> None:
    with pytest.raises(JobRefused, match=f"{name}.*{why}"):
        parse({name: value})


def test_hyperparameters_have_defaults_and_the_tuners_own_are_passed_over() -> None:
    found = parse({"_tuning_objective_metric": "x", "sagemaker_region": "eu", "epochs": "5"})
    assert (found.algorithm, found.epochs, found.hidden) == ("auto", 5, None)
