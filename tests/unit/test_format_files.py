"""The table of the bucket's files against the types, the keys, and the page made from it."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect as types

import tagline.formats
from tagline.formats import batch_steps, fleet_steps, steps
from tagline.formats.batch_keys import BatchKeys
from tagline.formats.document import Document, Record
from tagline.formats.files import ANSWERS, FILES, pattern
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.packed import CHANNELS
from tagline.formats.rows import Side
from tagline.formats.section import Section
from tools.docs import __main__ as docs
from tools.docs.attributes import meanings

DATASET = DatasetKeys("DATASET")
RUN = RunKeys("DATASET-0000000000000000")
BATCH = BatchKeys("DATASET-0000000000000001")
OPEN: dict[str, list[Any]] = {
    "shard": ["<shard>"],
    "digest": ["<digest>"],
    "part": ["<part>"],
    "state": ["<state>"],
    "hour": ["<hour>"],
    "counts": ["<run>-<container>"],
    "channel": list(CHANNELS.values()),
    "number": [None, 0],
    "side": list(Side),
}


def all_types() -> set[type[msgspec.Struct]]:
    for module in pkgutil.iter_modules(tagline.formats.__path__):
        importlib.import_module(f"tagline.formats.{module.name}")
    found: set[type[msgspec.Struct]] = set()
    waiting: list[type[msgspec.Struct]] = [Document, Record, Section]
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found |= {kind for kind in children if kind.__module__.startswith("tagline.formats.")}
    return found


def reached(node: object) -> Iterator[type]:
    """Yield the structs of a type, their bases, and those of what they hold."""
    if isinstance(node, types.StructType):
        yield from node.cls.__mro__
    if isinstance(node, (types.Type, types.Field)):
        for name in node.__struct_fields__:
            yield from reached(getattr(node, name))
    elif isinstance(node, tuple):
        for item in node:
            yield from reached(item)


def test_every_type_is_a_files_an_answers_or_a_steps() -> None:
    roots = {kind for file in FILES for kind in file.kinds} | {*ANSWERS}
    passed = {steps.__name__, batch_steps.__name__, fleet_steps.__name__}
    roots |= {kind for kind in all_types() if kind.__module__ in passed}
    found = {kind for root in roots for kind in reached(types.type_info(root))}
    assert all_types() - found == set()


def keys_of(keys: DatasetKeys | RunKeys | BatchKeys) -> Iterator[str]:
    """Yield every key that a property or a method makes, prefixes left out."""
    for name, member in vars(type(keys)).items():
        if name.startswith("_") or name in {"of", "dataset", "run", "batch"}:
            continue
        made = [getattr(keys, name)]
        if not isinstance(member, property):
            for parameter in inspect.signature(made[0]).parameters:
                made = [
                    lambda *more, call=call, value=value: call(value, *more)
                    for call in made
                    for value in OPEN[parameter]
                ]
            made = [call() for call in made]
        yield from (pattern(key) for key in made if not key.endswith("/"))


@pytest.mark.parametrize("keys", [DATASET, RUN, BATCH])
def test_every_key_is_in_the_table(keys: DatasetKeys | RunKeys | BatchKeys) -> None:
    known = [file.key for file in FILES]
    assert len(known) == len(set(known))
    assert set(keys_of(keys)) - set(known) == set()
    assert len(set(keys_of(keys))) > 5


def test_the_generated_files_are_what_the_types_say() -> None:
    assert docs.stale() == [], "run `make docs`"


def test_a_stale_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "MADE", docs.MADE | {"docs/formats.md": lambda: "other"})
    assert docs.main(["--check"]) == "not what the types say, run `make docs`: docs/formats.md"


def test_meanings_come_from_the_attribute_and_from_what_it_inherits() -> None:
    class Base(Record):
        first: int
        """One,
        two."""
        second: int

    class Made(Base):
        third: int
        """Three."""

    assert meanings(Made) == {"first": "One, two.", "third": "Three."}
