"""Which trials the laptop's Hyperband stops early, and what the tuning job says of them."""

import statistics
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sagemaker.search import Resources, Search, read_search
from local.sagemaker.trials import best_first, counters, objective_counters, trial_summary, tried
from tests.unit.tuning_records import number, tuning


def hyperband(least: int, most: int, kind: str = "Maximize", seed: int = 3) -> Search:
    static = {"epochs": str(most)}
    record = tuning("Hyperband", kind, seed, static, Continuous=[number("0", "1")])
    return replace(read_search(record), resources=Resources(least, most))


@dataclass
class Trained:
    """The objective's values of each trial, one an epoch, and which of them were given up."""

    values: list[list[float]]
    stopped: list[int]


def train(search: Search, qualities: list[float]) -> Trained:
    """Train trials one after another; each epoch a trial comes nearer to its quality."""
    assert search.resources is not None
    done = Trained([], [])
    for i, quality in enumerate(qualities):
        done.values.append([])
        for epoch in range(1, search.resources.most + 1):
            done.values[i].append(quality * (1 - 0.5**epoch))
            if search.gives_up(done.values, i):
                done.stopped.append(i)
                break
    return done


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kind", "best"), [("Maximize", 30), ("Minimize", 1)])
def test_bad_trials_are_stopped_early_and_the_best_is_kept(kind: str, best: int, seed: int) -> None:
    qualities = [float(7 * i % 31) for i in range(1, 31)]  # 1 to 30, mixed
    done = train(hyperband(1, 27, kind, seed), qualities)
    assert len(done.stopped) >= 10
    assert qualities.index(best) not in done.stopped
    assert sum(map(len, done.values)) < 0.7 * 27 * len(qualities)
    kept = statistics.fmean(q for i, q in enumerate(qualities) if i not in done.stopped)
    stopped = statistics.fmean(qualities[i] for i in done.stopped)
    assert kept > stopped if kind == "Maximize" else kept < stopped
    assert {len(done.values[i]) for i in done.stopped} <= {1, 3, 9}


def test_one_that_is_worse_than_the_trials_before_it_is_stopped() -> None:
    search = hyperband(2, 5)  # one bracket, in which trials are compared after epoch 2
    assert not search.gives_up([[0.1, 0.2]], 0)  # there is nothing to compare it with
    assert not search.gives_up([[0.1, 0.2], [0.1]], 1)
    assert search.gives_up([[0.3, 0.2], [0.4, 0.1]], 1)
    assert not search.gives_up([[0.3, 0.2], [0.4, 0.1, 0.0]], 1)  # judged after epoch 2 alone
    assert not search.gives_up([[0.3, 0.1, 0.9], [0.1, 0.2]], 1)  # as they were after epoch 2
    assert search.gives_up([[0.1, 0.1], [0.3, 0.2], [0.4, 0.3]], 0)  # the order is of no matter
    minimize = hyperband(2, 5, "Minimize")
    assert not minimize.gives_up([[0.3, 0.2], [0.4, 0.1]], 1)
    assert minimize.gives_up([[0.3, 0.1], [0.1, 0.2]], 1)


@given(
    st.integers(1, 5),
    st.integers(0, 30),
    st.integers(0, 9),
    st.lists(st.lists(st.floats(-1, 1), min_size=36, max_size=36), min_size=1, max_size=8),
    st.data(),
)
@settings(max_examples=60, deadline=None)
def test_no_trial_is_stopped_before_its_least_nor_at_its_last_epoch_nor_the_best(
    least: int, more: int, seed: int, values: list[list[float]], data: st.DataObject
) -> None:
    search = hyperband(least, least + more, seed=seed)
    chosen = data.draw(st.integers(0, len(values) - 1))

    def given_up(epoch: int) -> bool:
        return search.gives_up(
            [item[:epoch] if i == chosen else item for i, item in enumerate(values)], chosen
        )

    assert not any(given_up(epoch) for epoch in range(least))
    assert not given_up(least + more)
    values[chosen] = [2.0] * 36
    assert not any(given_up(epoch) for epoch in range(1, least + more + 1))


def test_a_seed_repeats_what_is_stopped_and_another_deals_the_brackets_anew() -> None:
    qualities = [float(7 * i % 31) for i in range(1, 31)]
    stopped = [train(hyperband(1, 27, seed=seed), qualities).stopped for seed in (1, 1, 2)]
    assert stopped[0] == stopped[1]
    assert stopped[0] != stopped[2]


def test_a_trial_may_use_its_most_but_no_more() -> None:
    search = hyperband(1, 3)
    assert not search.exhausted([0.0] * 3)
    assert search.exhausted([0.0] * 4)
    assert not replace(search, strategy="Random", resources=None).exhausted([0.0] * 4)


def test_a_stopped_trial_counts_but_is_the_best_only_if_it_went_all_the_way() -> None:
    record = {**tuning("Hyperband"), "HyperParameterTuningJobName": "t"}

    def trial(name: str, status: str, value: float, **own: Any) -> dict[str, Any]:
        final = [{"MetricName": "score", "Value": value}]
        return {
            "TrainingJobName": name,
            "TrainingJobStatus": status,
            "FinalMetricDataList": final,
            "_TunedHyperParameters": {},
            **own,
        }

    trials = [
        trial("pruned", "Stopped", 0.9, _Pruned=True),
        trial("by-hand", "Stopped", 0.8),
        trial("whole", "Completed", 0.2),
        trial("exhausted", "Stopped", 0.3, _Pruned=False),
        trial("stopping", "Stopping", 0.7, _Pruned=True),
    ]
    ranked = [item["TrainingJobName"] for item in best_first(record, trials)]
    assert ranked == ["exhausted", "whole", "pruned"]
    assert [tried(record, item).value for item in trials] == [0.9, None, 0.2, 0.3, None]
    assert [tried(record, item).running for item in trials] == [False] * 4 + [True]
    assert counters(trials)["Stopped"] == 3
    assert objective_counters(record, trials) == {"Succeeded": 3, "Pending": 1, "Failed": 1}
    summary = trial_summary(record, trials[0])
    assert summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 0.9
    assert "_Pruned" not in summary
