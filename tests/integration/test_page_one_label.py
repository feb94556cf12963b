"""The page of a dataset whose images have exactly one label, in a real browser."""

import base64
import json
from collections.abc import Iterator

import pytest
from msgspec import structs
from playwright.sync_api import Page, expect

from tests.browser import browsing, violations
from tests.page_world import PageWorld, page_world
from tests.unit.api_world import DATASET, LABELS, RUN, champion_document, event, metrics_document
from tests.unit.run_documents import packed_dataset, plan

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PNG = base64.b64decode(event("tag_png")["body"])
FEEDBACK = f"POST /datasets/{DATASET}/feedback"


@pytest.fixture
def world() -> Iterator[PageWorld]:
    labels = [
        {"label": label, "ap": 0.8, "f1": 0.7, "support": 20, "threshold": 0.5, "recall": 0.75}
        for label in LABELS
    ]
    counts = [[15, 5, 0, 0], [0, 20, 0, 0], [0, 0, 20, 0], [1, 0, 0, 19]]
    judged: dict[str, object] = {"task": "single", "primary_metric": "macro_recall"}
    judged |= {"macro_recall": 0.75, "top1": 0.7}
    judged |= {"labels": labels, "confusion": {"labels": LABELS, "counts": counts}}
    with page_world() as made:
        folder = f"{DATASET}/runs/{RUN}"
        metrics = metrics_document(RUN, **judged)
        made.bucket.put(f"{folder}/metrics.json", metrics)
        packed = packed_dataset(run=RUN, labels=LABELS, task="single")
        made.bucket.put(f"{folder}/dataset.json", packed)
        made.bucket.put(f"{folder}/plan.json", plan(run=RUN, dataset=DATASET, task="single"))
        champion = structs.replace(champion_document(), metric="macro_recall", value=0.75)
        made.bucket.put(f"{DATASET}/champion.json", champion)
        yield made


def test_one_label_its_confidence_and_what_is_taken_for_what(world: PageWorld) -> None:
    with browsing() as browser:
        page = browser.new_page()
        told: list[str] = []
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(world.url)
        expect(page.locator("main")).to_contain_text("4 labels, one an image")
        page.set_input_files(
            "input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": PNG}
        )
        rows = page.locator(".tags li")
        expect(rows).to_have_count(4)  # with their bars, though one alone is the label
        expect(page.locator(".tags li.is")).to_have_count(1)
        _unsure_above(page, 0.95)
        _corrects(page, world)
        page.goto(f"{world.url}#{DATASET}/run/{RUN}")
        first = page.locator("table", has_text="Best label").locator("tbody tr").first
        expect(first).to_contain_text(f"{LABELS[0]}{LABELS[1]}5")
        assert not violations(page)
        page.goto(f"{world.url}#{DATASET}/runs")
        page.reload()
        expect(page.get_by_role("columnheader", name="macro recall")).to_be_visible()
        assert not told


def _unsure_above(page: Page, threshold: float) -> None:
    page.locator("#threshold").fill(str(threshold))
    expect(page.locator(".verdict")).to_contain_text(f"Unsure: {LABELS[0]} is likeliest")
    expect(page.locator(".tags li.is")).to_have_count(0)
    page.get_by_label("own threshold").check()


def _corrects(page: Page, world: PageWorld) -> None:
    kept: list[bytes] = []
    world.answers[FEEDBACK] = lambda body: (kept.append(body) or 404, {"code": "unknown_image"})  # type: ignore[func-returns-value]
    page.get_by_label(f"Add {LABELS[1]}").click()
    page.get_by_label(f"Add {LABELS[2]}").click()  # takes the other's place
    page.get_by_role("button", name="Save 1 correction").click()
    expect(page.locator(".saving [role=status]")).not_to_have_text("Saving…")
    said = json.loads(kept[0])
    assert (said["confirmed"], said["added"], said["removed"]) == ([], [LABELS[2]], [])
