"""The recommender's container: trains, is repeatable, fails clearly, and is evaluated."""

import csv
import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommender.running import Runner
from tagline.formats.document import decode, encode
from tagline.formats.recommender_card import RecommenderCard
from tagline.formats.recommending import (
    RatingsMetrics,
    RecommenderDescription,
    RecommenderSmoke,
)
from tagline.formats.trials import Trial, Trials
from tests.integration.recommender_jobs import (
    CHAMPION_RUN,
    RUN,
    command,
    environment,
    processing_job,
    run,
    training_job,
)
from tests.unit.recommender_world import ratings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    base = training_job(tmp_path_factory.mktemp("trained"))
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    return base, done.stdout


def test_the_log_tells_each_epoch_and_ends_with_the_figure(trained: tuple[Path, str]) -> None:
    _, said = trained
    epochs = re.findall(
        r"^epoch=(\d+) train:loss=[\d.]+ validation:ndcg_at_10=[\d.]+$", said, re.MULTILINE
    )
    assert epochs == [str(n) for n in range(1, len(epochs) + 1)]
    figures = re.findall(r"validation:ndcg_at_10=([\d.]+)", said)
    assert 0 < float(figures[-1]) <= 1
    assert said.rstrip().endswith("exported")


def test_the_models_files_say_what_they_are(trained: tuple[Path, str]) -> None:
    folder = trained[0] / "model"
    assert {path.name for path in folder.iterdir()} == {"items.csv", "model.json", "model.onnx"}
    made = decode((folder / "model.json").read_bytes(), RecommenderDescription, "model.json")
    with (folder / "items.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert made.run == RUN
    assert made.algorithm in made.candidates
    assert set(made.candidates) == {"ease", "multdae", "blend"}
    assert made.items == len(rows) == Runner((folder / "model.onnx").read_bytes()).items
    assert float(made.hyperparameters["regularization"]) > 0
    assert all(row["title"].startswith("<Item> ") for row in rows)


def test_the_model_knows_groups_and_excludes_and_is_popular_without_a_history(
    trained: tuple[Path, str],
) -> None:
    folder = trained[0] / "model"
    model = Runner((folder / "model.onnx").read_bytes())
    with (folder / "items.csv").open(newline="") as file:
        groups = [int(row["item"][1:]) // 6 for row in csv.DictReader(file)]
    for group in range(4):
        own = np.flatnonzero(np.array(groups) == group)
        found, scores = model.best(own[:3], own[:3], 3)
        assert len(set(found) & set(own[3:])) >= 2
        assert (np.diff(scores) <= 0).all()
    nothing = np.zeros(0, np.int64)
    popular, _ = model.best(nothing, nothing, 24)
    assert sorted(popular) == list(range(24))
    everything = np.arange(24)
    assert len(model.best(nothing, everything[:-1], 10)[0]) == 1


def test_the_same_seed_gives_the_same_bytes(trained: tuple[Path, str], tmp_path: Path) -> None:
    again = training_job(tmp_path)
    assert run("train", again).returncode == 0
    for name in ("model.onnx", "items.csv"):
        assert (again / "model" / name).read_bytes() == (trained[0] / "model" / name).read_bytes()


@pytest.mark.parametrize("algorithm", ["ease", "bpr"])
def test_one_algorithm_can_be_asked_for(tmp_path: Path, algorithm: str) -> None:
    base = training_job(tmp_path, algorithm=algorithm, epochs="40", learning_rate="0.01")
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    made = decode((base / "model/model.json").read_bytes(), RecommenderDescription, "model.json")
    assert (made.algorithm, set(made.candidates)) == (algorithm, {algorithm})
    assert made.ndcg_at_10 is not None
    assert made.ndcg_at_10 > 0.3  # chance is below 0.2


def test_a_failure_is_told_where_sagemaker_looks(tmp_path: Path) -> None:
    base = training_job(tmp_path, algorithm="svd")
    done = run("train", base)
    assert done.returncode == 1
    told = (base / "output/failure").read_text()
    assert told in done.stderr
    assert "algorithm is 'svd'; it must be one of auto, ease, multdae, bpr" in told


def test_a_validation_of_strangers_still_gives_a_model(tmp_path: Path) -> None:
    rows = ratings(12)
    strangers = [(f"new-{user}", *rest) for user, *rest in rows[int(len(rows) * 0.8) :]]
    base = training_job(tmp_path, [*rows[: int(len(rows) * 0.8)], *strangers])  # type: ignore[list-item]
    done = run("train", base)
    assert done.returncode == 0, done.stderr
    assert "no validation user has a history" in done.stdout
    made = decode((base / "model/model.json").read_bytes(), RecommenderDescription, "model.json")
    assert (made.algorithm, made.ndcg_at_10) == ("blend", None)


def test_sigterm_leaves_what_there_is(tmp_path: Path) -> None:
    base = training_job(tmp_path, epochs="1000", early_stopping_patience="0")
    with subprocess.Popen(
        command("train"), env=environment(base), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch=3 "):
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stdout.read()
        assert process.wait(60) == 143, rest
    made = decode((base / "model/model.json").read_bytes(), RecommenderDescription, "model.json")
    assert made.ended_early is not None
    assert "SIGTERM" in made.ended_early


@pytest.fixture(scope="module")
def evaluated(trained: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    popular = training_job(tmp_path_factory.mktemp("worse"), algorithm="multdae", epochs="1")
    assert run("train", popular).returncode == 0
    base = processing_job(tmp_path_factory.mktemp("evaluated"), trained[0], popular)
    trial = Trial(
        job="tune-1", hyperparameters={"hidden": "16"}, status="Completed", objective=0.5, seconds=9
    )
    trials = Trials(
        tuning_job="tune", metric="validation:ndcg_at_10", best="tune-1", trials=(trial,)
    )
    (base / "processing/input/trials").mkdir()
    (base / "processing/input/trials/trials.json").write_bytes(encode(trials))
    done = run("evaluate", base, TAGLINE_RUN=RUN, TAGLINE_CHAMPION_RUN=CHAMPION_RUN)
    assert done.returncode == 0, done.stderr
    return base / "processing/output"


def test_metrics_are_of_challenger_champion_and_popularity(evaluated: Path) -> None:
    found = decode((evaluated / "metrics.json").read_bytes(), RatingsMetrics, "metrics.json")
    assert found.run == RUN
    assert found.champion is not None
    assert found.champion.run == CHAMPION_RUN
    assert found.ndcg_at_10 is not None
    assert found.baseline.ndcg_at_10 is not None
    assert found.ndcg_at_10 > found.baseline.ndcg_at_10
    assert found.difference is not None
    assert found.difference.value == pytest.approx(
        found.ndcg_at_10 - (found.champion.ndcg_at_10 or 0), abs=2e-6
    )
    assert sum(group.users for group in found.groups) == found.users
    assert (found.items, found.ratings) == (24, 42)


def test_the_smoke_test_is_what_the_model_answers(
    evaluated: Path, trained: tuple[Path, str]
) -> None:
    smoke = decode((evaluated / "smoke.json").read_bytes(), RecommenderSmoke, "smoke.json")
    with (trained[0] / "model/items.csv").open(newline="") as file:
        columns = {row["item"]: n for n, row in enumerate(csv.DictReader(file))}
    model = Runner((trained[0] / "model/model.onnx").read_bytes())
    assert smoke.run == RUN
    assert smoke.histories[0].request.items == ()
    assert len(smoke.histories) == 4
    for asked in smoke.histories:
        history = np.array([columns[item] for item in asked.request.items], np.int64)
        items, scores = model.best(history, history, asked.request.top_k)
        assert [columns[item] for item in asked.items] == items.tolist()
        assert asked.scores == pytest.approx(scores.tolist(), abs=1e-5)


def test_the_report_and_the_card_are_for_people(evaluated: Path) -> None:
    page = (evaluated / "report.html").read_text()
    assert "<Item>" not in page
    assert "&lt;Item&gt; 3, of group 0" in page
    for words in (
        "Items and their neighbours",
        "Groups of users",
        "better with a probability of",
        "Trials",
    ):
        assert words in page
    assert "http" not in page.replace("http-equiv", "")
    card = decode((evaluated / "model_card.json").read_bytes(), RecommenderCard, "model_card.json")
    assert card.model.run == RUN
    assert any(
        "users of the test" in text or "is never recommended" in text for text in card.limits
    )


def test_an_evaluation_that_nobody_can_judge_is_refused(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    base = processing_job(tmp_path, trained[0])
    path = base / "processing/input/test/ratings.csv.gz"
    path.unlink()
    path.with_suffix("").write_text("user,item,rating,timestamp\nstranger,i1,1,5\n")
    done = run("evaluate", base)
    assert done.returncode == 1
    assert "no model could be judged" in (base / "output/message").read_text()


def test_a_champion_that_is_no_recommender_is_named(
    trained: tuple[Path, str], tmp_path: Path
) -> None:
    base = processing_job(tmp_path, trained[0], trained[0])
    path = base / "processing/input/champion/model.tar.gz"
    path.write_bytes(path.read_bytes()[:100])
    done = run("evaluate", base)
    assert done.returncode == 1
    assert "input 'champion'" in done.stderr
    assert "cannot be read as model.tar.gz" in done.stderr


def test_documents_are_json_of_finite_numbers(evaluated: Path) -> None:
    def refuse(text: str) -> Any:
        raise AssertionError(text)

    for name in ("metrics.json", "smoke.json", "model_card.json"):
        json.loads((evaluated / name).read_text(), parse_constant=refuse)
