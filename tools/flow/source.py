"""Read a flow as people write it, a folder of statemachine/, and write what is deployed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LINE = 100  # columns
# A state's fields, in the order in which they are written
FIELDS = (
    *("Comment", "Type", "Label", "ItemReader", "ItemSelector", "ItemBatcher"),
    *("MaxConcurrencyPath", "ItemProcessor", "ResultWriter", "Resource", "Choices", "Default"),
    *("Seconds", "SecondsPath", "TimeoutSeconds", "TimeoutSecondsPath"),
    *("InputPath", "Parameters", "ResultSelector"),
    *("ResultPath", "OutputPath", "Retry", "Catch", "ErrorPath", "CausePath", "Next", "End"),
)


class FlowError(Exception):
    """The source cannot be compiled; the message says where and why."""


@dataclass(frozen=True)
class Stage:
    """Some states in a row, as one file holds them."""

    name: str
    says: str
    states: dict[str, dict[str, Any]]  # in ASL, but with what the choices' rules say


@dataclass(frozen=True)
class Flow:
    """The whole source, names resolved."""

    head: dict[str, Any]  # the definition's fields beside its states
    stages: list[Stage]

    @property
    def definition(self) -> dict[str, Any]:
        """What is deployed."""
        states = {name: state for stage in self.stages for name, state in stage.states.items()}
        return {**self.head, "States": _without_words(states)}


def read_flow(folder: Path) -> Flow:
    """Read the stages and put in what they name, in shared.yaml of this flow or, if said, another.

    Blocks that a flow borrows need not all be used; its own do.
    """
    head = _load(folder / "flow.yaml")
    stages: dict[str, str] = head.pop("Stages")
    lender: str | None = head.pop("Shared", None)
    wanted = {"flow", *([] if lender else ["shared"]), *stages}
    if strays := wanted ^ {path.stem for path in folder.glob("*.yaml")}:
        raise FlowError(f"flow.yaml: the stages are not the folder's files: {sorted(strays)}")
    compiler = _Compiler(_load((folder.parent / lender if lender else folder) / "shared.yaml"))
    made = [
        Stage(name, says, compiler.states(_load(folder / f"{name}.yaml"), f"{name}.yaml"))
        for name, says in stages.items()
    ]
    if compiler.unused and not lender:
        raise FlowError(f"shared.yaml: nobody uses {', '.join(sorted(compiler.unused))}")
    return Flow(head, made)


class _Loader(yaml.SafeLoader):
    """YAML in which no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for at, (key, _) in enumerate(node.value):
            if key.value in keys[:at]:
                raise FlowError(f"{key.value} stands twice\n{key.start_mark}")
        return super().construct_mapping(node, deep)


def _load(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        loaded = yaml.load(file, _Loader)  # noqa: S506 (a SafeLoader)
    if not isinstance(loaded, dict):
        raise FlowError(f"{path.name}: not a mapping")
    return loaded


class _Compiler:
    """Puts the blocks of shared.yaml in where they are named."""

    def __init__(self, shared: Mapping[str, Mapping[str, Any]]) -> None:
        self.shared = shared
        self.unused = {f"{field} {name}" for field in shared for name in shared[field]}
        self._names: set[str] = set()

    def states(self, source: Mapping[str, Any], where: str) -> dict[str, dict[str, Any]]:
        """Fill states in; their names are unique in the whole flow."""
        made = {}
        for name, state in source.items():
            at = f"{where}: {name}"
            if name in self._names:
                raise FlowError(f"{at}: another state has this name")
            self._names.add(name)
            filled = self._fill(state, at)
            if strange := filled.keys() - set(FIELDS):
                raise FlowError(f"{at}: no fields of a state: {sorted(strange)}")
            if not all("Says" in rule for rule in filled.get("Choices", [])):
                raise FlowError(f"{at}: each rule needs Says, its words in the picture")
            made[name] = {field: filled[field] for field in FIELDS if field in filled}
        return made

    def _fill(self, part: Any, at: str) -> Any:
        if isinstance(part, list):
            return [self._fill(item, at) for item in part]
        if not isinstance(part, dict):
            return part
        filled: dict[str, Any] = {}
        for field, value in part.items():
            if field == "Use":
                filled = self._named(field, value, at) | filled
            elif field in self.shared:
                filled[field] = self._named(field, value, at)
            elif field == "States":
                filled[field] = self.states(value, at)
            else:
                filled[field] = self._fill(value, at)
        return filled

    def _named(self, field: str, name: Any, at: str) -> Any:
        if isinstance(name, list) and field != "Use":
            return [self._named(field, one, at) for one in name]
        if not isinstance(name, str):
            raise FlowError(f"{at}: {field} is written out; give it a name in shared.yaml")
        if name not in self.shared[field]:
            raise FlowError(f"{at}: {field} {name} is unknown; known: {sorted(self.shared[field])}")
        self.unused.discard(f"{field} {name}")
        return self._fill(self.shared[field][name], f"shared.yaml: {field} {name}")


def _without_words(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_words(item) for item in part]
    if isinstance(part, dict):
        return {key: _without_words(value) for key, value in part.items() if key != "Says"}
    return part


def written(value: Any, before: str = "", indent: str = "") -> str:
    """Return JSON in which a part that fits on its line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list):
        return before + line
    line = before + (f"{{ {line[1:-1]} }}" if isinstance(value, dict) else line)
    if len(indent + line) < LINE:
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [written(part, f"{json.dumps(key)}: ", deeper) for key, part in value.items()]
    else:
        parts = [written(part, "", deeper) for part in value]
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    inside = ",\n".join(deeper + part for part in parts)
    return f"{before}{opened}\n{inside}\n{indent}{closed}"
