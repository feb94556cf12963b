"""No query, body or name that a caller can send is anything but taken or a 4xx."""

import base64
import json
import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tagline.api.problem import Problem
from tagline.api.recognising import image_type
from tagline.api.requests import MAX_PAGE, MAX_TOP_K, Page, Request, TagQuery, asked_in_json
from tagline.api.tagging import choose_tags
from tagline.formats.names import DATASET, RUN

NUMBERLIKE = st.one_of(
    st.text(max_size=20),
    st.text("0123456789.eE+-_naif ", max_size=12),
    st.floats().map(str),
    st.integers().map(str),
)
SCORES = st.floats(0, 1)
T = TypeVar("T")


def result(call: Callable[[], T]) -> T | Problem:
    try:
        return call()
    except Problem as problem:
        return problem


@given(NUMBERLIKE, NUMBERLIKE)
def test_a_tag_query_is_in_range_or_refused(threshold: str, top_k: str) -> None:
    query = result(lambda: TagQuery.of({"threshold": threshold, "top_k": top_k}))
    if isinstance(query, Problem):
        assert query.status == 400
        return
    assert query.threshold is not None
    assert query.top_k is not None
    assert math.isfinite(query.threshold)
    assert 0 <= query.threshold <= 1
    assert 1 <= query.top_k <= MAX_TOP_K


@given(st.floats(0, 1), st.integers(1, MAX_TOP_K))
def test_every_value_in_range_is_taken(threshold: float, top_k: int) -> None:
    query = TagQuery.of({"threshold": repr(threshold), "top_k": str(top_k)})
    assert query == TagQuery(threshold, top_k)


@given(NUMBERLIKE, st.text(max_size=60))
def test_a_page_is_in_range_or_refused(limit: str, after: str) -> None:
    for names in (DATASET, RUN):
        page = result(partial(Page.of, {"limit": limit, "next": after}, names))
        if isinstance(page, Problem):
            assert page.status == 400
            continue
        assert 1 <= page.limit <= MAX_PAGE
        assert page.after is not None
        assert "/" not in page.after


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10), min_size=1))
def test_unknown_parameters_are_named(query: dict[str, str]) -> None:
    query = {f"x{name}": value for name, value in query.items()}
    for refused in (result(lambda: TagQuery.of(query)), result(lambda: Page.of(query))):
        assert isinstance(refused, Problem)
        assert refused.code == "unknown_parameter"


def request(body: str, *, is_base64: bool, path: dict[str, str]) -> Request:
    return Request("", path, {}, {}, body, is_base64, "")


@given(st.binary(max_size=300))
def test_binary_bodies_arrive_whole(data: bytes) -> None:
    body = base64.b64encode(data).decode()
    assert request(body, is_base64=True, path={}).body() == data
    image_type(data)


@given(st.text(max_size=300), st.booleans())
def test_any_body_is_bytes_or_refused(body: str, is_base64: bool) -> None:
    data = result(request(body, is_base64=is_base64, path={}).body)
    assert isinstance(data, bytes) or data.status == 400


@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.text(max_size=9) | st.integers(),
            lambda inner: st.lists(inner) | st.dictionaries(st.just("s3_uri") | st.text(), inner),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_any_json_body_gives_an_address_or_a_400(body: bytes) -> None:
    asked = result(lambda: asked_in_json(body))
    if isinstance(asked, Problem):
        assert asked.status == 400
    else:
        assert json.loads(body) == msgspec.to_builtins(asked)


@given(st.text(max_size=60), st.text(max_size=80))
def test_names_of_the_path_are_names_or_unknown(dataset: str, run: str) -> None:
    asked = request("", is_base64=False, path={"dataset": dataset, "run": run})
    for read, names in ((asked.dataset, DATASET), (asked.run, RUN)):
        found = result(read)
        if isinstance(found, Problem):
            assert found.status == 404
        else:
            assert names.fullmatch(found)


@given(st.lists(st.tuples(SCORES, SCORES), max_size=30), st.none() | st.integers(1, 40))
def test_tags_are_exactly_the_labels_at_or_above_their_threshold(
    rows: list[tuple[float, float]], top_k: int | None
) -> None:
    labels = [f"label {number}" for number in range(len(rows))]
    scores = [score for score, _ in rows]
    thresholds = {label: limit for label, (_, limit) in zip(labels, rows, strict=True)}
    tags = choose_tags(labels, scores, thresholds, top_k)
    reached = [s for s, limit in rows if s >= limit]
    assert [tag.score for tag in tags] == sorted(reached, reverse=True)[:top_k]
    assert all(tag.score >= thresholds[tag.label] for tag in tags)
    assert choose_tags(labels, scores, 0.0) == choose_tags(
        labels, scores, dict.fromkeys(labels, 0.0)
    )
