"""The picture of the flow: everything is on it, and nothing lies on anything else."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tools.flow.__main__ import SOURCE
from tools.flow.grid import place
from tools.flow.layout import MONO, SANS, lay_out
from tools.flow.picture import KINDS, SCHEMES, draw
from tools.flow.source import Flow, Stage, read_flow

SVG = "{http://www.w3.org/2000/svg}"
FLOW = read_flow(SOURCE)
LAYOUT = lay_out(FLOW)
PICTURE = ET.fromstring(draw(FLOW, "light"))
WIDTHS = {"name": MONO, "stage": 9.5}


@dataclass(frozen=True)
class Area:
    left: float
    top: float
    right: float
    bottom: float
    what: str

    def meets(self, other: "Area") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def within(self, other: "Area") -> bool:
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom


def texts() -> Iterator[Area]:
    for text in PICTURE.iter(f"{SVG}text"):
        says, x, y = text.text or "", float(text.attrib["x"]), float(text.attrib["y"])
        wide = WIDTHS.get(text.attrib["class"], SANS) * len(says)
        x -= {"middle": wide / 2, "end": wide}.get(text.attrib.get("text-anchor", ""), 0)
        yield Area(x, y - 9, x + wide, y + 2, says)


def boxes() -> Iterator[Area]:
    for band in LAYOUT.bands:
        for box in band.boxes:
            yield Area(box.left, box.top, box.right, box.bottom, box.name)


def lines() -> Iterator[Area]:
    """Every straight piece of every line."""
    for path in PICTURE.iter(f"{SVG}path"):
        if path.attrib.get("class", "").startswith("line"):
            numbers = [float(number) for number in re.findall(r"[\d.]+", path.attrib["d"])]
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            for (x, y), (to_x, to_y) in itertools.pairwise(points):
                yield Area(min(x, to_x), min(y, to_y), max(x, to_x) + 1, max(y, to_y) + 1, "line")


TEXTS, BOXES, LINES = list(texts()), list(boxes()), list(lines())


def test_no_words_lie_on_others() -> None:
    pairs = [(a.what, b.what) for a in TEXTS for b in TEXTS if a is not b and a.meets(b)]
    assert pairs == []


def test_words_are_inside_a_box_or_outside_all() -> None:
    cut = [(a.what, b.what) for a in TEXTS for b in BOXES if a.meets(b) and not a.within(b)]
    assert cut == []


def test_no_line_strikes_words_through() -> None:
    assert len(LINES) > 100
    assert [text.what for text in TEXTS if any(text.meets(line) for line in LINES)] == []


def test_words_are_inside_a_stage_or_the_legend() -> None:
    bands = [Area(0, b.top, LAYOUT.width, b.bottom, b.stage.name) for b in LAYOUT.bands]
    out = [t.what for t in TEXTS if not any(t.within(band) for band in bands)]
    assert out == [says for _, _, says in KINDS.values() if says]


def test_nothing_leaves_the_picture() -> None:
    page = Area(0, 0, LAYOUT.width, LAYOUT.height, "page")
    assert [area.what for area in TEXTS + BOXES if not area.within(page)] == []


def test_boxes_lie_beside_each_other() -> None:
    assert [(a.what, b.what) for a in BOXES for b in BOXES if a is not b and a.meets(b)] == []


def test_every_state_and_stage_is_named_once_and_in_order() -> None:
    said = [t.text for t in PICTURE.iter(f"{SVG}text") if t.attrib["class"] == "stage"]
    assert said == [stage.name.replace("-", " ") for stage in FLOW.stages]
    names = [t.text for t in PICTURE.iter(f"{SVG}text") if t.attrib["class"] == "name"]
    assert len(names) == len(set(names))
    top = FLOW.definition["States"]
    inner = [n for s in top.values() for n in s.get("ItemProcessor", {}).get("States", ())]
    assert set(names) == {*top, *inner}


def test_every_way_is_drawn_or_told() -> None:
    """As a line with its words, or beneath the box that it leaves."""
    drawn = {(way.source.name, way.says, way.target.name) for way in LAYOUT.ways}
    for band in LAYOUT.bands:
        for node in band.every:
            for says, name in node.ways:
                told = f"{says} → {name}".strip() in band.notes[node.name]
                assert told != ((node.name, says, name) in drawn)
            for name in node.handlers:
                told = f"error → {name}" in band.notes[node.name]
                known = told or (node.name, "error", name) in drawn
                assert known


def test_a_picture_tells_what_it_shows() -> None:
    assert PICTURE.attrib["role"] == "img"
    ids = PICTURE.attrib["aria-labelledby"].split()
    told = {part.attrib["id"]: part.text or "" for part in PICTURE if "id" in part.attrib}
    assert all(told[name] for name in ids)
    assert "redeploy: The champion serves again" in told["desc"]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_can_be_read(scheme: str) -> None:
    """WCAG's contrast of 4.5 to 1 against the band they lie on."""
    style = draw(FLOW, scheme)

    def colour(rule: str) -> float:
        found = re.search(re.escape(rule) + r" \{ fill: (#\w{6})", style)
        assert found
        return luminance(found[1])

    for words in (".note", ".note.bad", ".stage, .name"):
        dark, light = sorted((colour(words), colour(".band")))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def chain(**states: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {node.name: (node.column, node.row) for node in place(states)}


def test_branches_have_rows_and_meet_again() -> None:
    rules = [{"Says": "one", "Next": "A"}, {"Says": "two", "Next": "B"}]
    assert chain(
        Ask={"Choices": rules, "Default": "End"}, A={"Next": "End"}, B={"Next": "End"}, End={}
    ) == {"Ask": (0, 0), "End": (2, 0), "B": (1, 1), "A": (1, 2)}


def test_a_map_takes_as_many_columns_as_it_has_states_in_a_row() -> None:
    inner = {"ItemProcessor": {"States": {"X": {"Next": "Y"}, "Y": {}}}}
    assert chain(Each=inner, Then={}) == {"Each": (0, 0), "Then": (0, 1)}
    assert chain(Each=inner | {"Next": "Then"}, Then={}) == {"Each": (0, 0), "Then": (2, 0)}


def test_a_line_that_would_cross_a_box_becomes_words() -> None:
    states: dict[str, dict[str, Any]] = {
        "Ask": {"Type": "Choice", "Choices": [{"Says": "far", "Next": "C"}], "Default": "A"},
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Pass", "Catch": [{"Next": "C"}]},
    }
    (band,) = lay_out(Flow({}, [Stage("one", "words", states)])).bands
    assert band.notes["Ask"] == ["far → C"]
