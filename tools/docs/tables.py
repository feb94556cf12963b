"""Tables of a type's keys with values, defaults and meanings: docs/formats.md, docs/settings.md."""

import json
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import inspect

from tagline.formats import (
    endpoint_settings,
    feedback_settings,
    reject_settings,
    sagemaker,
    settings,
)
from tagline.formats.document import Document
from tagline.formats.reasons import Reason
from tools.docs.attributes import meanings, summary

_ELSEWHERE = {
    settings: "[settings](settings.md)",
    endpoint_settings: "[settings](settings.md)",
    reject_settings: "[settings](settings.md)",
    feedback_settings: "[settings](settings.md)",
    sagemaker: "SageMaker's own fields",
}


def table(kind: type[msgspec.Struct], prefix: str = "", *, expand: bool = False) -> str:
    """Return a table of a type's keys; with `expand` settings are told, not linked to."""
    rows = [f"| {' | '.join(row)} |" for row in key_rows(kind, prefix, expand=expand)]
    return "\n".join(["| key | value | if absent | meaning |", "|---|---|---|---|", *rows, ""])


def key_rows(
    kind: type[msgspec.Struct], prefix: str, *, expand: bool
) -> Iterator[tuple[str, str, str, str]]:
    """Yield each key below a prefix with its value, its default and its meaning."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)  # noqa: S101 - of a Struct
    if info.tag_field is not None:
        yield f"`{prefix}{info.tag_field}`", f"`{json.dumps(info.tag)}`", "", ""
    said = meanings(kind)
    for field in info.fields:
        if field.name == "format" and issubclass(kind, Document):
            continue
        key = f"{prefix}{field.encode_name}"
        inner, path = _inner(field.type)
        elsewhere = inner is not None and not expand and _elsewhere(inner)
        meaning = said.get(field.name) or (summary(inner) if inner and not elsewhere else "")
        value = elsewhere or _words(field.type)
        yield f"`{key}`", value, _default(field), meaning.replace("|", "\\|")
        if inner is not None and not elsewhere:
            yield from key_rows(inner, f"{key}{path}.", expand=expand)


def _inner(kind: inspect.Type) -> tuple[type[msgspec.Struct] | None, str]:
    """Return the struct that a key leads to, and what stands between the key and its keys."""
    match kind:
        case inspect.Metadata():
            return _inner(kind.type)
        case inspect.StructType():
            return kind.cls, ""
        case inspect.UnionType():
            return next((found for each in kind.types if (found := _inner(each))[0]), (None, ""))
        case inspect.CollectionType() | inspect.VarTupleType():
            inner, path = _inner(kind.item_type)
            return inner, f"[]{path}"
        case inspect.DictType():
            inner, path = _inner(kind.value_type)
            return inner, f".*{path}"
        case _:
            return None, ""


def _elsewhere(kind: type) -> str | None:
    return next((said for it, said in _ELSEWHERE.items() if kind.__module__ == it.__name__), None)


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.UnionType():
            parts = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
            null = " or null" if len(parts) < len(kind.types) else ""
            return " or ".join(map(_words, parts)) + null
        case inspect.StructType():
            return "object"
        case inspect.DictType():
            return f"object of {_words(kind.value_type)}"
        case inspect.CollectionType() | inspect.VarTupleType():
            return f"array of {_words(kind.item_type)}"
        case inspect.TupleType():
            return f"[{', '.join(map(_words, kind.item_types))}]"
        case _:
            return _plain_words(kind)


def _plain_words(kind: inspect.Type) -> str:  # noqa: PLR0911 - a form a case
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema={"description": str(said)}):
            return said.replace("|", "\\|") if isinstance(inner, inspect.StrType) else _words(inner)
        case inspect.EnumType(cls) if cls is Reason:
            return "a [reason](reasons.md#why-a-row-is-rejected)"
        case inspect.EnumType(cls):
            return _one_of(member.value for member in cls)
        case inspect.LiteralType(values):
            return _one_of(values)
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType() | inspect.FloatType():
            name = "integer" if isinstance(kind, inspect.IntType) else "number"
            low, high = ("" if it is None else str(it) for it in (kind.ge, kind.le))
            return " ".join(filter(None, (name, low and f"from {low}", high and f"to {high}")))
        case inspect.StrType():
            return f"text `{kind.pattern}`" if kind.pattern else "text"
    raise TypeError(f"no words for {kind}")


def _one_of(values: Iterable[object]) -> str:
    return " \\| ".join(f"`{value}`" for value in values)


def _default(field: inspect.Field) -> str:
    if field.required:
        return ""
    if field.default is msgspec.NODEFAULT or isinstance(field.default, msgspec.Struct):
        return "the defaults"
    return f"`{json.dumps(msgspec.to_builtins(field.default))}`"
