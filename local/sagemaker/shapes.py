"""Requests and answers held against AWS's own description of the API.

botocore ships SageMaker's service model: members, types, lengths, patterns and enumerations. The
client checks only a part of it before it sends; the service checks all, and so does this.
"""

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from local.sagemaker.errors import invalid, unsupported

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}
_MOST_TOLD = 10  # violations named in one message
_JAVA_CLASSES = {r"\p{L}": "a-zA-Z\u00c0-\uffff", r"\p{Z}": " ", r"\p{N}": "0-9"}


@cache
def service_model() -> ServiceModel:
    """Return botocore's description of SageMaker."""
    return botocore.session.get_session().get_service_model("sagemaker")


def members_of(shape_name: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a record that the named structure has members for."""
    shape = service_model().shape_for(shape_name)
    if not isinstance(shape, StructureShape):
        raise TypeError(f"{shape_name} is a {shape.type_name}, not a structure")
    return _present(shape, record)


def check(operation: str, request: dict[str, Any]) -> None:
    """Raise ValidationException naming each member of the request that AWS would refuse."""
    shape = service_model().operation_model(_known(operation)).input_shape
    found = list(_violations(shape, request, "")) if shape is not None else []
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise invalid(count + "; ".join(found[:_MOST_TOLD]))


def answer(operation: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a record that the operation's answer has members for."""
    shape = service_model().operation_model(operation).output_shape
    return _present(shape, record) if shape is not None else {}


def _present(shape: StructureShape, record: dict[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in shape.members if record.get(name) is not None}


def _known(operation: str) -> str:
    if operation not in service_model().operation_names:
        raise unsupported(operation)
    return operation


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    allowed = _TYPES.get(shape.type_name, (object,))
    boolean = isinstance(value, bool) and shape.type_name != "boolean"  # bool is an int in Python
    fits = isinstance(value, allowed) and not boolean
    if not fits:
        yield f"{_place(path)} must be a {shape.type_name}, not {type(value).__name__}"
        return
    yield from _bounds(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _members(shape, value, path)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _violations(shape.key, key, f"{path}.key")
            yield from _violations(shape.value, item, f"{path}.{key}.member")


def _members(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{_place(_member(path, name))} must not be null"
    for name, item in value.items():
        if name not in shape.members:
            yield f"{_place(_member(path, name))} is not a member that AWS knows"
        elif item is not None:
            yield from _violations(shape.members[name], item, _member(path, name))


def _bounds(shape: Shape, value: Any, path: str) -> Iterator[str]:
    sized = isinstance(value, str | list | dict)
    what, size = ("length", len(value)) if sized else ("value", value)
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{_place(path)} must be a finite number"
    elif shape.type_name not in ("timestamp", "boolean"):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and size < low:
            yield f"{_place(path)} must have a {what} of {low} or more"
        if high is not None and size > high:
            yield f"{_place(path)} must have a {what} of {high} or less"
    if isinstance(value, str):
        pattern, choices = shape.metadata.get("pattern"), shape.metadata.get("enum")
        if pattern and not _compiled(pattern).fullmatch(value):
            yield f"{_place(path, value)} must satisfy regular expression pattern: {pattern}"
        if choices and value not in choices:
            yield f"{_place(path, value)} must be one of {_shortened(choices)}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the model, which is in Java's dialect."""
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _member(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _place(path: str, value: str | None = None) -> str:
    shown = "" if value is None else f" {value[:80]!r}"
    return f"Value{shown} at '{path}' failed to satisfy constraint: Member"


def _shortened(choices: list[str]) -> str:
    more = len(choices) - 12
    return ", ".join(choices[:12]) + (f" and {more} more" if more > 0 else "")
