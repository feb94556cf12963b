"""Script mode: a person's own script by SageMaker's SDK, unchanged."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.laptop import REPOSITORY
from tests.sdk.conftest import Program

EXAMPLE = REPOSITORY / "examples/script-mode"
pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's data, drawn as its README says."""
    if not (REPOSITORY / ".venvs/mxnet-training").is_dir():
        pytest.skip("no .venvs/mxnet-training: `make install` needs a C compiler for it")
    folder = tmp_path_factory.mktemp("pictures") / "shapes"
    subprocess.run([sys.executable, EXAMPLE / "draw.py", folder], check=True)
    return folder


def test_a_script_runs_unchanged(sdk_v2: Program, pictures: Path, tmp_path: Path) -> None:
    said = sdk_v2("script_mode.py", str(EXAMPLE / "source"), str(pictures), str(tmp_path))
    assert "\nCompleted\n" in said
    assert said.endswith("ok\n")
    assert (
        len(re.findall(r"MXNet 1\.9\.1 on Python 3\.11\.\d+, whatever framework_version", said))
        == 1
    )
    (accuracy,) = re.findall(r"validation:accuracy=(\d\.\d+)", said)
    assert float(accuracy) > 0.8
