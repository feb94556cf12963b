"""docs/settings.md from the types: every key of dataset.yaml, by section."""

import json
from collections.abc import Iterator

import msgspec
from msgspec import inspect

from tagline.formats.settings import Ranges, Settings, Tuning
from tools.docs.attributes import summary
from tools.docs.tables import key_rows, table

_HEAD = """\
# Settings

`<dataset>/dataset.yaml` says how a dataset is read, split, trained and served. The file is
optional, and so is every key in it; a key that is not listed here is refused, and those that there
are are named. `tagline drop` uploads it (`--config dataset.yaml`), and `tagline check LIST --config
dataset.yaml` says what is wrong with it, without a cloud. It holds from the next list on, or at
once where a section's page says so. This page is made from the types in `tagline/formats` by `make
docs`.

Where `null` is the default, the value is chosen for you: by the plan, by the stack's parameters, or
the thing is off. [Training](training.md) tells what is chosen and what it reached,
[promotion](promotion.md) what the gate makes of its section,
[operations](operations.md#how-traffic-moves-to-a-new-champion) how traffic moves,
[costs](costs.md#bounds) what bounds there are, [feedback](feedback.md), [drift](drift.md) and
[devices](edge.md) the sections that are about them, [recommender](recommender.md) which settings
ratings have.

## All defaults

```yaml
{defaults}```
"""
_RANGES = """\
### tuning.ranges
{summary}
Numbers have the bounds that the same key of `training` has. `image_size`: {image_size}
Without `ranges` it is `{default}`.

| key | is |
|---|---|
{rows}
"""


def defaults_yaml() -> str:
    """Return a dataset.yaml of every default: a line a key, sections with their keys below."""
    return "".join(_lines(msgspec.to_builtins(Settings()), ""))


def _lines(values: dict[str, object], indent: str) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:\n"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{key}: {json.dumps(value)}\n"


def settings_page() -> str:
    """Return the page."""
    return "\n".join(
        [_HEAD.format(defaults=defaults_yaml()), "## Of the dataset\n", _plain(), *_sections()]
    )


def _fields() -> dict[str, type[msgspec.Struct] | None]:
    """Return each key of the file, with its section's type where it is one."""
    found: dict[str, type[msgspec.Struct] | None] = {}
    for field in msgspec.structs.fields(Settings):
        info = inspect.type_info(field.type)
        kinds = info.types if isinstance(info, inspect.UnionType) else (info,)
        found[field.name] = next(
            (kind.cls for kind in kinds if isinstance(kind, inspect.StructType)), None
        )
    return found


def _plain() -> str:
    names = {f"`{name}`" for name, section in _fields().items() if section is None}
    rows = [row for row in key_rows(Settings, "", expand=True) if row[0] in names]
    head = ["| key | value | if absent | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows), ""])


def _sections() -> Iterator[str]:
    for name, section in _fields().items():
        if section is None:
            continue
        yield f"## {name}\n"
        yield f"{summary(section)}\n"
        told = table(section, f"{name}.", expand=True)
        if section is Tuning:
            told = "".join(
                line
                for line in told.splitlines(keepends=True)
                if not line.startswith("| `tuning.ranges")
            )
            yield f"{told}\nNull, the default, is no search: one training job.\n"
            yield _ranges()
        else:
            yield told


def _ranges() -> str:
    rows = {
        key.rpartition(".")[2].strip("`"): row for key, *row in key_rows(Ranges, "", expand=True)
    }
    return _RANGES.format(
        summary=summary(Ranges),
        image_size=rows["image_size"][2],
        default=json.dumps(msgspec.to_builtins(Tuning().ranges)),
        rows="\n".join(
            f"| `{name}` | {row[0].removesuffix(' or null')} |" for name, row in rows.items()
        ),
    )
