"""explain=1: what each tag hangs on, as a small PNG."""

import base64
import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from urllib3 import encode_multipart_formdata

from tagline.api.heat import heat_url
from tagline.formats.models import WITH_HEAT
from tests.unit.api_world import LABELS, RUN, World, api_world, event, image_event, problem, tag

LOSSES = st.floats(-1, 1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        yield made


def drawn(url: str | None) -> Image.Image:
    assert url is not None
    kind, data = url.split(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_tags_say_what_they_hang_on(world: World) -> None:
    scores = {
        "labels": LABELS,
        "scores": [0.9, 0.8, 0.1, 0.01],
        "heat": {"red": [0, 0.5, -1, 0.25]},
    }
    world.expect_text(json.dumps({"run": RUN, "created": "2026-11-20T09:00:00Z", **scores}))
    reply = tag(event("tag_png", queryStringParameters={"explain": "1"}))
    assert reply.status == 200
    circle, red = reply.json["tags"]
    assert "heat" not in circle
    picture = drawn(red["heat"])
    assert picture.size == (2, 2)
    assert list(picture.get_flattened_data(3)) == [0, 255, 0, 128]


def test_the_endpoint_is_asked_for_it(world: World) -> None:
    asked = []
    world.endpoint.client.meta.events.register_first(
        "provide-client-params.sagemaker-runtime.InvokeEndpoint",
        lambda params, **_: asked.append(params["Accept"]),
    )
    for explain in ("1", "0"):
        world.expect([0.9] * 4)
        reply = tag(event("tag_png", queryStringParameters={"explain": explain}))
        assert reply.status == 200
        assert "heat" not in reply.text  # an older server knows of none
    assert asked == [WITH_HEAT, "application/json"]


@pytest.mark.parametrize("explain", ["", "2", "yes", "1,1"])
def test_anything_else_is_refused(world: World, explain: str) -> None:
    reply = tag(event("tag_png", queryStringParameters={"explain": explain}))
    assert problem(reply) == (400, "bad_query")


def test_a_form_is_not_explained(world: World) -> None:
    body, kind = encode_multipart_formdata({"a": ("a.png", b"\x89PNG\r\n\x1a\n")})
    sent = image_event(body, kind, queryStringParameters={"explain": "1"})
    assert problem(tag(sent)) == (400, "bad_query")


@given(st.integers(1, 9).flatmap(lambda n: st.lists(LOSSES, min_size=n * n, max_size=n * n)))
def test_any_square_is_a_picture_of_it(lost: list[float]) -> None:
    alphas = list(drawn(heat_url(lost)).convert("RGBA").get_flattened_data(3))
    assert len(alphas) == len(lost)
    assert all(alpha == 0 for alpha, loss in zip(alphas, lost, strict=True) if loss <= 0)
    if max(lost) > 1e-6:
        assert alphas[lost.index(max(lost))] == 255


@pytest.mark.parametrize("count", [0, 2, 8])
def test_what_is_no_square_is_no_picture(count: int) -> None:
    assert heat_url([0.5] * count) is None
