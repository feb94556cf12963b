"""ministack's private names that the laptop cloud leans on, each checked when it starts.

A plug-in takes such a name only through this module. A version of ministack that moved or
reshaped one stops the cloud at once, with the name, instead of failing in the middle of a run.
"""

import functools
import importlib
import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

PINNED = "1.5.33"


class UnexpectedMinistack(RuntimeError):
    """ministack is not the version, or has not the shape, that the plug-ins were written for."""


def check_version() -> None:
    """Raise UnexpectedMinistack unless the pinned version is installed."""
    installed = importlib.metadata.version("ministack")
    if installed != PINNED:
        raise UnexpectedMinistack(
            f"ministack {installed} is installed, the laptop cloud is written for {PINNED}; "
            "run `make install`"
        )


def function(module: str, name: str, *parameters: str) -> Callable[..., Any]:
    """Return `module.name` (dots reach into classes), a callable of exactly these parameters."""
    found = member(module, name, object)
    if not callable(found):
        raise _unexpected(module, name, f"is {type(found).__name__}, not callable")
    actual = _parameters(found)
    if actual != parameters:
        raise _unexpected(module, name, f"takes ({', '.join(actual)}), not {parameters}")
    return found  # type: ignore[no-any-return]


@functools.lru_cache(1024)
def _parameters(found: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(found).parameters)


def member(module: str, name: str, kind: type | tuple[type, ...]) -> Any:
    """Return `module.name` (dots reach into classes), a value of the given type."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        try:
            found = inspect.getattr_static(found, part)
        except AttributeError as exc:
            raise _unexpected(module, name, "does not exist") from exc
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if not isinstance(found, kind):
        raise _unexpected(module, name, f"is {type(found).__name__}, not {kind}")
    return found


def replace(module: str, name: str, new: Any, *parameters: str) -> Callable[..., Any]:
    """Put `new` in the place of the callable `module.name` and return the old one."""
    old = function(module, name, *parameters)
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    setattr(owner, last, new)
    return old


def assign(module: str, name: str, new: Any, kind: type | tuple[type, ...]) -> None:
    """Set the variable `module.name`, which must hold a value of the given type now."""
    member(module, name, kind)
    setattr(importlib.import_module(module), name, new)


def _unexpected(module: str, name: str, what: str) -> UnexpectedMinistack:
    return UnexpectedMinistack(
        f"{module}.{name} {what}: the laptop cloud's plug-ins fit ministack {PINNED} only"
    )
