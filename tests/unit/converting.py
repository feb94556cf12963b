"""Conversions for tests: a source is written, converted and looked at."""

import json
from pathlib import Path
from typing import Any

from tagline.converting.convert import Converted, Order, convert
from tagline.converting.entries import Asked
from tagline.converting.outputs import Outputs, name_of
from tagline.converting.vocabulary import Wishes

Rows = dict[str, set[str]]


def written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def made(
    source: Path,
    asked: Asked | None = None,
    wishes: Wishes | None = None,
    to: str = "list",
    tolerance: float = 0.5,
    folder: Path | None = None,
) -> tuple[Converted, Outputs]:
    out = folder or source.parent / "out"
    outputs = Outputs(out, name_of(source), to, force=True)
    order = Order(source, outputs, None, asked or Asked(), wishes or Wishes(), tolerance)
    return convert(order), outputs


def rows(outputs: Outputs) -> Rows:
    """Return what the list and labels.txt say: path → tags."""
    assert outputs.labels is not None
    names = outputs.labels.read_text(encoding="utf-8").split("\n")[:-1]
    told: Rows = {}
    for line in outputs.main.read_text(encoding="utf-8").split("\n")[:-1]:
        _, *digits, path = line.split("\t")
        assert len(digits) == len(names)
        told[path] = {name for name, digit in zip(names, digits, strict=True) if digit == "1"}
    return told


def converted(source: Path, **given: Any) -> Rows:
    _, outputs = made(source, **given)
    return rows(outputs)


def rejects(outputs: Outputs) -> list[dict[str, Any]]:
    if not outputs.rejects.exists():
        return []
    return [json.loads(line) for line in outputs.rejects.read_text().splitlines()]
