"""report.html: what it shows of an evaluation, and that it stays small, safe and well-formed."""

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

from tagline.scores.calibration import reliability
from tests.unit.report_world import HOSTILE, LABELS, evaluation, page, rows_of
from trainer.audit import suspects
from trainer.evaluation import Evaluation

VOID = {"meta", "input", "img", "br", "line", "rect", "path", "circle", "use", "polyline"}


class Outline(HTMLParser):
    """Headings and landmarks in their order; a tag that closes another one is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluation()


@pytest.fixture(scope="module")
def html(found: Evaluation) -> str:
    return page(found)


def section(html: str, heading: str) -> str:
    """Return the text of a section."""
    inside = html.partition(f"<h2>{heading}</h2>")[2].partition("<h2>")[0]
    return " ".join(unescape(re.sub("<[^>]+>", " ", inside)).split())


def test_headings_have_no_gaps_and_all_is_in_the_main_landmark(html: str) -> None:
    tags = Outline(html).found
    headings = [tag for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1"
    assert set(headings[1:]) == {"h2"}
    assert tags.count("main") == 1
    assert html.index("<main>") < html.index("<h1>")


def test_every_judged_label_has_a_curve_and_all_together_one(html: str) -> None:
    names = re.findall('aria-label="precision against recall of ([^"]*)"', html)
    assert sorted(map(unescape, names)) == sorted(
        ["all labels together", *(label for label in LABELS if label != "never")]
    )


def test_nothing_is_asked_for_and_one_script_runs(html: str) -> None:
    assert "default-src 'none'" in html
    assert not re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?(?!data:|#)[^"\' >]+', html)
    script = html.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html
    assert html.count("<script") == 1
    assert 'id="controls" class="controls" hidden' in html  # of no use without it


def test_names_and_paths_are_text(html: str) -> None:
    assert HOSTILE not in html
    assert "<i>" not in html
    assert "folder/&lt;i&gt;" in html


def test_mistakes_name_their_row(found: Evaluation, html: str) -> None:
    wrong = found.tagged & (found.truth == 0)
    missed = ~found.tagged & (found.truth > 0)
    shown = section(html, "Precision against recall")
    for j, label in enumerate(LABELS):
        counts = f"{wrong[:, j].sum()} given wrongly, {missed[:, j].sum()} missed"
        assert label == "never" or counts.startswith("0 given wrongly, 0 ") or counts in shown
    image, label = np.argwhere(wrong)[np.argmax(found.challenger.scores[wrong])]
    score = found.challenger.scores[image, label]
    assert f"+ {score:.3f} line {1000 + image}, id {image}, folder/<i>{image}.png" in shown


def test_the_calibration_is_the_test_images(found: Evaluation, html: str) -> None:
    shown = section(html, "Calibration")
    errors = reliability(found.challenger.scores, found.truth)
    assert f"as served: ECE of all pairs of image and label {errors.together.error:.3f}" in shown
    assert f"mean of the labels' {errors.error.mean():.3f}" in shown
    assert f"0.0 to 0.1 {errors.together.images[0]}" in shown


def test_labels_stand_beside_the_champions(found: Evaluation, html: str) -> None:
    comparison = found.comparison
    assert comparison is not None
    assert comparison.labels is not None
    shown = section(html, "Labels")
    for j, label in enumerate(LABELS):
        gap, low, high = (
            float(values[j])
            for values in (comparison.labels.value, comparison.labels.low, comparison.labels.high)
        )
        if not np.isnan(gap):
            told = f"{gap:+.3f} {low:+.3f} to {high:+.3f}".replace("-", "−")  # noqa: RUF001
            assert re.search(f"{re.escape(label)} .*{re.escape(told)}", shown)
    assert "by chance" in shown
    assert "against the champion" not in page(evaluation(champion=False))


def test_doubted_rows_are_named(found: Evaluation, html: str) -> None:
    doubted = suspects(found, rows_of(found))
    shown = section(html, "Labels to look at again")
    assert f"{len(doubted)} rows of the test and validation images" in shown
    assert f"{doubted[0].line} {doubted[0].id} {doubted[0].path} {doubted[0].split}" in shown


def test_a_page_of_many_labels_stays_small() -> None:
    labels = [f"label number {n}" for n in range(334)]
    assert len(page(evaluation(60, labels))) < 334 * 4000


def test_one_set_judges_and_chooses_where_there_is_no_other() -> None:
    html = page(evaluation(test=False))
    Outline(html)
    assert "rows of the validation images" in section(html, "Labels to look at again")


@pytest.mark.parametrize(("images", "said"), [(29, True), (30, False)])
def test_too_few_images_to_choose_by_are_said(images: int, said: bool) -> None:
    sentence = f"{images} validation images chose epoch and thresholds: below 30"
    assert (sentence in page(evaluation(images))) is said
