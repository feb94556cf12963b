"""Programs reach the laptop cloud, web pages don't: raw requests with a browser's headers."""

import contextlib
import http.client
import json
import select
import socket
from collections.abc import Mapping

import pytest

from tests.integration.conftest import Stack

pytestmark = pytest.mark.cloud

EVIL = "http://evil.example"
OPEN = "/_ministack/health"  # takes no signature


def send(
    stack: Stack,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    host: str | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", stack.cloud.port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{stack.cloud.port}")
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, found, answer.read()


FOREIGN = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost"},
    {"Referer": f"{EVIL}/page.html"},
    {"Referer": "http://127.0.0.1:1/"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("page", FOREIGN, ids=str)
def test_a_foreign_page_creates_nothing(stack: Stack, page: dict[str, str]) -> None:
    body = json.dumps({"FunctionName": "planted"}).encode()
    headers = {"Content-Type": "text/plain", **page}
    status, found, answer = send(stack, "POST", "/2015-03-31/functions", headers, body)
    assert status == 403
    assert b"page of another origin" in answer
    assert not [name for name in found if name.startswith("access-control-")]


@pytest.mark.parametrize("page", FOREIGN, ids=str)
def test_a_foreign_page_reads_nothing(stack: Stack, page: dict[str, str]) -> None:
    assert send(stack, "GET", OPEN, page)[0] == 403


def test_a_preflight_is_granted_nothing(stack: Stack) -> None:
    asked = {
        "Origin": EVIL,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-amz-target",
    }
    status, found, _ = send(stack, "OPTIONS", "/", asked)
    assert status == 403
    assert not [name for name in found if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "[::2]:{port}"]
)
def test_another_host_name_is_refused(stack: Stack, host: str) -> None:
    assert send(stack, "GET", OPEN, {}, host=host.format(port=stack.cloud.port))[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_this_machines_names_are_taken(stack: Stack, host: str) -> None:
    status, found, _ = send(stack, "GET", OPEN, {}, host=f"{host}:{stack.cloud.port}")
    assert status == 200
    assert not [name for name in found if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/_ministack/config", "/_localstack/init", "/_ministack/ready"]
)
def test_ministacks_own_switches_are_shut(stack: Stack, path: str) -> None:
    assert send(stack, "POST", path, {}, b"{}")[0] == 403


def test_the_products_page_may_ask_its_own_origin(stack: Stack) -> None:
    origin = f"http://127.0.0.1:{stack.cloud.port}"
    page = {"Origin": origin, "Referer": f"{origin}/_aws/x", "Sec-Fetch-Site": "same-origin"}
    path = stack["ApiUrl"].removeprefix(origin)
    assert send(stack, "GET", f"{path}/", page)[0] == 200
    assert send(stack, "GET", f"{path}/", {"Sec-Fetch-Site": "none"})[0] == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_on_another_page_leads_to_the_products_page(stack: Stack, method: str) -> None:
    path = stack["ApiUrl"].removeprefix(f"http://127.0.0.1:{stack.cloud.port}")
    visit = {
        "Referer": f"{EVIL}/authorize",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    allowed = method == "GET"
    assert (send(stack, method, f"{path}/", visit)[0] == 200) is allowed
    assert send(stack, method, f"{path}/", visit | {"Sec-Fetch-Dest": "iframe"})[0] == 403
    assert send(stack, method, f"{path}/", visit | {"Sec-Fetch-Mode": "no-cors"})[0] == 403
    assert send(stack, method, OPEN, visit)[0] == 403


def test_an_api_may_open_itself_by_its_own_cors_setting(stack: Stack) -> None:
    path = stack["ApiUrl"].removeprefix(f"http://127.0.0.1:{stack.cloud.port}")
    page = {"Origin": EVIL, "Referer": EVIL, "Sec-Fetch-Site": "cross-site"}
    status, found, _ = send(stack, "GET", f"{path}/", page)
    assert (status, found["access-control-allow-origin"]) == (200, "*")


def test_an_object_has_no_power_over_the_origin(stack: Stack) -> None:
    s3 = stack.client("s3")
    s3.create_bucket(Bucket="planted")
    s3.put_object(
        Bucket="planted", Key="report.html", Body=b"<script>1</script>", ContentType="text/html"
    )
    url = s3.generate_presigned_url(
        "get_object", Params={"Bucket": "planted", "Key": "report.html"}
    )
    path = "/" + url.split("/", 3)[3]
    status, found, _ = send(stack, "GET", path, {})
    assert status == 200
    assert found["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("origin", [EVIL, "null"])
def test_a_foreign_pages_websocket_is_refused(stack: Stack, origin: str) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "mqtt",
        "Origin": origin,
    }
    assert send(stack, "GET", "/mqtt", upgrade)[0] == 403


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_apis_quota_is_not_read_to_its_end(stack: Stack, chunked: bool) -> None:
    port = stack.cloud.port
    path = stack["ApiUrl"].removeprefix(f"http://127.0.0.1:{port}") + "/datasets/shop-1/tags"
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {1 << 30}"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{length}\r\n\r\n"
    block = b"0" * 65_536
    piece = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head.encode())
        # the cloud may answer and close while a piece is on its way
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while not select.select([connection], [], [], 0)[0]:
                connection.sendall(piece)
                sent += len(block)
                assert sent < 64 << 20  # the quota, and what the buffers between hold
        answer = b""
        while received := connection.recv(65_536):
            answer += received
    assert answer.startswith(b"HTTP/1.1 413 ")
