"""What the report tells of corrections that were merged into the list."""

import re
from html import unescape

import msgspec

from tagline.formats.merged import Merged
from tests.unit.report_world import HOSTILE, evaluation, page


def merged(by: str = "person", path: str = "a.png") -> Merged:
    """Corrections of two labels and three rows, the first of which is a judging image."""
    rows = [
        {"id": 0, "path": path, "before": ["red", "round"], "after": ["red", HOSTILE]},
        {"id": 1000, "path": "b.png", "before": [], "after": ["round"]},
        {"id": 2**52, "path": "c.png", "before": None, "after": ["red"]},
    ]
    return msgspec.convert(
        {
            "dataset": "demo",
            "list": {"key": "demo/lists/a.lst", "etag": "e"},
            "sha256": "0" * 64,
            "by": by,
            "at": "2026-11-26T22:00:00Z",
            "through": "k",
            "corrections": 4,
            "new": 3 if by == "corrections" else 0,
            "verdicts": {"changed": 3, "agrees": 1},
            "conflicts": 0,
            "rows_changed": 2,
            "rows_added": 1,
            "labels": [
                {"label": "red", "added": 1, "removed": 0},
                {"label": "round", "added": 1, "removed": 1},
                {"label": "gone since", "added": 1, "removed": 1},
            ],
            "rows": rows,
        },
        Merged,
    )


def section(html: str) -> str:
    inside = html.partition("<h2>What corrections changed</h2>")[2].partition("<h2>")[0]
    return " ".join(unescape(re.sub("<[^>]+>", " ", inside)).split())


def test_labels_are_shown_before_and_after_beside_the_champion() -> None:
    found = evaluation()
    text = section(page(found, merged()))
    assert "4 corrections were merged into the list, by a person: 2 rows have other labels" in text
    assert found.comparison is not None
    for at, cells in ((1, "round +1 \u22121 2"), (0, "red +1 \u22120 1")):
        before, after = found.comparison.champion.ap[at], found.comparison.challenger.ap[at]
        change = f"{after - before:+.3f}".replace("-", "\N{MINUS SIGN}")
        assert f"{cells} {before:.3f} {after:.3f} {change}" in text
    assert text.index("round +1") < text.index("red +1")
    assert "gone since" not in text


def test_rows_are_shown_with_their_labels_before_and_after() -> None:
    found = evaluation()
    text = section(page(found, merged(path="<i>" + "x" * 100)))
    given = [found.labels[at] for at in found.tagged[0].nonzero()[0]]
    assert f"red + {HOSTILE} \u2212 round {', '.join(given) or 'none'}" in text
    assert f"{2**52} c.png new + red" in text
    assert "…" in text


def test_a_first_model_has_nothing_beside_it() -> None:
    text = section(page(evaluation(champion=False), merged("corrections")))
    assert "3 new ones started this run" in text
    assert "There is no champion to compare with." in text


def test_without_corrections_nothing_is_said() -> None:
    assert "What corrections changed" not in page(evaluation())
