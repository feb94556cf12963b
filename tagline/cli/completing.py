"""What may come next on the command line: `tagline __complete WORD …`, the last one unfinished.

Prints a candidate a line; none where files are meant, which shells know better.
"""

import inspect
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any, Literal, get_args, get_origin, get_type_hints

from typer.models import OptionInfo

from tagline.cli.commands import COMMANDS, STACK

_FRESH = 30.0  # seconds that names from the cloud are told again
_PATIENCE = 3.0  # seconds that a person who pressed the tab key waits for the cloud
_MOST_RUNS = 200
_NAMES = {"DATASET", "RUN"}
_SETTING = "SETTING=VALUE"
_CLOUD = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")


def complete(words: Sequence[str]) -> None:
    """Print what the last of the words may become."""
    *before, part = words or [""]
    for candidate in sorted(set(_candidates(before, part))):
        if candidate.startswith(part):
            print(candidate)


@dataclass(frozen=True)
class _Parameter:
    """An argument, or an option with its names, as it is declared."""

    names: tuple[str, ...]
    called: str
    choices: tuple[str, ...]
    flag: bool
    many: bool


def _parameters(command: str) -> Iterator[_Parameter]:
    declared = COMMANDS[command]
    hints = get_type_hints(declared, include_extras=True)
    for name in inspect.signature(declared).parameters:
        kind, info, *_ = get_args(hints[name])
        option = isinstance(info, OptionInfo)
        names = _named(info) or (f"--{name.replace('_', '-')}",)
        yield _Parameter(
            names if option else (),
            str(info.metavar or "").strip("[]"),
            tuple(_choices(kind)),
            flag=kind is bool,
            many=get_origin(kind) is list,
        )


def _named(info: Any) -> tuple[str, ...]:
    """Return the names that a declaration gives; Typer takes the first for a default at first."""
    first = (info.default,) if isinstance(info.default, str) else ()
    return *first, *(info.param_decls or ())


def _choices(kind: Any) -> Iterator[str]:
    for each in (kind, *get_args(kind)):
        if get_origin(each) is Literal:
            yield from get_args(each)


def _candidates(before: Sequence[str], part: str) -> Iterable[str]:
    name = next((word for word in before if not word.startswith("-")), None)
    if name is None:
        return [*COMMANDS, "im2rec", *(["--help", "--version", "--debug"] if part else [])]
    if name not in COMMANDS:
        return ()
    parameters = list(_parameters(name))
    options = {name: each for each in parameters for name in each.names}
    given = before[before.index(name) + 1 :]
    if (values := _option_values(options, given, part)) is not None:
        return values
    if part.startswith("-"):
        return [option for option in options if option.startswith("--")]
    arguments = [each for each in parameters if not each.names]
    at = len(list(_positions(given, options)))
    if at >= len(arguments) and not (arguments and arguments[-1].many):
        return ()
    return _values(arguments[min(at, len(arguments) - 1)], given)


def _option_values(
    options: Mapping[str, _Parameter], given: Sequence[str], part: str
) -> Iterable[str] | None:
    """Return what an option may be given; None where it is not an option's value that comes."""
    called, equals, begun = part.partition("=")
    if equals and called in options:
        return [f"{called}={value}" for value in _values(options[called], given, begun)]
    option = options.get(given[-1]) if given else None
    return None if option is None or option.flag else _values(option, given, part)


def _positions(given: Sequence[str], options: Mapping[str, _Parameter]) -> Iterator[str]:
    """Yield the words that are arguments."""
    value = False
    for word in given:
        if value:
            value = False
        elif word.startswith("-"):
            value = word in options and not options[word].flag
        else:
            yield word


def _values(parameter: _Parameter, given: Sequence[str], part: str = "") -> Iterable[str]:
    if parameter.called == _SETTING:
        from tagline.cli.setting_names import settings_that_may_follow  # noqa: PLC0415 - seldom

        return settings_that_may_follow(part)
    kinds = parameter.called.split("|")
    if parameter.choices or not _NAMES.issuperset(kinds):
        return parameter.choices
    known = _known(_stack(given))
    return [name for kind in kinds for name in known[kind]]


def _stack(given: Sequence[str]) -> str:
    words = [piece for word in given for piece in (word.split("=", 1) if "=" in word else [word])]
    return next((after for before, after in pairwise(words) if before == "--stack"), STACK)


def _known(stack: str) -> dict[str, list[str]]:
    """Return the datasets and runs of a stack, as they were half a minute ago at most."""
    where = "\0".join([stack, *(os.environ.get(key, "") for key in _CLOUD)])
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tagline"
    file = folder / f"{sha256(where.encode()).hexdigest()[:16]}.json"
    try:
        if time.time() - file.stat().st_mtime < _FRESH:
            kept: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
            return kept
    except (OSError, ValueError):
        pass  # none is kept, or not whole: the cloud knows
    found = _asked(stack)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_text(json.dumps(found), encoding="utf-8")
    except OSError:
        pass  # a home that cannot be written to: asked again each time
    return found


def _asked(stack: str) -> dict[str, list[str]]:
    """Ask the cloud; without one, or after a while without an answer, there are no names."""
    found: dict[str, list[str]] = {name: [] for name in _NAMES}
    asking = Thread(target=_ask, args=(stack, found), daemon=True)
    asking.start()
    asking.join(_PATIENCE)
    return dict(found)


def _ask(stack: str, found: dict[str, list[str]]) -> None:
    from tagline.cli.errors import is_expected  # noqa: PLC0415 - only now the cloud is needed

    try:
        found.update(_listed(stack))
    except Exception as exc:
        if not is_expected(exc):
            raise


def _listed(stack: str) -> dict[str, list[str]]:
    from tagline.cli.target import find_target  # noqa: PLC0415
    from tagline.formats.keys import DatasetKeys  # noqa: PLC0415
    from tagline.formats.names import DATASET, RUN  # noqa: PLC0415

    bucket = find_target(stack).bucket
    datasets = [name for name in bucket.folders("") if DATASET.fullmatch(name)]
    runs = [
        run
        for dataset in datasets
        for run in bucket.folders(DatasetKeys(dataset).runs)
        if RUN.fullmatch(run)
    ]
    return {"DATASET": datasets, "RUN": runs[:_MOST_RUNS]}
