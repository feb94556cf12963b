"""The mutation run: which faults it makes, and that it tells which of them tests notice."""

import subprocess
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools import mutants
from tools.faults import faults

pytestmark = pytest.mark.slow


def names(source: str) -> set[str]:
    return {fault.name.removeprefix("f: ") for fault in faults(textwrap.dedent(source))}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a < b", {"a < b -> a <= b", "a < b -> a >= b", "return a < b -> return None"}),
        ("x = a and b", {"a and b -> a or b", "a and b -> b", "a and b -> a"}),
        ("x += not a", {"x += not a -> x -= not a", "not a -> a"}),
        ("g(a, b=c)", {"g(a, b=c) -> pass", "g(a, b=c) -> without b"}),
        ("x = {'k': a}", {"{'k': a} -> without 'k'", "'k' -> 'k~'"}),
        ("if a: pass", {"a -> if True", "a -> if False"}),
        ("x = [a for a in b if a]", {"for a in b if a -> without if"}),
        ("x: int = 1", {"1 -> 2"}),
        ("x = TypeVar('x', bound='y')", set()),
        ("class A(B, kw_only=True): pass", set()),
        ("while a: break", {"a -> never", "break -> pass"}),
        ("raise E(f'{a} is {1 + 1}')", {"raise E(f'{a} is {1 + 1}') -> pass"}),
        ("'words'", set()),
        ("x = zip(a, strict=True)", set()),
    ],
)
def test_the_faults_of_a_line(body: str, expected: set[str]) -> None:
    assert names(f"def f():\n    {body}\n") == expected


def test_a_fault_is_the_whole_module_with_one_change() -> None:
    (first, *_) = faults(
        '"""Words."""\nfrom x import y\n\ndef f(a: "T" = 1) -> "T":\n    return y\n'
    )
    assert (first.line, first.name) == (4, "f: 1 -> 2")
    assert (
        first.source
        == '"""Words."""\nfrom x import y\n\ndef f(a: \'T\'=2) -> \'T\':\n    return y\n'
    )


RULE = "def large(n: int) -> bool:\n    return n > 10\n"
TEST = "import rule\n\ndef test_rule():\n    assert rule.large(12) and not rule.large(9)\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rule.py").write_text(RULE)
    (tmp_path / "test_rule.py").write_text(TEST)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    return tmp_path


TABLE = {
    "modules": {"r*.py": ["test_*.py"]},
    "equivalent": [{"module": "rule.py", "fault": "large: 10 -> 11", "why": "an example"}],
}


@pytest.mark.slow
def test_what_no_test_notices_survives(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = mutants.modules(TABLE, [], sample=0, seed=0)
    mutants.run(found, jobs=2)
    print(mutants.report(found))
    assert capsys.readouterr().out.splitlines() == [
        "rule.py:2  large: n > 10 -> n >= 10",
        "module   mutants  killed  survivors  score",
        "rule.py        3       2          1    67%",
        "all            3       2          1    67%",
    ]
    assert (tree / "rule.py").read_text() == RULE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "message"),
    [
        (TEST + "    assert False\n", "without a fault, too"),
        ("def test(): pass\n", "not import it"),
    ],
)
def test_tests_that_cannot_tell_are_refused(tree: Path, test: str, message: str) -> None:
    (tree / "test_rule.py").write_text(test)
    with pytest.raises(mutants.Unusable, match=message):
        mutants.run(mutants.modules(TABLE, [], sample=0, seed=0), jobs=1)


@pytest.mark.parametrize(
    ("table", "only", "message"),
    [
        (TABLE | {"modules": {"gone.py": []}}, [], r"no file matches gone\.py"),
        (TABLE | {"modules": {"rule.py": ["test_gone.py"]}}, [], r"no file matches test_gone\.py"),
        (TABLE, ["other.py"], r"no module .* matches other\.py"),
        (
            TABLE | {"equivalent": [{"module": "rule.py", "fault": "large: 7 -> 8"}]},
            [],
            "rule.py has no longer the equivalent fault 'large: 7 -> 8'",
        ),
        (TABLE | {"equivalent": [{"module": "r.py"}]}, [], "of r.py, which is not tried"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    tree: Path, table: dict[str, Any], only: list[str], message: str
) -> None:
    with pytest.raises(mutants.Unusable, match=message):
        mutants.modules(table, only, sample=0, seed=0)


def test_a_seed_takes_the_same_sample_again(tree: Path) -> None:
    def sampled(seed: int) -> list[str]:
        (module,) = mutants.modules(TABLE, [], sample=2, seed=seed)
        return [fault.name for fault in module.sample]

    assert len(sampled(1)) == 2
    assert sampled(1) == sampled(1)
    assert len({tuple(sampled(seed)) for seed in range(9)}) > 1


@pytest.mark.slow
def test_the_table_fits_the_tree() -> None:
    """Else a change of a module stops the run for all of them."""
    table = tomllib.loads(mutants.TABLE.read_text("utf-8"))
    only = sorted({entry["module"] for entry in table["equivalent"]})
    assert len(mutants.modules(table, only, sample=1, seed=0)) == len(only)
