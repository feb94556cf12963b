"""`make flow` writes the definition and its pictures; `make flow-check` fails where they differ."""

import argparse
import difflib
import itertools
import sys
from pathlib import Path

import yaml

from tools.flow.picture import SCHEMES, draw
from tools.flow.source import FlowError, read_flow, written

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "statemachine/retrain"
BATCHES = "tag-batch"  # the other flow, beside it; five states need no picture


def made() -> dict[Path, str]:
    """Return what the sources make, by file."""
    flow, batches = read_flow(SOURCE), read_flow(SOURCE.parent / BATCHES)
    return {
        ROOT / "statemachine/retrain.asl.json": written(flow.definition) + "\n",
        ROOT / f"statemachine/{BATCHES}.asl.json": written(batches.definition) + "\n",
    } | {ROOT / f"docs/flow-{scheme}.svg": draw(flow, scheme) for scheme in SCHEMES}


def stale() -> list[str]:
    """Return, for each file that is not what the source makes, where it differs."""
    found = []
    for path, text in made().items():
        has = path.read_text(encoding="utf-8") if path.exists() else ""
        name = path.relative_to(ROOT).as_posix()
        lines = difflib.unified_diff(
            has.splitlines(), text.splitlines(), name, f"{name}, as made", n=1, lineterm=""
        )
        if has != text:
            found.append("\n".join(itertools.islice(lines, 20)))
    return found


def main(arguments: list[str]) -> int:
    """Write the files, or only compare them."""
    parser = argparse.ArgumentParser(prog="python -m tools.flow", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    asked = parser.parse_args(arguments)
    try:
        if asked.check:
            found = stale()
            if found:
                found += [
                    "Edit the folders of statemachine/ and run `make flow`: this is made from them"
                ]
            print(*found, sep="\n\n", end="\n" if found else "", file=sys.stderr)
            return bool(found)
        for path, text in made().items():
            path.write_text(text, encoding="utf-8")
    except (FlowError, yaml.YAMLError) as error:
        print(f"statemachine: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
