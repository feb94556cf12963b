"""docs/formats.md from the types of tagline/formats."""

from collections.abc import Iterator

import msgspec

from tagline.formats import batch_steps, fleet_steps, steps
from tagline.formats.document import Document
from tagline.formats.files import ANSWERS, OF_BATCHES, OF_DATASET, OF_RUN, OF_STACK, File, Form
from tools.docs.attributes import summary
from tools.docs.tables import table

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

What the state machine hands to its functions and gets back: types of `tagline/formats/steps.py`,
`batch_steps.py` and `fleet_steps.py`, without a format of their own, since they live no longer
than an execution.
"""
_ANSWERS = """\
## Answers and alerts

What the endpoint's `POST /invocations` answers, scores or why there are none; what the alerts topic
is told of a run, and RecordOutcome answers; what devices are given, are told and say.
"""


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
        "Every key of dataset.yaml, with its default: [settings](settings.md).\n",
        "## Reject reasons\n",
        "Codes and what to do: [reasons](reasons.md).\n",
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
            yield f"As in `{told[kind]}`.\n" if kind in told else table(kind)
            told.setdefault(kind, name)


def _answer(kind: type[msgspec.Struct]) -> str:
    return f"{summary(kind)}\n\n{table(kind)}"


def _step_types() -> Iterator[type[msgspec.Struct]]:
    for module in (steps, batch_steps, fleet_steps):
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                yield kind


def _step(kind: type[msgspec.Struct]) -> str:
    fields = ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(kind))
    return f"| {kind.__name__} | {summary(kind)} | {fields} |"
