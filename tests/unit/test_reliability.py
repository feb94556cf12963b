"""docs/reliability.md names tests that there are, and every case of tests/chaos."""

import ast
import re
from pathlib import Path

from tests.laptop import REPOSITORY

PAGE = (REPOSITORY / "docs/reliability.md").read_text()
NAMED = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))


def cases_in(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_what_the_page_names_exists() -> None:
    assert {
        (file, name) for file, name in NAMED if name not in cases_in(REPOSITORY / file)
    } == set()


def test_the_page_names_every_case() -> None:
    cases = {
        (f"{file.relative_to(REPOSITORY)}", name)
        for file in (REPOSITORY / "tests/chaos").glob("test_*.py")
        for name in cases_in(file)
    }
    assert cases - NAMED == set()
