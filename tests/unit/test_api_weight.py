"""What the tag function may load: its cold start is a caller's wait."""

import subprocess
import sys

import pytest

from tests.unit.api_world import ROOT

HEAVY = {"numpy", "yaml", "pydantic", "PIL", "typer", "rich", "moto"}
RESOLVER = {"aws_lambda_powertools.event_handler"}  # 90 ms for what six routes do not need


@pytest.mark.parametrize("function", ["tag", "datasets"])
def test_nothing_heavy_is_loaded(function: str) -> None:
    code = "import sys, app; print('\\n'.join(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "functions" / function,
        env={"PYTHONPATH": f"{ROOT}"},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    loaded = set(found.stdout.split())
    assert "tagline.api.boundary" in loaded
    assert not loaded & (HEAVY | RESOLVER)
    assert not {name for name in loaded if name.startswith("tagline.cli")}
