"""The report of a model of single labels."""

import re
from html import unescape

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tagline.formats.tasks import Task
from tagline.scores.seriation import together
from tests.unit.report_world import HOSTILE, LABELS, evaluation, page, single_evaluation
from trainer.evaluation import Evaluation


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return single_evaluation()


@pytest.fixture(scope="module")
def html(found: Evaluation) -> str:
    return page(found)


def section(html: str, heading: str) -> str:
    inside = html.partition(f"<h2>{heading}</h2>")[2].partition("<h2>")[0]
    return " ".join(unescape(re.sub("<[^>]+>", " ", inside)).split())


def matrix(html: str) -> list[list[str]]:
    """Return the text of the matrix' cells, the heads of rows included."""
    body = html.partition('<tbody id="confusions">')[2].partition("</tbody>")[0]
    return [
        [unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall("<t[hd].*?</t[hd]>", row)]
        for row in body.split("</tr>")[:-1]
    ]


def test_the_first_screen_is_about_macro_recall(found: Evaluation, html: str) -> None:
    assert found.single is not None
    told = found.single.answers
    verdict = html.partition('class="verdict">')[2].partition("</p>")[0]
    assert verdict.startswith(f"Macro recall {told.macro_recall:.3f}: ")
    assert "what one label for all images would reach" in verdict
    low, high = found.single.top1
    assert f"<dd>{told.top1:.3f} <small>{low:.3f} to {high:.3f}</small></dd>" in html
    assert f"<dd>{found.single.given.answered:.1%}</dd>" in html


def test_the_matrix_has_every_count_and_names_are_text(found: Evaluation, html: str) -> None:
    assert found.single is not None
    rows = matrix(html)
    assert [row[0] for row in rows] == list(LABELS)
    counts = [[int(cell or 0) for cell in row[1:-2]] for row in rows]
    assert counts == found.single.answers.confusion.tolist()
    assert [int(row[-2]) for row in rows] == found.single.answers.support.tolist()
    assert HOSTILE not in html
    assert 'tabindex="0" role="region" aria-label="confusion matrix"' in html
    assert '<form id="confusion" class="controls" hidden>' in html  # of no use without scripts


def test_many_labels_are_the_most_mistaken_and_the_others() -> None:
    found = single_evaluation(images=400, labels=[f"label {n}" for n in range(90)])
    assert found.single is not None
    rows = matrix(page(found))
    assert len(rows) == 61
    assert rows[-1][0] == "all others"
    assert sum(int(cell or 0) for row in rows for cell in row[1:-2]) == 400


def test_pairs_are_named_with_images_and_their_rows(found: Evaluation, html: str) -> None:
    assert found.single is not None
    counts = found.single.answers.confusion.copy()
    np.fill_diagonal(counts, 0)
    has, told = np.unravel_index(int(counts.argmax()), counts.shape)
    shown = section(html, "Taken for each other")
    assert f"{LABELS[has]} {LABELS[told]} {counts.max()} " in shown
    assert f"→ {LABELS[told]}" in shown
    assert re.search(r"line 1\d\d\d, id \d+, folder/<i>", shown)


def test_what_other_confidences_would_do_is_told(found: Evaluation, html: str) -> None:
    assert found.single is not None
    shown = section(html, "Unsure")
    assert "90% (set)" in shown
    assert f"{found.single.given.answered:.1%} are given a label" in shown


def test_confidences_are_what_is_calibrated(found: Evaluation, html: str) -> None:
    shown = section(html, "Calibration")
    assert "divided by a temperature of 1.400" in shown
    assert f"as served: ECE of the best label {found.sureness.error:.3f}" in shown
    assert "uncalibrated: ECE of the best label" in shown


def test_labels_have_recall_and_precision(found: Evaluation, html: str) -> None:
    assert found.single is not None
    shown = section(html, "Labels")
    assert "recall precision against the champion F1 threshold" in shown
    recall, precision = found.single.answers.recall[0], found.single.answers.precision[0]
    assert f"{recall:.3f} {precision:.3f}" in shown
    assert '<option value="recall">recall</option>' in html


def test_a_champion_of_another_task_is_said() -> None:
    shown = page(single_evaluation(champion=Task.MULTI))
    assert "The champion was trained for any number of labels an image" in shown


def test_without_test_images_the_validation_images_are_said_to_judge() -> None:
    shown = page(single_evaluation(test=False))
    assert "macro recall is slightly optimistic" in shown
    assert "of which each was left out once" in shown


def test_several_labels_have_no_matrix() -> None:
    shown = page(evaluation())
    assert "<h2>Confusion matrix</h2>" not in shown
    assert "<h2>Unsure</h2>" not in shown


@given(arrays(np.int64, st.integers(1, 8).map(lambda n: (n, n)), elements=st.integers(0, 5)))
def test_every_label_has_one_place(confusion: np.ndarray) -> None:
    assert sorted(together(confusion).tolist()) == list(range(len(confusion)))


def test_what_is_taken_for_each_other_stands_together() -> None:
    confusion = np.diag([9] * 6)
    for a, b in ((0, 3), (3, 5), (1, 4), (4, 2)):
        confusion[a, b] = confusion[b, a] = 4
    order = together(confusion).tolist()
    assert {frozenset(order[:3]), frozenset(order[3:])} == {
        frozenset({0, 3, 5}),
        frozenset({1, 2, 4}),
    }
