"""The states that the deployed definition has, so that a new one is missed where it has no case."""

import json
from collections.abc import Iterator
from typing import Any

from tests.laptop import REPOSITORY

DEFINITION = json.loads((REPOSITORY / "statemachine/retrain.asl.json").read_text())


def working() -> dict[str, dict[str, Any]]:
    """Return the states that do something, those inside of maps too, by name, in order."""
    return {name: state for name, state in _all(DEFINITION) if state["Type"] in {"Task", "Map"}}


def functions() -> dict[str, str]:
    """Return the states that call a function, each with its name without the stack's."""
    return {
        name: state["Parameters"]["FunctionName"].removeprefix("${FunctionPrefix}-")
        for name, state in working().items()
        if state.get("Resource", "").endswith(":lambda:invoke")
    }


def _all(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from _all(state["ItemProcessor"])
