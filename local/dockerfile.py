"""Just enough of the Dockerfile format to learn an image's entry point and variables.

Format: https://docs.docker.com/reference/dockerfile/ - ENTRYPOINT and CMD in their exec form,
ENV, ARG, and FROM with inheritance from earlier stages of the same file.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


@dataclass
class Dockerfile:
    """What a container engine would start, and with which variables."""

    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


def read_dockerfile(path: Path) -> Dockerfile:
    """Return what the last stage of a Dockerfile runs.

    Raises FileNotFoundError, or ValueError where an instruction is not in a form that is read.
    """
    stages: dict[str, Dockerfile] = {}
    image = Dockerfile()
    arguments: dict[str, str] = {}
    for instruction, rest in _instructions(path.read_text(encoding="utf-8")):
        if instruction == "FROM":
            image = _stage(rest, stages, arguments)
        elif instruction == "ARG":
            name, _, default = rest.partition("=")
            arguments[name.strip()] = _expand(default.strip().strip("\"'"), arguments)
        elif instruction == "ENV":
            image.env.update(_variables(rest, {**arguments, **image.env}))
        elif instruction == "ENTRYPOINT":
            image.entrypoint, image.cmd = _exec_form(instruction, rest), []
        elif instruction == "CMD":
            image.cmd = _exec_form(instruction, rest)
    return image


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield (INSTRUCTION, rest) with continuation lines joined and comments left out."""
    pending = ""
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.endswith("\\"):
            pending += stripped[:-1] + " "
            continue
        name, _, rest = (pending + stripped).partition(" ")
        pending = ""
        yield name.upper(), rest.strip()


def _stage(rest: str, stages: dict[str, Dockerfile], arguments: dict[str, str]) -> Dockerfile:
    words = [word for word in rest.split() if not word.startswith("--")]
    base = stages.get(_expand(words[0], arguments).lower(), Dockerfile())
    image = Dockerfile(list(base.entrypoint), list(base.cmd), dict(base.env))
    if len(words) == 3 and words[1].upper() == "AS":  # noqa: PLR2004 - FROM x AS name
        stages[words[2].lower()] = image
    return image


def _variables(rest: str, known: dict[str, str]) -> dict[str, str]:
    words = shlex.split(rest)
    if "=" not in words[0]:  # the old form: ENV NAME the rest is the value
        name, _, value = rest.partition(" ")
        return {name: _expand(value.strip(), known)}
    pairs = (word.partition("=") for word in words)
    return {name: _expand(value, known) for name, _, value in pairs}


def _expand(text: str, known: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: known.get(match[1] or match[2], ""), text)


def _exec_form(instruction: str, rest: str) -> list[str]:
    try:
        words = json.loads(rest)
    except json.JSONDecodeError as exc:
        raise ValueError(f'{instruction} must be in exec form, ["program", "argument"]') from exc
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{instruction} must be a list of strings")
    return words
