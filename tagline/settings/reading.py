"""What `dataset.yaml` says, made the settings of a run as their types tell.

A setting that is absent takes the default; one that is unknown, of the wrong type or out of range
is an error which names it, so that a typing mistake never trains a model with defaults.
"""

import reprlib
from collections.abc import Mapping
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import fields

from tagline.formats.keys import MAX_SETTINGS_BYTES
from tagline.formats.locations import fault_of_key, parse_uri
from tagline.formats.own_settings import Script, StartFrom
from tagline.formats.section import Section
from tagline.formats.settings import Background, Prefix, Ranges, Settings
from tagline.formats.tasks import Task
from tagline.settings.bands import check_band
from tagline.settings.builtin import check_algorithm
from tagline.settings.errors import InvalidSettings
from tagline.settings.losses import check_loss
from tagline.settings.machines import check_machines
from tagline.settings.script import check_script
from tagline.settings.search import check_search, packed_for_search
from tagline.settings.shares import check_shares
from tagline.settings.tasks import check_task
from tagline.settings.yaml_file import line_of, parse_yaml

S = TypeVar("S", bound=Section)
_MAX_CHOICES = 30
_SHOWN = 80  # characters of a value or name
_NEAR = 0.7  # of 1, how like a name one is that may be meant
_LONG = 256  # bits of an integer


def load_settings(text: str | bytes, file: str = "dataset.yaml") -> Settings:
    """Read a `dataset.yaml`; an empty one means all defaults.

    Raises InvalidSettings for what is not YAML, too long (64 KiB), or not a setting; it names
    `file` and the line.
    """
    if len(text) > MAX_SETTINGS_BYTES:
        raise InvalidSettings(f"{file}: larger than {MAX_SETTINGS_BYTES // 1024} KiB")
    try:
        return settings_of(parse_yaml(text))
    except InvalidSettings as exc:
        raise located(exc, text, file) from exc


def settings_of(values: object) -> Settings:
    """Return the settings that parsed YAML means; raises InvalidSettings."""
    settings = packed_for_search(_section("", values, Settings))
    check_search(settings)
    check_shares(settings)
    check_machines(settings)
    check_script(settings)
    check_algorithm(settings)
    check_loss(settings)
    if settings.task == "single":  # where it is told by the rows, the plan looks
        check_task(settings, Task.SINGLE)
    check_band(settings)
    return settings


def located(fault: InvalidSettings, text: str | bytes, file: str) -> InvalidSettings:
    """Return a fault that names its file and, where it is known, the line of its setting."""
    line = fault.line
    if line is None and fault.setting:
        line = line_of(text, fault.setting)
    where = f"{file} line {line}" if line else file
    return InvalidSettings(f"{where}: {fault}", fault.setting, line)


def _section(name: str, values: object, kind: type[S]) -> S:
    if values is None:  # `training:` with nothing under it: a section left at its defaults
        return kind()
    if not isinstance(values, Mapping):
        raise _refused(name, "`name: value` settings", values)
    known = {field.name: field.type for field in fields(kind)}
    found: dict[str, object] = {}
    for key, value in values.items():
        path = _path(name, key)
        if key not in known:
            raise InvalidSettings(f"{path}: no such setting{_meant(name, key, known)}", path)
        found[key] = _setting(path, value, known[key])
    return kind(**found)


def _meant(section: str, key: object, known: Mapping[str, Any]) -> str:
    """Say which setting a name that is none stands near, or lies elsewhere; else all there are."""
    near = get_close_matches(str(key)[:_SHOWN], known, 1, _NEAR)
    meant = [_path(section, name) for name in near] or _elsewhere(section, key)
    if meant:
        return f": did you mean {' or '.join(meant)}?"
    return f"; known here: {', '.join(known)}"


def _elsewhere(section: str, key: object) -> list[str]:
    """Return the settings of that name in sections of the file, for one written at its margin."""
    within = {field.name: _without_none(field.type) for field in fields(Settings)}
    return [
        _path(name, key)
        for name, kind in within.items()
        if not section and isinstance(kind, type) and issubclass(kind, Section)
        if key in kind.__struct_fields__
    ]


def _setting(name: str, value: object, kind: Any) -> object:
    if get_origin(kind) in {Union, UnionType}:
        if value is None:
            return None
        kind = _without_none(kind)
    if kind is Ranges:
        return _ranges(name, value)
    if isinstance(kind, type) and issubclass(kind, Section):
        return _section(name, value, kind)
    if get_origin(kind) is Mapping:
        return _by_name(name, value, get_args(kind)[1])
    return _single(name, value, kind)


def _by_name(name: str, values: object, kind: Any) -> dict[str, Any]:
    """Return values by names that are the dataset's own."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise _refused(name, "`name: value` pairs", values)
    for key in values:
        if not isinstance(key, str):
            raise _refused(_path(name, key), "a name (in quotes: this one is read otherwise)", key)
    return {key: _single(_path(name, key), value, kind) for key, value in values.items()}


def _ranges(name: str, values: object) -> Ranges:
    known = {field.name: get_args(_without_none(field.type)) for field in fields(Ranges)}
    if not isinstance(values, Mapping) or not values:
        raise _refused(name, f"ranges for some of {', '.join(known)}", values)
    found: dict[str, Any] = {}
    for key, value in values.items():
        path = _path(name, key)
        if key not in known:
            raise InvalidSettings(f"{path}: cannot be tuned; known: {', '.join(known)}", path)
        kind, other = known[key]
        found[key] = (_choices if other is Ellipsis else _bounds)(path, value, kind)
    return Ranges(**found)


def _bounds(name: str, value: object, kind: Any) -> tuple[Any, ...]:
    if isinstance(value, Mapping) and set(value) == {"min", "max"}:
        value = [value["min"], value["max"]]
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - low and high
        raise _refused(name, "[low, high]", value)
    low, high = (_single(name, bound, kind) for bound in value)
    if low >= high:
        raise _refused(name, "[low, high] with low below high", value)
    return low, high


def _choices(name: str, value: object, kind: Any) -> tuple[Any, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MAX_CHOICES:
        raise _refused(name, f"a list of 1 to {_MAX_CHOICES} choices", value)
    found = tuple(_single(name, item, kind) for item in value)
    if len(set(found)) != len(found):
        raise _refused(name, "choices that differ", value)
    return found


def _single(name: str, value: object, kind: Any) -> Any:
    """Return a value as the type has it: an integer as a float, a colour in lower case."""
    try:
        found = msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        raise _refused(name, _expected(kind), value) from exc
    if kind == Background:
        return found.lower()
    if kind == Prefix:
        location = parse_uri(found)
        if location is None or fault_of_key(location.key):
            raise _refused(name, _expected(kind), value)
        return location.uri if location.uri.endswith("/") else f"{location.uri}/"
    if kind in {StartFrom, Script} and found.startswith("s3://"):
        location = parse_uri(found)
        if location is None or fault_of_key(location.key):
            raise _refused(name, _expected(kind), value)
    return found


def _expected(kind: Any) -> str:
    """Say in words what a type takes."""
    if kind is bool:
        return "true or false"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    plain, limits = get_args(kind)  # Annotated
    if limits.description is None and plain is int:
        return f"an integer from {limits.ge} to {limits.le}"
    if plain is float:
        return f"a number from {limits.ge:g} to {limits.le:g}"
    return str(limits.description)


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    return next(option for option in get_args(kind) if option is not NoneType)


def _path(section: str, key: object) -> str:
    name = key[:_SHOWN] if isinstance(key, str) else _shown(key)
    return f"{section}.{name}" if section else name


def _refused(name: str, wanted: str, value: object) -> InvalidSettings:
    said = f"expected {wanted}, found {_shown(value)}"
    return InvalidSettings(f"{name}: {said}" if name else said, name)


def _shown(value: object) -> str:
    return _Short().repr(value)[:_SHOWN]


class _Short(reprlib.Repr):
    """The repr of a value cut before it is built: few lines of YAML can hold billions of items."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 2
        self.maxstring = self.maxother = _SHOWN

    def repr_int(self, number: int, level: int) -> str:
        """Spare a long integer, which Python refuses to print."""
        if number.bit_length() > _LONG:
            return f"an integer of {number.bit_length()} bits"
        return super().repr_int(number, level)
