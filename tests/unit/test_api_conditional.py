"""HEAD, ETags, and requests that no route is for."""

from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest

from tagline.api import catalog
from tagline.api.bucket import DataBucket
from tagline.api.conditional import as_asked, linking
from tagline.api.requests import Request
from tagline.api.run_documents import (
    Link,
    RunDetails,
)
from tests.unit.api_world import BUCKET, RUN, World, api_world, event, get, problem, tag
from tests.unit.run_documents import status

READS = ("page", "openapi", "datasets", "dataset", "runs", "run")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with api_world(monkeypatch) as made:
        made.crown()
        made.put(f"noto-50/runs/{RUN}/status.json", status(run=RUN, dataset="noto-50"))
        yield made


def knowing(name: str, header: str, **changes: Any) -> dict[str, Any]:
    sent = event(name, **changes)
    return sent | {"headers": sent["headers"] | {"if-none-match": header}}


@pytest.mark.parametrize("name", READS)
def test_a_head_is_its_get_without_the_body(world: World, name: str) -> None:
    whole, head = get(event(name)), get(event(name, method="HEAD"))
    assert (whole.status, head.status) == (200, 200)
    assert whole.text
    assert head.text == ""
    assert head.headers == whole.headers


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_a_caller_has_is_not_sent_again(world: World, name: str, method: str) -> None:
    etag = get(event(name)).headers["ETag"]
    for header in (etag, f'"other", W/{etag}', "*"):
        reply = get(knowing(name, header, method=method))
        assert (reply.status, reply.text) == (304, "")
        assert reply.headers["ETag"] == etag
    assert get(knowing(name, '"other"')).status == 200


def test_a_change_has_another_etag(world: World) -> None:
    etag = get(event("datasets")).headers["ETag"]
    world.crown("zoo", "zoo-0123456789abcdef")
    assert get(knowing("datasets", etag)).status == 200


def test_links_that_are_signed_anew_change_no_etag_before_half_of_their_time(
    world: World,
) -> None:
    world.put(f"noto-50/runs/{RUN}/suspects.jsonl", b"")
    found = catalog.Catalog(DataBucket(boto3.client("s3"), BUCKET)).run(RUN)
    assert found.suspects is not None
    link = Link(s3_uri=found.suspects.s3_uri, url="https://signed/later")
    again = msgspec.structs.replace(found, suspects=link)

    def tag_at(moment: float, document: RunDetails) -> str:
        answer = as_asked(Request.of(event("run")), linking(document, "private", lambda: moment))
        return answer.headers["ETag"]

    assert tag_at(9000, found) == tag_at(9449, again) != tag_at(9450, again)
    other = msgspec.structs.replace(found, reason="another")
    assert tag_at(9000, other) != tag_at(9000, found)


def test_a_signature_in_the_url_is_no_parameter_of_the_routes(world: World) -> None:
    signed = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Signature": "ab", "limit": "1"}
    sent = event("datasets") | {"queryStringParameters": signed}
    assert get(sent).status == 200
    unsigned = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256"}
    assert get(sent | {"queryStringParameters": unsigned}).status == 400


def test_a_problem_is_sent_whole_whatever_is_known(world: World) -> None:
    assert problem(get(knowing("dataset", "*", dataset="nobody"))) == (404, "unknown_dataset")
    head = get(event("dataset", dataset="nobody", method="HEAD"))
    assert (head.status, head.text) == (404, "")


def test_tags_are_told_by_the_model_that_gave_them(world: World) -> None:
    replies = []
    for header in ("", "*"):
        world.expect([0.9] * 4)
        replies.append(tag(knowing("tag_png", header)))
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].headers["ETag"] == replies[1].headers["ETag"]
    assert replies[0].json["model"]["run"] == RUN


@pytest.mark.parametrize(
    ("method", "path", "expected", "allowed"),
    [
        ("PUT", "/datasets", (405, "unknown_method"), "GET, HEAD"),
        ("GET", "/datasets/a/tags", (405, "unknown_method"), "POST"),
        ("DELETE", "/datasets/a/runs/b", (405, "unknown_method"), "GET, HEAD"),
        ("GET", "/datasets/a/b/c", (404, "unknown_route"), None),
        ("GET", "/favicon.ico", (404, "unknown_route"), None),
        ("GET", "/datasets/", (404, "unknown_route"), None),
    ],
)
def test_what_no_route_is_for(
    world: World, method: str, path: str, expected: tuple[int, str], allowed: str | None
) -> None:
    sent = event("page") | {"routeKey": "$default", "pathParameters": None}
    sent["requestContext"]["http"] |= {"method": method, "path": path}
    reply = get(sent)
    assert problem(reply) == expected
    assert reply.headers.get("Allow") == allowed
