"""The starter backbone in the repository, and the tool that makes it."""

import json
import re
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from tagline.settings.starts import STARTER_NETWORKS
from tools.starter.colours import COLOUR, COLOURS, colours
from tools.starter.contours import contours
from tools.starter.drawing import draw
from tools.starter.icons import (
    LICENCES,
    RARE,
    Drawing,
    Icon,
    IconSet,
    UnusableSet,
    labels_of,
    read_icons,
    read_sets,
)
from tools.starter.keep import LARGEST, as_new, named_rows, notice

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "containers/trainer/starter"
RECORD = json.loads((FOLDER / "starter.json").read_text())
ROW = re.compile(
    r"^\| .+ \(`@iconify-json/([a-z0-9-]+)`\) \| ([\d.]+) \| ([\w.-]+) \| .+ \|$", re.MULTILINE
)
NETWORKS = pytest.mark.parametrize("network", sorted(RECORD["networks"]))


def test_every_set_has_its_notice_and_a_licence_that_lets_it_be_used() -> None:
    text = (FOLDER / "NOTICE.md").read_text()
    rows = ROW.findall(text)
    assert {name: version for name, version, _ in rows} == RECORD["sets"]
    assert {licence for _, _, licence in rows} <= set(LICENCES)
    for licence in LICENCES:
        assert f"\n## {licence}\n" in text


def test_the_sets_are_those_that_the_lock_pins() -> None:
    pinned = json.loads((ROOT / "tools/starter/package.json").read_text())["dependencies"]
    assert {name.removeprefix("@iconify-json/"): v for name, v in pinned.items()} == RECORD["sets"]


def test_no_set_of_marks_or_flags_nor_one_that_models_are_judged_on() -> None:
    judged = re.compile(r"emoji|^noto|^(fa|fa\d?-.*)$|logo|flag|brand|^(bxl|cib|simple-icons)$")
    assert not [name for name in RECORD["sets"] if judged.search(name)]


def test_the_settings_know_which_networks_have_one() -> None:
    assert set(RECORD["networks"]) == STARTER_NETWORKS


@NETWORKS
def test_a_starter_is_the_file_that_is_recorded(network: str) -> None:
    known = RECORD["networks"][network]
    content = (FOLDER / known["file"]).read_bytes()
    assert sha256(content).hexdigest() == known["sha256"]
    with np.load(FOLDER / known["file"], allow_pickle=False) as arrays:
        for name in arrays:
            assert np.isfinite(arrays[name]).all(), name
        assert len(arrays["head.weight"]) == len(arrays["head.bias"]) == len(known["words"])


def test_all_of_it_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= LARGEST


def test_a_notice_names_set_version_licence_and_author() -> None:
    known = IconSet("round", "Round Icons", "1.2.3", "MIT", "Ann", "https://example.org")
    row = "| Round Icons (`@iconify-json/round`) | 1.2.3 | MIT | [Ann](https://example.org) |"
    assert row in notice([known]).splitlines()


def test_what_is_kept_answers_the_same_with_weights_as_large_as_new_ones() -> None:
    rng = np.random.default_rng(0)
    shapes = {"gamma": (8,), "beta": (8,), "running_mean": (8,), "running_var": (8,)}
    learned = {f"features.1.{name}": rng.random(s, np.float32) for name, s in shapes.items()}
    learned["features.0.weight"] = rng.normal(0, 3, (8, 3, 1, 1)).astype(np.float32)
    kept = as_new(learned)
    assert kept["features.0.weight"].std() == pytest.approx(np.sqrt(2 / 3), rel=1e-5)
    pixels = rng.random((3, 5), np.float32)

    def answers(weights: dict[str, Any]) -> Any:
        sums = weights["features.0.weight"][:, :, 0, 0] @ pixels
        gamma, beta, mean, var = (weights[f"features.1.{name}"][:, None] for name in shapes)
        return gamma * (sums - mean) / np.sqrt(var) + beta

    assert answers(kept) == pytest.approx(answers(learned), rel=1e-4)


def test_what_is_kept_of_a_head_goes_by_words_and_forgets_how_often_they_were_right() -> None:
    labels = ["cat", "red", f"{COLOUR}red", f"{COLOUR}blue", "ground red"]
    weights = {"head.weight": np.eye(5, dtype=np.float32), "head.bias": np.zeros(5, np.float32)}
    words, head = named_rows(labels, weights, np.array([0.5, 0.5, 0.5, 0.2, 0.5]))
    assert words == ["blue", "cat", "red"]
    assert head["head.weight"].argmax(axis=1).tolist() == [3, 0, 1]
    assert head["head.bias"] == pytest.approx([np.log(4), 0, 0])


def icon_set(modules: Path, licence: str, names: list[str]) -> None:
    folder = modules / "@iconify-json/round"
    folder.mkdir(parents=True)
    icons = {name: {"body": f"<path id='{name}'/>"} for name in names}
    info = {"name": "Round", "license": {"spdx": licence}, "author": {"name": "Ann"}}
    (folder / "icons.json").write_text(json.dumps({"icons": icons, "width": 24}))
    (folder / "info.json").write_text(json.dumps(info))
    (folder / "package.json").write_text(json.dumps({"version": "1.0.0"}))


def test_a_set_under_another_licence_is_refused(tmp_path: Path) -> None:
    icon_set(tmp_path, "GPL-3.0", [])
    with pytest.raises(UnusableSet, match=r"round is under GPL-3\.0"):
        read_sets(tmp_path)


def test_sizes_and_styles_are_one_icon_and_marks_are_none(tmp_path: Path) -> None:
    icon_set(tmp_path, "MIT", ["cat-24-filled", "cat-16-outline", "cat-dog", "brand-cat"])
    icons = read_icons(tmp_path, read_sets(tmp_path))
    assert {icon.words: len(icon.drawings) for icon in icons} == {
        frozenset({"cat"}): 2,
        frozenset({"cat", "dog"}): 1,
    }
    assert icons[0].drawings[0].box == (0, 0, 24, 16)


def test_labels_are_the_words_of_many_names() -> None:
    often = [Icon("s", frozenset({"cat", f"w{n}"}), ()) for n in range(RARE)]
    assert labels_of(often) == ["cat"]
    assert labels_of(often[1:]) == []


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("M1 1h8v8h-8z", ["M1 1h8v8h-8z"]),
        # the second begins where the first began, and is told in full
        ("M1 1h8v8h-8zm2 2h2v2z", ["M1 1h8v8h-8z", "M3 3h2v2z"]),
        ("M3 3h2v2zM1 1h8v8z", ["M1 1h8v8z", "M3 3h2v2z"]),  # the widest first
        ("M1 1 9 1 9 9z", ["M1 1L9 1L9 9z"]),
        ("m1 1 8 0 0 8zl2 2", ["M1 1l8 0l0 8z", "M1 1l2 2"]),
        ("M0 0a4 4 0 018 0z", ["M0 0a4 4 0 0 1 8 0z"]),  # flags need no space
        ("M0 0h.5.5z", ["M0 0h0.5h0.5z"]),
        ("M0 0h4 v", ["M0 0h4"]),
        ("L1 1", []),
        ("", []),
    ],
)
def test_a_path_is_cut_into_its_contours(path: str, parts: list[str]) -> None:
    assert contours(path) == parts


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((255, 0, 0), "red"),
        ((255, 150, 0), "orange"),
        ((250, 240, 0), "yellow"),
        ((0, 200, 0), "green"),
        ((0, 220, 220), "cyan"),
        ((0, 0, 255), "blue"),
        ((140, 0, 255), "violet"),
        ((255, 0, 150), "pink"),
        ((250, 0, 20), "red"),  # the hues are a circle
        ((10, 10, 10), "black"),
        ((128, 128, 128), "grey"),
        ((240, 200, 190), "pale"),
    ],
)
def test_a_design_is_told_by_its_colours(colour: tuple[int, int, int], name: str) -> None:
    image = np.full((96, 96, 3), 255, np.uint8)
    assert named(image) == ["ground white"]
    image[20:70, 20:70] = colour
    assert named(image) == [f"colour {name}", "ground white"]
    image[:] = colour
    image[30:60, 30:60] = 255
    assert named(image) == ["colour white", f"ground {name}"]


def named(image: Any) -> list[str]:
    return [name for name, there in zip(COLOURS, colours(image), strict=True) if there]


BODIES = (
    '<path fill="currentColor" d="M1 1h8v8h-8zm2 2h2v2z"/>',
    '<g fill="none" stroke="currentColor"><circle cx="4" cy="4" r="3"/><path d="M1 1h3"/></g>',
    '<path fill="#ff0000" d="M1 1h8v8h-8z"/>',
    '<defs><mask id="a"/></defs><path fill="currentColor" d="M0 0h4v4z" mask="url(#a)"/>',
)


@pytest.mark.parametrize("body", BODIES)
def test_a_drawing_is_an_svg_and_its_number_tells_it(body: str) -> None:
    drawing = Drawing(body, (0, 0, 10, 10))
    drawn = [draw(drawing, 96, Random(seed)) for seed in range(30)]
    assert drawn == [draw(drawing, 96, Random(seed)) for seed in range(30)]
    assert len(set(drawn)) == len(drawn)
    for text in drawn:
        root = ET.fromstring(text)
        assert (root.get("width"), root.get("height")) == ("96", "96")
