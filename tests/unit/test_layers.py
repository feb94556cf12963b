"""The table of docs/architecture.md says what import-linter's contracts say."""

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]


def table() -> dict[str, str]:
    """Return package → what it imports, row by row."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    body = text.partition("| package | holds | imports |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in body.splitlines()]
    return {name.strip("`"): imports for names, _, imports in rows for name in names.split(", ")}


def test_the_layers_are_the_tables_rows_in_its_order() -> None:
    layers = next(c for c in CONTRACTS if c["type"] == "layers")["layers"]
    packages = [re.split(" [|:] ", layer) for layer in reversed(layers)]
    documented = [name for name in table() if "/" not in name]
    assert documented == [name for layer in packages for name in layer]


def test_every_package_is_in_the_table() -> None:
    there = {path.parent.name for path in (ROOT / "tagline").glob("*/__init__.py")}
    assert there == {name for name in table() if "/" not in name}


def test_a_container_is_forbidden_all_that_its_row_does_not_name() -> None:
    packages = {name for name in table() if "/" not in name}
    for name in ("im2rec", "trainer", "server"):
        allowed = set(re.findall(r"`(\w+)`", table()[f"containers/{name}"]))
        contract = next(c for c in CONTRACTS if c.get("source_modules") == [name])
        forbidden = set(contract["forbidden_modules"])
        assert {f"tagline.{package}" for package in packages - allowed} <= forbidden
        assert not {f"tagline.{package}" for package in allowed} & forbidden
        assert {"functions", "im2rec", "trainer", "server"} - {name} <= forbidden


def test_the_layer_knows_every_service_that_a_function_calls() -> None:
    """It leaves out the rest of botocore, which fails where a client is made, not before."""
    source = (ROOT / "tagline/aws/clients.py").read_text(encoding="utf-8")
    made = set(re.findall(r'boto3\.client\("([a-z-]+)"', source))
    kept = re.search(r"^SERVICES := (.*)$", (ROOT / "layer/Makefile").read_text(), re.MULTILINE)
    assert kept is not None
    assert made <= set(kept[1].split())
