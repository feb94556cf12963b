"""The notebooks, executed on a laptop cloud with a few hundred drawn images: `make notebooks`."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tagline.cli.cloud import RunningCloud
from tests.laptop import REPOSITORY
from tests.notebooks.drawn import COUNTS, put_dataset
from tests.notebooks.rated import USERS, put_ratings
from tests.sdk.conftest import cloud, printed  # noqa: F401 - fixtures

HERE = Path(__file__).parent
NOTEBOOKS = REPOSITORY / "notebooks"
LABELS = {"ic-multi-label": 7, "50-label-rs96": 5}
# few images, and few epochs of them; everything else is the notebooks' own
SMALL = {"EPOCHS": 6, "EVALUATED": 40}
TRAIN = {**SMALL, "LEARNING_RATE": 0.004, "MINI_BATCH_SIZE": 16}
TUNE = {
    **SMALL,
    "LEARNING_RATES": [0.002, 0.006],
    "MINI_BATCH_SIZES": [12, 24],
    "OPTIMIZERS": ["adam"],
}
RUNS: dict[str, dict[str, Any]] = {
    "334-label/resize-96/train": TRAIN,
    "334-label/resize-96/tune": TUNE,
    "50-label/resize-96/train": TRAIN,
    "50-label/resize-96/tune": TUNE,
    "explore": {"LOOKED_AT": 100},
    "recommender/explore": {},
    "recommender/train": {"EVALUATED": 40},
}
Cells = list[dict[str, Any]]


@pytest.fixture(scope="module")
def executed(
    cloud: RunningCloud,  # noqa: F811 - the fixture
    printed: dict[str, str],  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[Cells]]]:
    """The cells of each notebook, with their outputs; all of them side by side."""
    folder = tmp_path_factory.mktemp("notebooks")
    for seed, (dataset, labels) in enumerate(LABELS.items(), 1):
        put_dataset(cloud, folder, dataset, labels, seed)
    put_ratings(cloud, folder / "films", "films")

    def execute(name: str) -> Cells:
        target = folder / f"{name.replace('/', '-')}.ipynb"
        source, parameters = NOTEBOOKS / f"{name}.ipynb", json.dumps(RUNS[name])
        python = REPOSITORY / ".venvs/notebooks/bin/python"
        done = subprocess.run(
            [python, HERE / "execute.py", source, target, parameters],
            env=printed | {"IPYTHONDIR": str(folder / "ipython"), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        cells: Cells = json.loads(target.read_text())["cells"]
        return cells

    with ThreadPoolExecutor(len(RUNS)) as pool:
        yield {name: pool.submit(execute, name) for name in RUNS}


def result(cells: Cells) -> dict[str, Any]:
    """Return what the cell tagged `result` printed."""
    (cell,) = (cell for cell in cells if "result" in cell["metadata"].get("tags", ()))
    found: dict[str, Any] = json.loads("".join(cell["outputs"][-1]["text"]))
    return found


def pictures(cells: Cells) -> int:
    """Return how many pictures a notebook shows."""
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.cloud
@pytest.mark.laptop
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RUNS if "label" in name])
def test_a_notebook_trains_judges_and_removes_its_endpoint(
    executed: dict[str, Future[Cells]],
    cloud: RunningCloud,  # noqa: F811 - the fixture
    name: str,
) -> None:
    cells = executed[name].result()
    found = result(cells)
    dataset = "ic-multi-label" if name.startswith("334") else "50-label-rs96"
    assert found["dataset"] == dataset  # its own, and no other's
    assert found["labels"] == LABELS[dataset]
    assert found["answered"] == [LABELS[dataset]] * 3
    assert found["images"] == COUNTS["test"]  # type: ignore[index] # a Side is a string
    assert 0 < found["baseline_map"] < found["mAP"] <= 1
    assert pictures(cells) >= 4
    sagemaker = cloud.target.sagemaker
    job = sagemaker.describe_training_job(TrainingJobName=found["job"])
    assert job["HyperParameters"]["num_classes"] == str(LABELS[dataset])
    assert (
        sagemaker.list_endpoints(NameContains=found["endpoint"], StatusEquals="InService")[
            "Endpoints"
        ]
        == []
    )
    assert sagemaker.list_models(NameContains=found["endpoint"])["Models"] == []


@pytest.mark.cloud
@pytest.mark.laptop
@pytest.mark.slow
def test_the_data_is_looked_at(executed: dict[str, Future[Cells]]) -> None:
    cells = executed["explore"].result()
    found = result(cells)
    assert (found["dataset"], found["labels"], found["images"]) == ("ic-multi-label", 7, 100)
    assert pictures(cells) >= 4


@pytest.mark.cloud
@pytest.mark.laptop
@pytest.mark.slow
def test_ratings_are_looked_at(executed: dict[str, Future[Cells]]) -> None:
    cells = executed["recommender/explore"].result()
    found = result(cells)
    assert (found["dataset"], found["users"], found["items"]) == ("films", USERS, 24)
    assert pictures(cells) >= 3


@pytest.mark.cloud
@pytest.mark.laptop
@pytest.mark.slow
def test_a_recommender_is_trained_judged_and_removed(
    executed: dict[str, Future[Cells]],
    cloud: RunningCloud,  # noqa: F811 - the fixture
) -> None:
    cells = executed["recommender/train"].result()
    found = result(cells)
    assert found["dataset"] == "films"
    assert 10 < found["users"] <= 40
    assert 0 < found["popularity"] < found["ndcg_at_10"] <= 1
    assert found["answered"] == [10] * 4  # who is not known gets what is popular
    assert pictures(cells) >= 3
    sagemaker = cloud.target.sagemaker
    job = sagemaker.describe_training_job(TrainingJobName=found["job"])
    assert job["TrainingJobStatus"] == "Completed"
    assert sagemaker.list_endpoints(NameContains=found["endpoint"])["Endpoints"] == []
    assert sagemaker.list_models(NameContains=found["endpoint"])["Models"] == []
