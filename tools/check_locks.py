"""Check that each lock is one that its .in file leads to, without asking an index.

A lock says of each package who wants it, so a pin that was added, changed or taken away without
`make locks` shows, as does a lock that was edited by hand. A package that several .in files pin has
one version in all of them: what is tested is what is deployed.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# MXNet needs an older NumPy, and that an older OpenCV; SageMaker's SDK an older rich
HELD_BACK = {
    ("containers/trainer/requirements.in", "numpy"),
    ("containers/trainer/requirements.in", "opencv-python-headless"),
    ("containers/recommender/requirements.in", "numpy"),
    ("containers/mxnet-training/requirements.in", "numpy"),
    ("containers/mxnet-training/requirements.in", "opencv-python-headless"),
    ("bench/recommender.in", "numpy"),
    ("bench/requirements.in", "numpy"),
    ("bench/requirements.in", "opencv-python-headless"),
    ("notebooks/requirements.in", "rich"),
    ("requirements/sdk_v3.in", "rich"),
}


@dataclass
class Locked:
    """A package in a lock; packages and .in files (`-r <file>`) want it."""

    version: str
    hashes: int = 0
    wanted_by: set[str] = field(default_factory=set)


def read_pins(text: str) -> tuple[dict[str, str], list[str]]:
    """Return an .in file's versions by name ("" for one that is not pinned), and its -r files."""
    pins: dict[str, str] = {}
    included: list[str] = []
    for line in (line.partition("#")[0].strip() for line in text.splitlines()):
        if line.startswith("-r "):
            included.append(line.removeprefix("-r ").strip())
        elif line:
            wanted = Requirement(line)
            match = re.fullmatch(r"==([\w.+]+)", str(wanted.specifier))
            pins[canonicalize_name(wanted.name)] = match[1] if match else ""
    return pins, included


def read_lock(text: str) -> dict[str, Locked]:
    """Return a lock's packages by name."""
    locked: dict[str, Locked] = {}
    package = Locked("")
    for line in text.splitlines():
        if match := re.match(r"(\S+)==(\S+)", line):
            package = locked[match[1]] = Locked(match[2])
        elif line.startswith("    --hash=sha256:"):
            package.hashes += 1
        elif line.startswith("    #"):
            package.wanted_by.add(line.lstrip(" #").removeprefix("via").strip())
    for package in locked.values():
        package.wanted_by.discard("")  # `# via` alone, when a list follows
    return locked


def faults(root: Path) -> Iterator[str]:
    """Yield a sentence for each fault in the .in files and locks under a folder."""
    versions: dict[str, dict[str, str]] = {}
    for path in sorted([*root.glob("*/*.in"), *root.glob("containers/*/*.in")]):
        name = path.relative_to(root).as_posix()
        lock = path.with_suffix(".txt")
        if not lock.exists():
            yield f"{name} has no lock"
            continue
        pins, included = read_pins(path.read_text(encoding="utf-8"))
        for package, version in pins.items():
            if not version:
                yield f"{name}: {package} is not pinned with =="
            if (name, package) not in HELD_BACK:
                # a build of a version, such as 2.13.0+cpu, is that version
                versions.setdefault(package, {})[name] = version.partition("+")[0]
        sources = {path.name: pins}
        for file in included:
            sources[file], _ = read_pins((path.parent / file).read_text(encoding="utf-8"))
        locked = read_lock(lock.read_text(encoding="utf-8"))
        yield from (f"{lock.relative_to(root)}: {fault}" for fault in _differences(sources, locked))
    for package, pinned in versions.items():
        if len(set(pinned.values())) > 1:
            yield f"{package} is pinned to several versions: {pinned}"


def _differences(sources: dict[str, dict[str, str]], locked: dict[str, Locked]) -> Iterator[str]:
    wanted = {(f"-r {file}", name) for file, pins in sources.items() for name in pins}
    found = {
        (by, name) for name, package in locked.items() for by in package.wanted_by if by[:1] == "-"
    }
    yield from (f"{name}, which {by[3:]} wants, is missing" for by, name in sorted(wanted - found))
    yield from (f"{by[3:]} does not want {name}" for by, name in sorted(found - wanted))
    for file, pins in sources.items():
        for name in pins.keys() & locked.keys():
            if pins[name] not in ("", locked[name].version):
                yield f"{name} is {locked[name].version}, in {file} {pins[name]}"
    for name, package in locked.items():
        if not package.hashes:
            yield f"{name} has no hash"
        if not package.wanted_by:
            yield f"{name} is wanted by nothing"
        for by in package.wanted_by - locked.keys():
            if not by.startswith("-"):
                yield f"{name} is wanted by {by}, which is missing"


def main() -> int:
    """Print what is wrong with this repository's locks; return the exit code."""
    found = list(faults(ROOT))
    for fault in found:
        print(fault)
    if found:
        print("`make locks` writes the locks anew from the .in files.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
