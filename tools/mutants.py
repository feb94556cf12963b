"""Do the tests notice when a rule is wrong? Small faults are put into modules, one at a time.

`make mutants` takes a seeded sample of the faults of each module in tools/mutants.toml, runs the
tests that stand there in a copy of the tree, and prints how many were noticed ("killed") and each
that was not. Faults that change nothing anybody could see are listed in the same file.
"""

import argparse
import functools
import itertools
import os
import queue
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tools.faults import Fault, faults

ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_suffix(".toml")
_LINKED = (".venv", ".venvs", "node_modules")  # environments are shared by the copies
_BASE_SECONDS, _TIMES = 10, 4  # a mutant's time limit: so many times what the sound tree takes
_MEMORY = 12 << 30  # bytes of address space: a fault may ask for all there is
_BROKEN = "raise ImportError('a mutant')\n"


class Unusable(Exception):
    """The table does not fit the tree, or the sound tree's own tests fail."""


@dataclass
class Module:
    """A module's file, the tests that must notice its faults, and what came of it."""

    path: str
    tests: tuple[str, ...]
    sample: list[Fault]
    survivors: list[Fault] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """Number of sampled faults that a test noticed."""
        return len(self.sample) - len(self.survivors)


class Tree:
    """A copy of the working tree in which one file at a time is wrong."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        for name in _LINKED:
            if (ROOT / name).exists():
                (folder / name).symlink_to(ROOT / name)

    def passes_with(
        self, path: str, source: str, tests: Sequence[str], seconds: float | None
    ) -> bool:
        """Return whether the tests pass, in time, when the file at `path` holds `source`."""
        file = self._folder / path
        sound = file.read_bytes()
        file.write_text(source, "utf-8")
        try:
            return self.passes(tests, seconds)
        finally:
            file.write_bytes(sound)

    def passes(self, tests: Sequence[str], seconds: float | None = None) -> bool:
        """Return whether the tests pass within so many seconds."""
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=self._folder,
            env=os.environ
            | {
                "PYTHONPATH": f"{self._folder}:{self._folder / 'containers'}",
                "PYTHONDONTWRITEBYTECODE": "1",  # two mutants of one second look alike to a cache
                "CI": "1",  # Hypothesis then draws the same each time
                "OMP_NUM_THREADS": "1",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # also what the tests started
            process.wait()


def modules(table: Mapping[str, Any], only: Sequence[str], sample: int, seed: int) -> list[Module]:
    """Return the table's modules with the faults to try; raise Unusable where they do not fit."""
    tests: dict[str, set[str]] = {}
    for pattern, named in table["modules"].items():
        for path in _matches(pattern):
            tests.setdefault(path, set()).update(test for glob in named for test in _matches(glob))
    chosen = [path for path in tests if not only or any(fnmatch(path, glob) for glob in only)]
    equivalent = table.get("equivalent", ())
    if moved := {entry["module"] for entry in equivalent} - set(tests):
        raise Unusable(f"{TABLE.name}: equivalent faults of {moved.pop()}, which is not tried")
    found = []
    for path in sorted(chosen):
        every = list(faults((ROOT / path).read_text("utf-8")))
        allowed = {
            entry["fault"] for entry in table.get("equivalent", ()) if entry["module"] == path
        }
        if missing := allowed - {fault.name for fault in every}:
            raise Unusable(f"{path} has no longer the equivalent fault {missing.pop()!r}")
        tried = [fault for fault in every if fault.name not in allowed]
        if 0 < sample < len(tried):
            tried = random.Random(f"{seed} {path}").sample(tried, sample)  # noqa: S311
        tried.sort(key=lambda fault: fault.line)
        found.append(Module(path, tuple(sorted(tests[path])), tried))
    if not found:
        raise Unusable(f"no module in {TABLE.name} matches {' '.join(only)}")
    return found


def _matches(pattern: str) -> Iterator[str]:
    paths = sorted(ROOT.glob(pattern))
    if not paths:
        raise Unusable(f"{TABLE.name}: no file matches {pattern}")
    return (path.relative_to(ROOT).as_posix() for path in paths)


def run(found: Sequence[Module], jobs: int) -> None:
    """Try every module's faults; tell and note each survivor as file:line with its change.

    Raise Unusable if the tests fail anyway.
    """
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees: queue.SimpleQueue[Tree] = queue.SimpleQueue()
        for number in range(jobs):
            trees.put(Tree(Path(folder, str(number))))

        @contextmanager
        def tree() -> Iterator[Tree]:
            taken = trees.get()
            try:
                yield taken
            finally:
                trees.put(taken)

        @functools.cache
        def seconds_of(tests: tuple[str, ...]) -> float:
            with tree() as taken:
                begin = time.monotonic()
                if not taken.passes(tests):
                    raise Unusable(f"without a fault, too, there are failures in {' '.join(tests)}")
                return _BASE_SECONDS + _TIMES * (time.monotonic() - begin)

        def time_limit(module: Module) -> float:
            seconds = seconds_of(module.tests)
            with tree() as taken:
                if taken.passes_with(module.path, _BROKEN, module.tests, seconds):
                    raise Unusable(f"the tests of {module.path} do not import it")
            return seconds

        def survives(module: Module, fault: Fault, seconds: float) -> bool:
            with tree() as taken:
                return taken.passes_with(module.path, fault.source, module.tests, seconds)

        with ThreadPoolExecutor(jobs) as pool:
            try:
                for module in found:
                    tried = functools.partial(survives, module, seconds=time_limit(module))
                    lived = pool.map(tried, module.sample)
                    module.survivors = list(itertools.compress(module.sample, lived))
                    for fault in module.survivors:
                        print(f"{module.path}:{fault.line}  {fault.name}", flush=True)
            finally:
                pool.shutdown(cancel_futures=True)


def report(found: Sequence[Module]) -> str:
    """Return the table of scores."""
    width = max(len(module.path) for module in found)
    lines = [f"{'module':{width}}  mutants  killed  survivors  score"]
    total = Module("all", (), [], [])
    for module in found:
        total.sample.extend(module.sample)
        total.survivors.extend(module.survivors)
    for module in [*found, total]:
        score = f"{module.killed / len(module.sample):.0%}" if module.sample else "-"
        lines.append(
            f"{module.path:{width}}  {len(module.sample):7}  {module.killed:6}  "
            f"{len(module.survivors):9}  {score:>5}"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table, or why there is none."""
    parser = argparse.ArgumentParser(description=__doc__, prog="mutants")
    parser.add_argument("only", nargs="*", help="modules to try, as globs; all when left out")
    parser.add_argument("--sample", type=int, default=20, help="mutants a module; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    try:
        table = tomllib.loads(TABLE.read_text("utf-8"))
        found = modules(table, given.only, given.sample, given.seed)
        run(found, given.jobs)
    except Unusable as exc:
        sys.exit(f"mutants: {exc}")
    print(report(found))


if __name__ == "__main__":
    main()
