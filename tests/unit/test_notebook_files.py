"""The notebooks as they are committed: without outputs, and with what executes them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").rglob("*.ipynb"))


def read(path: Path) -> dict[str, Any]:
    notebook: dict[str, Any] = json.loads(path.read_text())
    return notebook


def named(path: Path) -> str:
    return path.parent.parent.name + "-" + path.stem


def test_there_are_notebooks() -> None:
    assert {"train", "tune", "explore"} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    code = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_can_be_given_parameters(path: Path) -> None:
    notebook = read(path)
    assert notebook["metadata"]["kernelspec"]["language"] == "python"
    tags = [tag for cell in notebook["cells"] for tag in cell["metadata"].get("tags", ())]
    assert tags == ["parameters", "result"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_names_no_account_and_no_machine(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b\d{12}\b|127\.0\.0\.1|localhost|arn:aws|/home/|/root/", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_an_endpoint_is_removed_in_finally(path: Path) -> None:
    cells = ["".join(cell["source"]) for cell in read(path)["cells"]]
    for cell in cells:
        if ".deploy(" in cell:
            assert re.search(r"^finally:\n    endpoints\.remove\(", cell, re.MULTILINE)


@pytest.mark.parametrize(
    ("folder", "dataset"), [("334-label", "ic-multi-label"), ("50-label", "50-label-rs96")]
)
def test_each_dataset_has_notebooks_of_its_own(folder: str, dataset: str) -> None:
    found = [path for path in NOTEBOOKS if folder in path.parts]
    assert {path.stem for path in found} == {"train", "tune"}
    for path in found:
        cells = ["".join(cell["source"]) for cell in read(path)["cells"]]
        parameters = next(cell for cell in cells if cell.startswith("STACK"))
        assert f'DATASET = "{dataset}"' in parameters
        assert "num_classes=len(dataset.labels)" in "".join(cells)
