"""Give each state of a stage a place: columns in the order of the flow, a row for each branch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Node:
    """A state and its place; a map holds its inner states, in the same columns and rows."""

    name: str
    state: Mapping[str, Any]
    column: int = 0
    row: int = 0
    columns: int = 1
    rows: int = 1
    inner: list["Node"] = field(default_factory=list)
    # on the picture, in pixels
    left: float = 0
    top: float = 0
    right: float = 0
    bottom: float = 0
    level: float = 0  # where lines come in and go out

    @property
    def middle(self) -> float:
        """Halfway between left and right."""
        return (self.left + self.right) / 2

    @property
    def boxes(self) -> list["Node"]:
        """What takes up cells: the state itself or those inside it."""
        return self.inner or [self]

    @property
    def ways(self) -> list[tuple[str, str]]:
        """When and where it goes on without an error; a choice's last resort first."""
        rules = [(rule["Says"], rule["Next"]) for rule in self.state.get("Choices", [])]
        default = [("else", self.state["Default"])] if "Default" in self.state else []
        plain = [("", self.state["Next"])] if "Next" in self.state else []
        return default + plain + rules[::-1]

    @property
    def handlers(self) -> list[str]:
        """Where it goes on after an error."""
        return [catch["Next"] for catch in self.state.get("Catch", [])]


def free(group: list[Node], columns: range, rows: range) -> bool:
    """Whether none of the nodes takes up one of these cells."""
    return not any(
        node.column < columns.stop
        and columns.start < node.column + node.columns
        and node.row < rows.stop
        and rows.start < node.row + node.rows
        for node in group
        if columns and rows
    )


def place(states: Mapping[str, Mapping[str, Any]]) -> list[Node]:
    """Place the states of a stage or of a map."""
    nodes = {name: Node(name, state) for name, state in states.items()}
    for node in nodes.values():
        if "ItemProcessor" in node.state:
            node.inner = place(node.state["ItemProcessor"]["States"])
            node.columns = 1 + max(inner.column for inner in node.inner)
            node.rows = 1 + max(inner.row for inner in node.inner)
    for node in nodes.values():
        for target in _ahead(nodes, node, [name for _, name in node.ways]):
            target.column = max(target.column, node.column + node.columns)
        for target in _ahead(nodes, node, node.handlers):
            target.column = max(target.column, node.column)
    placed: list[Node] = []
    for node in nodes.values():
        _settle(node, 0, nodes, placed)
    for node in placed:
        for inner in node.inner:
            inner.column += node.column
            inner.row += node.row
    return placed


def _settle(node: Node, row: int, nodes: Mapping[str, Node], placed: list[Node]) -> None:
    """Find the first free row, then rows for all that follows: a branch each."""
    if node in placed:
        return
    while not free(
        placed, range(node.column, node.column + node.columns), range(row, row + node.rows)
    ):
        row += 1
    node.row = row
    placed.append(node)
    for branch, target in enumerate(_ahead(nodes, node, [name for _, name in node.ways])):
        _settle(target, row + branch, nodes, placed)
    for target in _ahead(nodes, node, node.handlers):
        _settle(target, row + node.rows, nodes, placed)


def _ahead(nodes: Mapping[str, Node], node: Node, names: list[str]) -> Iterator[Node]:
    """Those of the names that come later here."""
    order = list(nodes)
    later = order[order.index(node.name) + 1 :]
    return (nodes[name] for name in names if name in later)
