"""The page in a real browser, with the API's functions behind it: keyboard, focus, axe, images."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, expect

from tagline.formats.kinds import Kind
from tests.browser import browsing, violations
from tests.page_world import PageWorld, page_world
from tests.unit.api_world import BUCKET, DATASET, LABELS, RUN, champion_document, event
from tests.unit.run_documents import decision, packed_dataset, status
from tests.unit.test_api_devices import leave as leave_devices
from tests.unit.test_api_drift import leave as leave_drift

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PNG = base64.b64decode(event("tag_png")["body"])
FEEDBACK = f"POST /datasets/{DATASET}/feedback"
VIEWS = ("try", "runs", f"run/{RUN}", "drift", "devices")
OTHER = f"{DATASET}-{1:016x}"
NEWER = f"{DATASET}-{2:016x}"
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


@pytest.fixture(scope="module")
def shared() -> Iterator[PageWorld]:
    with page_world() as made:
        made.bucket.put("zoo/lists/a.lst", b"")
        run(made, RUN, "2026-11-20T09:00:00Z")
        run(made, OTHER, "2026-11-20T08:00:00Z")
        folder = f"{DATASET}/runs/{RUN}"
        made.bucket.put(f"{folder}/dataset.json", packed_dataset(run=RUN, labels=LABELS))
        made.bucket.put(f"{folder}/decision.json", decision())
        made.bucket.put(f"{folder}/report.html", b"<p>report")
        leave_drift(made.bucket)
        leave_devices(made.bucket)
        yield made


@pytest.fixture
def world(shared: PageWorld) -> Iterator[PageWorld]:
    shared.asked.clear()
    yield shared
    shared.answers.clear()


@pytest.fixture
def opened(browser: Browser, world: PageWorld) -> Iterator[Opened]:
    """Return what opens the page at a place; it fails a test whose page said anything is wrong."""
    context = browser.new_context(permissions=["camera"], reduced_motion="reduce")
    told: list[str] = []
    in_bucket = re.compile(r"https://[^/]*amazonaws\.com/")
    context.route(in_bucket, lambda asked: asked.fulfill(body=PNG, content_type="image/png"))

    def open_at(place: str = "", width: int = 1280, url: str = world.url) -> Page:
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda said: told.append(said.text) if wrong(said.text) else None)
        page.clock.install()
        page.goto(f"{url}{place}")
        expect(page.locator("main h2")).to_be_visible()
        return page

    yield open_at
    context.close()
    assert not told


def wrong(text: str) -> bool:
    """Tell whether a console's word is a fault: what the API refused is said there, too."""
    return "the server responded with a status of" not in text


def run(world: PageWorld, name: str, started: str, **more: str) -> None:
    ended = {"ended": f"{started[:-1]}.400Z"}
    document = status(run=name, dataset=DATASET, started=started, **ended, **more)
    world.bucket.put(f"{DATASET}/runs/{name}/status.json", document)


def images(*names: str, data: bytes = PNG) -> list[Any]:
    return [{"name": name, "mimeType": "image/png", "buffer": data} for name in names]


def tried(page: Page, *names: str) -> None:
    page.set_input_files("input[type=file]", images(*names))
    expect(page.locator(".tags li")).to_have_count(2)


@pytest.mark.parametrize("view", [*VIEWS, "tried", "nope"])
def test_axe_finds_nothing_at_any_width_in_any_light(opened: Opened, view: str) -> None:
    page = opened("" if view == "tried" else f"#{DATASET}/{view}")
    if view == "tried":
        tried(page, "a.png", "b.png")
        page.get_by_label(f"Confirm {LABELS[0]}").click()
        page.get_by_label("All 4 labels").check()
    found = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            rules = () if scheme == "light" else ("color-contrast",)  # all that light changes
            found += [f"{width} {scheme} {one}" for one in violations(page, *rules)]
    assert not found
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_is_no_dataset_is_said_to_be_none(opened: Opened) -> None:
    page = opened("#nope")
    for place in ("nope", "nope/runs", "%E0%A4%A", "no such/", "<b>x</b>"):
        page.evaluate("place => { location.hash = place; }", place)
        expect(page.get_by_role("heading", name="There is no dataset")).to_be_visible()
        page.get_by_role("link", name="zoo").click()
        expect(page.get_by_role("heading", name="zoo", level=2)).to_be_visible()
    page.get_by_role("link", name="Tagline").click()
    expect(page.get_by_role("heading", name=DATASET, level=2)).to_be_visible()


def test_a_dataset_that_is_made_meanwhile_is_shown(opened: Opened, world: PageWorld) -> None:
    page = opened()
    page.evaluate("location.hash = 'new/runs'")
    none = page.get_by_role("heading", name="There is no dataset “new”.")
    expect(none).to_be_focused()
    with page.expect_response("**/datasets/new"):
        page.clock.fast_forward(31_000)
    expect(none).to_be_focused()
    details = json.loads(page.evaluate(f"fetch('datasets/{DATASET}').then((a) => a.text())"))
    world.answers["GET /datasets/new"] = lambda _: (200, details | {"dataset": "new"})
    world.answers["GET /datasets/new/runs"] = lambda _: (200, {"runs": [], "next": None})
    page.clock.fast_forward(31_000)
    expect(page.get_by_text("No run yet")).to_be_visible()
    expect(page.get_by_role("heading", name="Runs", level=3)).to_be_focused()


def test_what_is_no_view_or_run_is_said_to_be_none(opened: Opened) -> None:
    page = opened(f"#{DATASET}/nope")
    expect(page.get_by_role("heading", name="There is no view “nope”")).to_be_visible()
    page = opened(f"#{DATASET}/run/{NEWER}")
    expect(page.get_by_role("alert").first).to_have_text(f"There is no run {NEWER}.")
    expect(page.get_by_text("Loading…")).to_have_count(0)


def test_everything_is_reached_by_keyboard(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    runs = page.get_by_role("navigation", name="Views").get_by_role("link", name="Runs")
    expect(runs).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Runs", level=3)).to_be_focused()
    link = page.get_by_role("link", name=RUN)
    expect(link).to_be_visible()
    while not link.evaluate("one => one === document.activeElement"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('#view').contains(document.activeElement)")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=RUN, level=3)).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"


def test_the_focus_survives_refreshes_that_change_the_page(
    opened: Opened, world: PageWorld
) -> None:
    page = opened(f"#{DATASET}/runs")
    link = page.get_by_role("link", name=RUN)
    link.focus()
    run(world, NEWER, "2026-11-20T10:00:00Z", reason="a newer one")
    page.clock.fast_forward(31_000)
    expect(page.get_by_role("link", name=NEWER)).to_be_visible()
    expect(link).to_be_focused()
    rows = page.get_by_role("table", name=f"Runs of {DATASET}").locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("under 1 s")


def test_images_are_dropped_pasted_chosen_and_one_fault_is_its_own(opened: Opened) -> None:
    page = opened()
    page.set_input_files("input[type=file]", [*images("a.png"), *images("b.png", data=b"nothing")])
    expect(page.locator(".strip button.tagged")).to_have_text(["a.png: 2 tags"])
    expect(page.locator(".strip button.failed")).to_have_text(["b.png: failed"])
    page.locator(".strip button.failed").click()
    expect(page.locator(".verdict .error")).to_contain_text("PNG, JPEG")
    transfer = """([bytes, type]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(bytes)], `${type}.png`, { type: "image/png" }));
        const target = type === "paste" ? window : document.querySelector(".drop");
        const Kind = type === "paste" ? ClipboardEvent : DragEvent;
        const more = type === "paste" ? { clipboardData: data } : { dataTransfer: data };
        target.dispatchEvent(new Kind(type, { bubbles: true, cancelable: true, ...more }));
    }"""
    for kind in ("paste", "drop"):
        page.evaluate(transfer, [list(PNG), kind])
        expect(page.get_by_role("heading", name=f"{kind}.png")).to_be_visible()
    expect(page.locator(".strip button.tagged")).to_have_count(3)
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("link", name="Try", exact=True).click()
    expect(page.locator(".strip button.tagged")).to_have_count(3)


def test_tags_stand_against_their_thresholds_and_can_be_moved(opened: Opened) -> None:
    page = opened()
    tried(page, "a.png")
    expect(page.locator("#said")).to_have_text(f"a.png: {LABELS[0]}, {LABELS[3]}")
    mark = page.locator(".tags li").first.locator(".bar b")
    assert mark.evaluate("line => line.style.left") == "50%"
    slider = page.get_by_label("One for all")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".tags li")).to_have_count(0)
    expect(page.get_by_text("No label reaches its threshold.")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.locator(".tags li")).to_have_count(4)
    page.get_by_label("own threshold").check()
    expect(page.locator(".tags li")).to_have_count(2)
    page.get_by_label("Find a label").fill("AND ")
    expect(page.locator(".tags li")).to_contain_text([LABELS[3]])


def test_a_click_shows_what_a_tag_hangs_on(opened: Opened) -> None:
    page = opened()
    tried(page, "a.png")
    page.get_by_role("button", name=LABELS[0], exact=True).click()
    expect(page.locator("img.heat")).to_be_visible()
    expect(page.get_by_text(f"Red is what “{LABELS[0]}” hangs on.").first).to_be_visible()


def test_corrections_are_saved_once_and_can_be_undone(opened: Opened, world: PageWorld) -> None:
    sent: list[dict[str, Any]] = []

    def keep(body: bytes) -> tuple[int, object]:
        sent.append(json.loads(body))
        if "hash" in sent[-1]:
            return 404, {"code": "unknown_image", "detail": "x"}
        return 201, {"image": {"id": None}}

    world.answers[FEEDBACK] = keep
    page = opened()
    tried(page, "a.png")
    page.get_by_label("All 4 labels").check()
    page.get_by_label(f"Confirm {LABELS[0]}").click()
    page.get_by_label(f"Add {LABELS[1]}").click()
    page.get_by_label(f"Add {LABELS[2]}").click()
    page.get_by_label(f"Add {LABELS[2]}").click()
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Save 2 corrections").click()
    expect(page.get_by_text("Saved: 2 corrections of a.png.")).to_contain_text(
        f"its row will have {LABELS[0]}, {LABELS[1]}, and no others"
    )
    marks = {"confirmed": [LABELS[0]], "added": [LABELS[1]], "removed": []}
    said = {**marks, "who": "Ada", "run": RUN}
    assert [set(one) - set(said) for one in sent] == [{"hash"}, {"image"}]
    assert all(said.items() <= one.items() for one in sent)
    assert base64.b64decode(sent[1]["image"]) == PNG
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Taken back: 1 correction of a.png.")).to_be_visible()
    assert (sent[-1]["removed"], sent[-1]["confirmed"]) == ([LABELS[1]], [])
    marked = threading.Event()
    world.answers[FEEDBACK] = lambda _: (201, {"image": {"id": 7}, "waited": marked.wait(30)})
    page.get_by_label(f"Add {LABELS[1]}").click()
    page.get_by_label(f"Remove {LABELS[3]}").click()
    page.get_by_role("button", name="Save 2 corrections").click()
    page.get_by_label(f"Remove {LABELS[0]}").click()  # while they are being saved
    page.get_by_label(f"Confirm {LABELS[3]}").click()
    marked.set()
    expect(page.get_by_text("Saved: 2 corrections of a.png.")).to_be_visible()
    expect(page.get_by_role("button", name="Save 2 corrections")).to_be_visible()


def test_the_focus_never_falls_to_the_body_while_images_are_tried(
    opened: Opened, world: PageWorld
) -> None:
    world.answers[FEEDBACK] = lambda _: (201, {"image": {"id": 7}})
    page = opened()
    tried(page, "a.png")
    page.get_by_label("Find a label").fill(LABELS[1])
    page.get_by_label(f"Add {LABELS[1]}").click()
    page.get_by_label("Find a label").fill("")
    page.get_by_label(f"Add {LABELS[1]}").press("Enter")  # taken back, its row goes
    assert page.evaluate("document.querySelector('.tags').contains(document.activeElement)")
    page.get_by_label(f"Confirm {LABELS[0]}").press("Enter")
    save = page.locator(".saving .main")
    save.press("Enter")
    expect(page.get_by_text("Saved: 1 correction of a.png.")).to_be_visible()
    expect(save).to_be_focused()
    expect(save).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Take the image away").press("Enter")
    expect(page.get_by_label("Images to tag")).to_be_focused()


def test_a_stack_without_corrections_says_so(opened: Opened, world: PageWorld) -> None:
    world.answers[FEEDBACK] = lambda _: (404, {"code": "unknown_route", "detail": "x"})
    page = opened()
    tried(page, "a.png")
    page.get_by_label(f"Remove {LABELS[0]}").click()
    page.get_by_role("button", name="Confirm the other tags").click()
    page.get_by_role("button", name="Save 2 corrections").click()
    expect(page.get_by_text("This stack takes no corrections.")).to_be_visible()
    expect(page.get_by_role("button", name="Save 2 corrections")).to_be_enabled()


def test_the_camera_takes_pictures(opened: Opened, world: PageWorld) -> None:
    page = opened()
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_text("1 picture taken")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="picture-1.jpg")).to_be_visible()
    expect(page.locator(".tags li")).to_have_count(2)


def test_a_link_is_fetched_anew_once_its_time_is_over(opened: Opened, world: PageWorld) -> None:
    page = opened(f"#{DATASET}/run/{RUN}")
    link = page.get_by_role("link", name="report")
    expect(link).to_be_visible()
    with page.expect_response(f"**/runs/{RUN}"):  # what the page asks every half minute
        page.clock.fast_forward(16 * 60_000)
    with page.expect_response(f"**/runs/{RUN}"), page.expect_popup() as tab:
        link.click()
    tab.value.close()
    told = {"code": "busy", "detail": "Busy; try again."}
    world.answers[f"GET /datasets/{DATASET}/runs/{RUN}"] = lambda _: (503, told)
    for button in ("left", "middle"):
        with page.expect_popup() as tab:
            link.click(button=button)
        expect(page.locator("#notice")).to_have_text("Busy; try again.")
        assert tab.value.is_closed() or tab.value.wait_for_event("close")


def test_the_service_that_does_not_answer_is_told(opened: Opened, world: PageWorld) -> None:
    page = opened(f"#{DATASET}/runs")
    expect(page.get_by_role("link", name=RUN)).to_be_visible()
    told = {"code": "busy", "detail": "A service behind the API is busy; try again."}
    world.answers[f"GET /datasets/{DATASET}/runs"] = lambda _: (503, told)
    page.clock.fast_forward(31_000)
    expect(page.locator("#notice")).to_have_text("A service behind the API is busy; try again.")
    world.answers.clear()
    page.clock.fast_forward(31_000)
    expect(page.locator("#notice")).to_have_text("")


def test_drift_is_said_in_words_and_shown_by_label(opened: Opened, world: PageWorld) -> None:
    page = opened(f"#{DATASET}/drift")
    expect(page.locator("#view .badge")).to_have_text("drifts")
    expect(page.get_by_text("1 label drifted: red")).to_be_visible()
    first = page.get_by_role("table", name="Drift of the labels").get_by_role("row").nth(1)
    expect(first).to_contain_text("scores drift, tags drift")
    chosen = page.get_by_label("Label", exact=True)
    expect(chosen).to_have_value("red")
    chosen.select_option("circle")
    chosen.focus()
    page.clock.run_for(400_000)  # looked at again
    expect(chosen).to_be_focused()
    expect(page.get_by_role("img", name="Scores of circle")).to_be_visible()
    files = page.get_by_role("table", name="Drift of the files")
    expect(files.get_by_role("row", name="Alpha alpha")).to_contain_text("0.9 %")
    page = opened("#zoo/drift")
    expect(page.get_by_text("`tagline drift zoo` looks now")).to_be_visible()


def test_devices_are_told_and_their_frames_labelled(opened: Opened, world: PageWorld) -> None:
    page = opened(f"#{DATASET}/devices")
    devices = page.get_by_role("table", name="Devices")
    expect(devices.get_by_role("row", name="belt-3")).to_contain_text("online")
    stale = devices.get_by_role("row", name="belt-4")
    expect(stale).to_contain_text("offline")
    expect(stale).to_contain_text("1.261126.1, not the champion's")
    expect(stale).to_contain_text("<b>kept 1.261126.1</b>")  # as text
    frame = page.get_by_role("listitem").filter(has=page.get_by_role("img", name="Frame of belt-3"))
    expect(frame.get_by_label("Shows")).to_have_value("circle")
    frame.get_by_label("Shows").select_option("red")
    world.answers[FEEDBACK] = lambda _: (201, {})
    frame.get_by_role("button", name="Save label").click()
    expect(frame.get_by_role("status")).to_have_text("saved: red")
    sent = [json.loads(body) for method, _, body in world.asked if method == "POST"]
    assert sent[-1]["added"] == ["red"]
    page = opened("#zoo/devices")
    expect(page.get_by_text("tagline device add NAME --dataset zoo")).to_be_visible()


def test_a_dataset_of_ratings_has_a_view_that_recommends(world: PageWorld, opened: Opened) -> None:
    films = f"films-{RUN[-16:]}"
    champion = champion_document("films", films)
    named = {"kind": Kind.RATINGS, "mAP": None, "metric": "ndcg_at_10", "value": 0.31}
    world.bucket.put("films/champion.json", replace(champion, **named))
    rows = [{"item": "i1", "title": "The Door", "score": 3.2}]
    model = {"run": films, "created": "2026-11-20T09:00:00Z"}
    told = {"dataset": "films", "model": model, "user": "ann", "basis": "history", "reason": None}
    answer = {**told, "recommendations": rows, "unknown": ["x"]}
    world.answers["GET /datasets/films/recommendations"] = lambda _body: (200, answer)
    page = opened("#films")
    expect(page.get_by_role("heading", name="Recommend")).to_be_visible()
    expect(page.get_by_text("NDCG@10 0.310").first).to_be_visible()
    expect(page.locator("#views a")).to_have_text(["Recommend", "Runs", "Models", "Rows"])
    page.get_by_label("User", exact=True).fill("ann")
    page.get_by_role("button", name="Recommend").click()
    expect(page.get_by_role("cell", name="The Door")).to_be_visible()
    expect(page.get_by_text("By what the user rated. Not known: x.").first).to_be_visible()
    assert not violations(page)
    world.bucket.s3.delete_object(Bucket=BUCKET, Key="films/champion.json")
