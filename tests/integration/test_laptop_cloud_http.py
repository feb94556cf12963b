"""The HTTP API that SAM writes, at a URL that plain curl reaches."""

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from tests.integration.conftest import TEMPLATE, Stack

pytestmark = pytest.mark.cloud


def request(
    url: str, method: str = "GET", body: bytes = b"", content_type: str = "image/png"
) -> tuple[int, dict[str, str], bytes]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, body or None, {"content-type": content_type})
    answer = connection.getresponse()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, headers, answer.read()


def test_the_url_is_on_this_machine_and_needs_no_dns(stack: Stack) -> None:
    assert stack["ApiUrl"].startswith(f"{stack.cloud.endpoint}/_aws/execute-api/")


@pytest.mark.parametrize("end", ["", "/"])
def test_the_root_is_reached(stack: Stack, end: str) -> None:
    status, _, body = request(stack["ApiUrl"] + end)
    assert status == 200
    assert json.loads(body)["route"] == "GET /"
    assert json.loads(body)["path"] == "/"


def test_an_image_arrives_and_returns_byte_for_byte(stack: Stack) -> None:
    image = os.urandom(300_000)
    url = f"{stack['ApiUrl']}/datasets/shop-1/tags"
    status, _, body = request(url, "POST", image)
    assert status == 200
    seen = json.loads(body)
    assert seen["route"] == "POST /datasets/{dataset}/tags"
    assert seen["path"] == "/datasets/shop-1/tags"
    assert seen["parameters"] == {"dataset": "shop-1"}
    assert seen["base64"] is True
    assert seen["sha256"] == hashlib.sha256(image).hexdigest()
    status, headers, back = request(f"{url}?echo=1", "POST", image)
    assert (status, headers["content-type"], back) == (200, "image/png", image)


def test_text_arrives_as_text(stack: Stack) -> None:
    url = f"{stack['ApiUrl']}/datasets/shop-1/tags"
    _, _, body = request(url, "POST", b'{"s3_uri": "s3://b/k"}', "application/json")
    assert json.loads(body)["base64"] is False


@pytest.mark.parametrize("megabytes", [5, 11])
def test_a_body_that_lambda_could_not_take_is_refused(stack: Stack, megabytes: int) -> None:
    url = f"{stack['ApiUrl']}/datasets/shop-1/tags"
    status, _, body = request(url, "POST", bytes(megabytes * 1_000_000))
    assert (status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})


def test_a_path_without_a_route_is_not_found(stack: Stack) -> None:
    status, _, body = request(f"{stack['ApiUrl']}/nowhere")
    assert (status, json.loads(body)) == (404, {"message": "Not Found"})


def test_a_page_elsewhere_may_ask(stack: Stack) -> None:
    status, headers, _ = request(f"{stack['ApiUrl']}/datasets/a/tags", "OPTIONS")
    assert status == 204
    assert headers["access-control-allow-origin"] == "*"


def test_curl_reaches_it(stack: Stack, tmp_path: Path) -> None:
    assert shutil.which("curl"), "install curl"
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n")
    url = f"{stack['ApiUrl']}/datasets/a/tags"
    answer = subprocess.run(
        ["curl", "-sS", "-H", "content-type: image/png", "--data-binary", "@image.png", url],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=30,
    )
    assert json.loads(answer.stdout)["sha256"] == hashlib.sha256(b"\x89PNG\r\n").hexdigest()


def test_an_update_of_the_stack_keeps_the_url_and_changes_the_rest(stack: Stack) -> None:
    text = TEMPLATE.read_text().replace("Path: / }", "Path: /up }")
    changed = TEMPLATE.with_name("changed.yaml")
    changed.write_text(text)
    try:
        outputs = stack.cloud.deploy(changed, "cloudtest", "Greeting=goodbye")
        assert outputs["ApiUrl"] == stack["ApiUrl"]
        assert request(f"{stack['ApiUrl']}/up")[0] == 200
        assert request(f"{stack['ApiUrl']}/")[0] == 404
        answer = stack.client("lambda").invoke(FunctionName=stack["Echo"], Payload=b"{}")
        assert json.loads(answer["Payload"].read())["greeting"] == "goodbye!"
    finally:
        changed.unlink()
        stack.cloud.deploy(TEMPLATE, "cloudtest", "Greeting=hello")
    assert request(f"{stack['ApiUrl']}/")[0] == 200
