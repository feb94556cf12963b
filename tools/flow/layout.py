"""Lay the flow out: what is drawn as a line, what is said beneath a box, and where all of it is."""

import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.flow.grid import Node, free, place
from tools.flow.source import Flow, Stage

# In pixels
MARGIN, NAMES, GUTTER, GAP = 12, 136, 42, 18
BOX, PAD, LINE, LOOP = 26, 10, 14, 19
MAP_TOP, MAP_SIDE = 22, 9
_MANY = 2  # states of a stage, from which on the stage is named instead
MONO, SANS = 7.3, 6.7  # a character's width, with room for wide fonts


@dataclass
class Band:
    """A stage on the picture; its first state is where it begins."""

    stage: Stage
    nodes: list[Node]
    top: float = 0
    bottom: float = 0
    right: float = 0  # where a line to the next band goes down
    entry: str = ""  # where it is entered from that no line tells
    turns: set[str] = field(default_factory=set)  # states that a line leads down from
    loops: set[int] = field(default_factory=set)  # rows beneath which a line leads back
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def every(self) -> list[Node]:
        """Every state, those inside maps included."""
        return [node for outer in self.nodes for node in (outer, *outer.inner)]

    @property
    def boxes(self) -> list[Node]:
        """Every state that takes up one cell."""
        return [box for node in self.nodes for box in node.boxes]

    @property
    def caption(self) -> list[str]:
        """What it does, in lines."""
        return textwrap.wrap(self.stage.says, 18)

    def beneath(self, node: Node, line: int) -> tuple[float, float]:
        """Where a line of words beneath a box begins."""
        above = LOOP if node.row in self.loops else 0
        return node.left + (22 if node.name in self.turns else 4), node.bottom + above + LINE * line


@dataclass(frozen=True)
class Way:
    """A line from one state to another."""

    band: Band
    source: Node
    target: Node
    how: str  # level, down, up, back, error, or on to the next band
    says: str


@dataclass(frozen=True)
class Layout:
    """All that is drawn."""

    bands: list[Band]
    ways: list[Way]
    width: float
    height: float


def lay_out(flow: Flow) -> Layout:
    """Find the places of everything."""
    bands = [Band(stage, place(stage.states)) for stage in flow.stages]
    ways = list(_ways(bands))
    for band in bands:
        band.entry = _entry(band, bands, ways)
    return Layout(bands, ways, *_measure(bands, ways))


def _ways(bands: list[Band]) -> Iterator[Way]:
    """Find what can be a line; write the rest beneath the boxes."""
    for band, following in zip(bands, [*bands[1:], None], strict=True):
        for node in band.nodes:
            yield from _ways_from(band, node, band.nodes, following)
            for inner in node.inner:
                yield from _ways_from(band, inner, node.inner, None)
        for node in band.every:
            band.notes[node.name] += [
                f"error → {name}" for name in node.handlers if not _beneath(node, name, band)
            ]


def _ways_from(band: Band, node: Node, group: list[Node], following: Band | None) -> Iterator[Way]:
    """Find the lines from a state to others of its group and to the next band."""
    nodes = {other.name: other for other in (*group, *(following.nodes[:1] if following else ()))}
    for says, name in node.ways:
        if how := _how(group, node, nodes.get(name)):
            yield Way(band, node, nodes[name], how, says)
        else:
            band.notes[node.name].append(f"{says} → {name}".strip())
        if how == "down":
            band.turns.add(node.name)
        if how == "back":
            band.loops.add(node.row)
    for name in node.handlers:
        if beneath := _beneath(node, name, band):
            yield Way(band, node, beneath, "error", "error")


def _beneath(node: Node, name: str, band: Band) -> Node | None:
    """Return the handler if it stands beneath the state."""
    found = (other for other in band.every if (other.name, other.column) == (name, node.column))
    return next(found, None)


def _how(group: list[Node], a: Node, b: Node | None) -> str:
    """Return how a line leads from one to the other; nothing where a box is in its way."""
    after = a.column + a.columns
    if b is None:
        return ""
    if b not in group:
        return "on" if free(group, range(after, 99), range(a.row, a.row + 1)) else ""
    if b.column < after:
        return "back" if a.row == b.row else ""
    between = range(after, b.column)
    if a.row < b.row:
        turn = free(group, range(a.column, after), range(a.row + a.rows, b.row + 1))
        return "down" if turn and free(group, between, range(b.row, b.row + 1)) else ""
    turn = free(group, range(b.column, b.column + 1), range(b.row + b.rows, a.row + 1))
    clear = turn and free(group, between, range(a.row, a.row + 1))
    return ("level" if a.row == b.row else "up") if clear else ""


def _entry(band: Band, bands: list[Band], ways: list[Way]) -> str:
    """Say which states of other stages lead to this one, without a line."""
    first = band.nodes[0].name
    lines = {way.source.name for way in ways if way.target.name == first}
    others = [node for other in bands if other is not band for node in other.every]
    plain = [n.name for n in others if first in [to for _, to in n.ways] and n.name not in lines]
    caught = {
        other.stage.name: [node.name for node in other.every if first in node.handlers]
        for other in bands
        if other is not band
    }
    says = [f"from {', '.join(plain)}"] if plain else []
    says += [f"errors of {_in_short(caught)}"] if any(caught.values()) else []
    return "; ".join(says) or ("" if lines else "start")


def _in_short(states: dict[str, list[str]]) -> str:
    """Name states, given by their stage, and the stages that have many of them."""
    stages = [stage for stage, names in states.items() if len(names) >= _MANY]
    single = [name for names in states.values() if len(names) < _MANY for name in names]
    many = f"the stage{'s' * (len(stages) > 1)} {', '.join(stages)}"
    return " and ".join([*([", ".join(single)] if single else []), *([many] if stages else [])])


def _measure(bands: list[Band], ways: list[Way]) -> tuple[float, float]:
    """Give everything its pixels; return the picture's size."""
    wide: dict[int, float] = defaultdict(float)
    for box in (box for band in bands for box in band.boxes):
        wide[box.column] = max(wide[box.column], 39 + MONO * len(box.name))
    lefts, x = {}, float(MARGIN + NAMES)
    for column in sorted(wide):
        lefts[column] = x
        x += wide[column] + GUTTER
    y = float(MARGIN + GAP)
    for band in bands:
        band.top = y
        y += PAD + (LINE if band.entry else 0)
        maps = [node for node in band.nodes if node.inner]
        for row in range(max(node.row + node.rows for node in band.nodes)):
            y += MAP_TOP if any(node.row == row for node in maps) else 0
            boxes = [box for box in band.boxes if box.row == row]
            for box in boxes:
                box.left, box.right = lefts[box.column], lefts[box.column] + wide[box.column]
                box.top, box.bottom, box.level = y, y + BOX, y + BOX / 2
            y += BOX + (LOOP if row in band.loops else 0)
            y += LINE * max((len(band.notes[box.name]) for box in boxes), default=0)
            y += 8 if any(way.how == "error" and way.source in boxes for way in ways) else 0
            for node in maps:
                if node.row + node.rows - 1 == row:
                    y += MAP_SIDE
                    _around(node, y)
            y += PAD
        band.bottom = max(y, band.top + 36 + 14 * len(band.caption))
        y = band.bottom + GAP
        says = {way.source.name: way.says for way in ways if way.band is band and way.how == "on"}
        notes = [(box.left, note) for box in band.boxes for note in band.notes[box.name]]
        notes += [(node.right, says.get(node.name, "")) for node in band.nodes]
        band.right = max(left + 18 + SANS * len(note) for left, note in notes)
    return max(band.right for band in bands) + 2 * MARGIN, y + 18


def _around(node: Node, bottom: float) -> None:
    node.left = min(box.left for box in node.inner) - MAP_SIDE
    node.right = max(box.right for box in node.inner) + MAP_SIDE
    node.top, node.bottom = node.inner[0].top - MAP_TOP, bottom
    node.level = node.inner[0].level
