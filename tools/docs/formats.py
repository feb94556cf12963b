"""docs/formats.md from the types of tagline/formats."""

import json
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import inspect

from tagline.formats import batch_steps, feedback_settings, sagemaker, settings, steps
from tagline.formats.document import Document
from tagline.formats.files import ANSWERS, OF_BATCHES, OF_DATASET, OF_RUN, OF_STACK, File, Form
from tagline.formats.reasons import MEANING, Reason
from tools.docs.attributes import meanings, summary

_HEAD = """\
# Files and formats

What lies in the data bucket, and what passes between the steps. This page is made from the types in
`tagline/formats` by `make docs`; CHANGELOG.md tells what changed.

Every document is a JSON object whose key `format` is a number, 1 where it is absent. JSON Lines
hold one record a line; the number of their format is the object's metadata `format`. A key that a
reader does not know is passed over; a document of a higher format than it knows is refused. A key
with something under *if absent* may be missing. `*` stands for any key of an object, `[]` for each
item of an array.
"""
_EVENTS = """\
## Events and answers

What the state machine hands to its functions and gets back: types of `tagline/formats/steps.py`
and `batch_steps.py`, without a format of their own, since they live no longer than an execution.
"""
_ANSWERS = """\
## Answers and alerts

What the endpoint's `POST /invocations` answers, scores or why there are none; and what the alerts
topic is told of a run, and RecordOutcome answers.
"""
_ELSEWHERE = {
    settings: "[settings](#settings)",
    feedback_settings: "[settings](#settings)",
    sagemaker: "SageMaker's own fields",
}


def formats_page() -> str:
    """Return the page."""
    parts = [
        _HEAD,
        "## Of the bucket\n",
        _overview(OF_STACK, ""),
        "## Of a dataset\n",
        _overview(OF_DATASET, "<dataset>/"),
        "## Of a run\n",
        _overview(OF_RUN, "<dataset>/runs/<run>/"),
        "## Of batches\n",
        _overview(OF_BATCHES, "<dataset>/batches/"),
        "## Keys\n",
        *_keys(),
        "## Settings\n",
        f"{summary(settings.Settings)} dataset.yaml may hold no other key.\n",
        _table(settings.Settings, expand=True),
        "## Reject reasons\n",
        "\n".join(["| code | meaning |", "|---|---|", *map(_reason, Reason), ""]),
        _ANSWERS,
        *map(_answer, ANSWERS),
        _EVENTS,
        "\n".join(["| type | what | keys |", "|---|---|---|", *map(_step, _step_types()), ""]),
    ]
    return "\n".join(parts)


def _overview(files: tuple[File, ...], folder: str) -> str:
    rows = (
        f"| `{file.key.removeprefix(folder)}` | {file.about}{_form(file)} | {file.writers} "
        f"| {file.readers} |"
        for file in files
    )
    head = [f"| in `{folder or '/'}` | what | written by | read by |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, ""])


def _form(file: File) -> str:
    if file.form is Form.OTHER:
        return ""
    numbers = {kind.FORMAT for kind in file.kinds if issubclass(kind, Document)}
    return f" {file.form}{', format ' if numbers else ''}{''.join(map(str, numbers))}."


def _keys() -> Iterator[str]:
    told: dict[type[msgspec.Struct], str] = {}  # where a record's keys are listed already
    for file in (*OF_STACK, *OF_DATASET, *OF_RUN, *OF_BATCHES):
        name = file.key.removeprefix("<dataset>/").removeprefix("runs/<run>/")
        name = name.removeprefix("batches/")
        if file.kinds:
            yield f"### {name}\n"
        for kind in file.kinds:
            yield f"As in `{told[kind]}`.\n" if kind in told else _table(kind)
            told.setdefault(kind, name)


def _answer(kind: type[msgspec.Struct]) -> str:
    return f"{summary(kind)}\n\n{_table(kind)}"


def _reason(reason: Reason) -> str:
    return f"| `{reason}` | {MEANING[reason]} |"


def _step_types() -> Iterator[type[msgspec.Struct]]:
    for module in (steps, batch_steps):
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                yield kind


def _step(kind: type[msgspec.Struct]) -> str:
    fields = ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(kind))
    return f"| {kind.__name__} | {summary(kind)} | {fields} |"


def _table(kind: type[msgspec.Struct], *, expand: bool = False) -> str:
    rows = [f"| {' | '.join(row)} |" for row in _rows(kind, "", expand=expand)]
    return "\n".join(["| key | value | if absent | meaning |", "|---|---|---|---|", *rows, ""])


def _rows(
    kind: type[msgspec.Struct], prefix: str, *, expand: bool
) -> Iterator[tuple[str, str, str, str]]:
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
            yield from _rows(inner, f"{key}{path}.", expand=expand)


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
            return "a [reason](#reject-reasons)"
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
