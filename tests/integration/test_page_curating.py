"""What a curator does on the page: runs as they go, comparing, orders, rows, dropping a list."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tagline.formats.names import run_name
from tests.browser import violations
from tests.integration.test_page import browser, opened, run, world
from tests.page_world import PageWorld, page_world
from tests.unit import run_documents
from tests.unit.api_world import BUCKET, DATASET, LABELS, RUN, metrics_document

__all__ = ["browser", "opened", "world"]
pytestmark = [pytest.mark.slow, pytest.mark.browser]
FORMER = f"{DATASET}-{1:016x}"
BETTER = f"{DATASET}-{2:016x}"
PROGRESS = f"GET /datasets/{DATASET}/runs/{RUN}/progress"
ORDERS = f"POST /datasets/{DATASET}/orders"
SUSPECT = {"line": 3, "id": 3, "path": "c.png", "split": "test", "doubt": 0.9}
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def shared() -> Iterator[PageWorld]:
    with page_world(STATE_MACHINE_ARN="arn:aws:states:us-east-1:1:stateMachine:m") as made:
        reasons = {
            "bad_id": {
                "count": 7,
                "first": [
                    {"line": 4, "id": "x", "path": "a.png", "reason": "bad_id", "detail": "no id"}
                ],
            }
        }
        sides = {"train": 9, "validation": 2, "test": 1}
        for number, name in enumerate((RUN, FORMER, BETTER)):
            run(made, name, f"2026-11-2{number}T09:00:00Z")
            folder = f"{DATASET}/runs/{name}"
            made.bucket.put(f"{folder}/metrics.json", metrics_document(name, mAP=0.4 + number / 10))
            made.bucket.put(f"{folder}/smoke.json", {})
            job = f"tagline--{name[-16:]}-train-000"
            made.bucket.put(f"{DATASET}/output/{job}/output/model.tar.gz", b"x")
            training = {"epochs": number + 3}
            more = {"candidate": True, "tried": ["training.epochs=5"]} if name == BETTER else {}
            plan = run_documents.plan(
                run=name, dataset=DATASET, settings={"training": training}, **more
            )
            made.bucket.put(f"{folder}/plan.json", plan)
            positives = dict.fromkeys(LABELS, sides)
            packed = run_documents.packed_dataset(
                run=name, labels=LABELS, positives=positives, reasons=reasons
            )
            made.bucket.put(f"{folder}/dataset.json", packed)
            made.bucket.put(f"{folder}/report.html", b"<p>report")
        doubt = {"label": LABELS[1], "given": False, "score": 0.99}
        line = json.dumps(SUSPECT | {"labels": [doubt]}).encode() + b"\n"
        for name in (RUN, FORMER, BETTER):
            made.bucket.put(f"{DATASET}/runs/{name}/suspects.jsonl", line)
        champion = run_documents.champion(
            run=RUN, endpoint=f"tagline-{DATASET}", previous=FORMER, created="2026-11-22T09:10:00Z"
        )
        made.bucket.put(f"{DATASET}/champion.json", champion)
        yield made


@pytest.fixture(autouse=True)
def going(shared: PageWorld) -> None:
    shared.answers[PROGRESS] = lambda _: (200, progress("RUNNING", 2))


def progress(status: str, epochs: int) -> dict[str, Any]:
    """What GET …/progress answers of a run that trains, or has trained."""
    at = "2026-11-20T09:00:00.000Z"
    ended = status != "RUNNING"
    states: list[dict[str, Any]] = [
        {"name": "PlanDataset", "status": "done", "entered": at, "ended": at[:-5] + ".300Z"},
        {"name": "Train", "status": "done" if ended else "running", "entered": at, "ended": None},
    ]
    told = [
        {"epoch": n, "at": at, "metrics": {"train:loss": 1 / n, "validation:mAP": n / 10}}
        for n in range(1, epochs + 1)
    ]
    job = {"name": "tagline--x-train-000", "status": "InProgress", "started": at, "ended": None}
    return {
        "dataset": DATASET,
        "run": RUN,
        "execution": RUN,
        "status": status,
        "current": None if ended else "Train",
        "states": [state | {"attempts": 1, "error": None} for state in states],
        "epochs": 12,
        "jobs": [job | {"objective": None, "epochs": told}],
        "items": None,
    }


@pytest.mark.parametrize(
    "view", ["runs", "models", "rows", f"run/{RUN}", f"compare/{RUN},{BETTER}"]
)
def test_axe_finds_nothing_where_curators_work(opened: Opened, view: str) -> None:
    page = opened(f"#{DATASET}/{view}")
    expect(page.locator("#view table.cards:visible, #view dl:visible").first).to_be_visible()
    found = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            rules = () if scheme == "light" else ("color-contrast",)
            found += [f"{width} {scheme} {one}" for one in violations(page, *rules)]
    assert not found
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_run_is_followed_while_it_trains(opened: Opened, world: PageWorld) -> None:
    nothing = {"code": "unknown_run", "detail": "It has written nothing yet."}
    world.answers[f"GET /datasets/{DATASET}/runs/{RUN}"] = lambda _: (404, nothing)
    page = opened(f"#{DATASET}/run/{RUN}")
    expect(page.get_by_text("Train is going on.")).to_be_visible()
    expect(page.get_by_text("epoch 2 of 12")).to_be_visible()
    del world.answers[f"GET /datasets/{DATASET}/runs/{RUN}"]
    page.clock.fast_forward(3_000)
    expect(page.get_by_role("link", name="report")).to_be_visible()
    expect(page.get_by_text("under 1 s").first).to_be_visible()
    field = page.get_by_label("Find a label")
    field.fill("re")
    field.focus()
    world.answers[PROGRESS] = lambda _: (200, progress("SUCCEEDED", 5))
    page.clock.fast_forward(3_000)
    expect(page.get_by_text("epoch 5 of 12")).to_be_visible()
    expect(page.get_by_role("img", name="On the validation images: lately mAP 0.5")).to_be_visible()
    expect(field).to_be_focused()
    expect(page.locator("#said")).to_have_text("The run has ended.")
    expect(page.get_by_role("table", name="Labels of the run's model").locator("tbody tr")
           ).to_have_count(1)  # fmt: skip


def test_runs_are_marked_with_what_is_special_about_them(opened: Opened) -> None:
    page = opened(f"#{DATASET}/runs")
    expect(page.get_by_role("row").filter(has_text=BETTER)).to_contain_text("candidate")
    expect(page.get_by_role("row").filter(has_text=RUN)).to_contain_text("serves now")


def test_two_runs_are_chosen_and_compared(opened: Opened) -> None:
    page = opened(f"#{DATASET}/runs")
    compare = page.get_by_role("button", name="Compare")
    expect(page.get_by_role("img", name="mAP of the runs' models")).to_be_visible()
    expect(compare).to_be_disabled()
    for name in (RUN, BETTER):
        page.get_by_label(f"Compare {name}").check()
    compare.click()
    expect(page.get_by_role("heading", name="Two runs")).to_be_focused()
    expect(page.get_by_text("Both were judged on the very same images.")).to_be_visible()
    expect(page.get_by_role("row", name="training.epochs 3 5")).to_be_visible()


def test_a_former_champion_is_ordered_back_with_a_reason(opened: Opened, world: PageWorld) -> None:
    sent: list[Any] = []
    execution = f"{FORMER}-order-1"

    def take(body: bytes) -> tuple[int, object]:
        sent.append(json.loads(body))
        return 202, {"run": FORMER, "execution": execution}

    told = progress("SUCCEEDED", 0) | {"run": FORMER, "execution": execution, "current": None}
    world.answers[ORDERS] = take
    world.answers[f"GET /datasets/{DATASET}/runs/{FORMER}/progress"] = lambda _: (200, told)
    page = opened(f"#{DATASET}/models")
    back = page.get_by_role("button", name=f"Roll back to {FORMER}")
    back.click()
    expect(page.get_by_label("Why")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(back).to_be_focused()
    back.click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("dialog")).to_be_visible()  # a reason is wanted
    page.get_by_label("Why").fill("no rings")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text(f"{FORMER} is being deployed").first).to_be_visible()
    expect(back).to_be_focused()
    back.click(force=True)  # one after the other
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.clock.fast_forward(3_000)
    expect(page.get_by_text("was not made champion").first).to_be_visible()
    expect(back).to_be_focused()
    assert sent == [{"kind": "rollback", "run": FORMER, "why": "no rings", "who": "Ada"}]
    expect(page.get_by_role("button", name=f"Promote {BETTER}")).to_be_enabled()


def test_who_may_change_nothing_is_told_so(opened: Opened, world: PageWorld) -> None:
    page = opened(f"#{DATASET}/models")
    known = json.loads(page.evaluate(f"fetch('datasets/{DATASET}').then((a) => a.text())"))
    closed = known | {"changes_refused": "This API does not ask who calls."}
    world.answers[f"GET /datasets/{DATASET}"] = lambda _: (200, closed)
    page.reload()
    expect(page.get_by_text("This API does not ask who calls.")).to_be_visible()
    expect(page.get_by_role("button", name=f"Roll back to {FORMER}")).to_be_disabled()
    page.get_by_role("link", name="Rows").click()
    expect(page.get_by_role("button", name="Drop the list")).to_be_disabled()


def test_rows_tell_rejects_labels_and_doubts(opened: Opened) -> None:
    page = opened(f"#{DATASET}/rows")
    reason = page.get_by_text("bad_id")
    reason.click()
    expect(page.get_by_text("Line 4, id x, a.png: no id")).to_be_visible()
    page.clock.fast_forward(31_000)
    expect(page.get_by_text("Line 4, id x, a.png: no id")).to_be_visible()
    expect(page.get_by_role("row", name=f"3 c.png {LABELS[1]} missing")).to_be_visible()


def test_a_dropped_list_is_sent_and_leads_to_its_run(opened: Opened, world: PageWorld) -> None:
    bodies: list[bytes | None] = []
    page = opened(f"#{DATASET}/rows")

    def take(route: Route) -> None:
        bodies.append(route.request.post_data_buffer)
        key = f"{DATASET}/lists/new.lst"
        told = world.bucket.s3.put_object(Bucket=BUCKET, Key=key, Body=b"1\t0\ta.png\n")
        started = run_name(BUCKET, key, "", told["ETag"])
        world.bucket.put(f"{DATASET}/runs/{started}/plan-rejects.jsonl", b"")
        path = f"GET /datasets/{DATASET}/runs/{started}/progress"
        world.answers[path] = lambda _: (200, progress("RUNNING", 0) | {"run": started})
        route.fulfill(status=200, headers={"Access-Control-Allow-Origin": "*"})

    page.route(lambda url: urlsplit(url).path.endswith("/new.lst"), take)
    drop = page.get_by_role("button", name="Drop the list")
    drop.click()
    expect(page.get_by_text("Choose a list first.").first).to_be_visible()
    content: Any = {"name": "new.lst", "mimeType": "text/plain", "buffer": b"1\t0\ta.png\n"}
    page.get_by_label("List (.lst").set_input_files([content])
    drop.click()
    expect(page.get_by_role("heading", level=3).first).to_contain_text(f"{DATASET}-")
    assert len(bodies) == 1
