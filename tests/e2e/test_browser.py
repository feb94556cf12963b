"""A real browser: a page of another port or host name can do nothing, the product's own page can.

The page tries what runs code or reads data on the laptop cloud, and says what it saw in its title.
"""

import json
import os
import re
import shutil
import subprocess
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser import opened
from tests.e2e.pipeline import OnLaptop

pytestmark = [pytest.mark.cloud, pytest.mark.laptop, pytest.mark.slow, pytest.mark.browser]
FOREIGN = "evil.example"
# each resolves to "refused" or to what the page got hold of
ATTACKS = """
<!doctype html><title>working</title><iframe name="hole" hidden></iframe>
<form id="form" method="post" enctype="text/plain" target="hole"
 action="{cloud}/2015-03-31/functions">
<input name='{{"FunctionName":"form","x":"' value='"}}'></form>
<script>
const cloud = "{cloud}", bucket = "{bucket}";
const read = (what, options) => fetch(cloud + what, options).then((a) => a.text(), () => "refused");
const post = (what, type, body) => fetch(cloud + what,
  {{ method: "POST", mode: "no-cors", headers: {{ "Content-Type": type }}, body }}).then(
  (a) => a.type == "opaque" ? "refused" : "read", () => "refused");
const socket = () => new Promise((done) => {{
  const ws = new WebSocket(cloud.replace("http", "ws") + "/mqtt", "mqtt");
  ws.onopen = () => done("open"); ws.onerror = () => done("refused"); }});
const image = () => new Promise((done) => {{
  const img = new Image(); img.onload = () => done("loaded"); img.onerror = () => done("refused");
  img.src = cloud + "/" + bucket + "/browser/picture.png"; }});
const script = () => new Promise((done) => {{
  const s = document.createElement("script"); s.onload = () => done(window.stolen || "loaded");
  s.onerror = () => done("refused"); s.src = cloud + "/" + bucket + "/browser/data.js";
  document.head.append(s); }});
document.getElementById("form").submit();
Promise.all([
  read("/"), read("/" + bucket + "?list-type=2"), read("/{api}/datasets"),
  read("/_ministack/health"), read("/_ministack/reset", {{ method: "POST" }}),
  post("/2015-03-31/functions", "text/plain", '{{"FunctionName": "planted"}}'),
  post("/", "application/x-www-form-urlencoded", "Action=CreateTopic&Name=planted"),
  post("/_ministack/reset", "text/plain", ""),
  read("/" + bucket + "/browser/put.txt", {{ method: "PUT", body: "planted" }}),
  read("/", {{ method: "POST", headers: {{ "X-Amz-Target": "AWSStepFunctions.ListStateMachines",
    "Content-Type": "application/x-amz-json-1.0" }}, body: "{{}}" }}),
  socket(), image(), script(),
]).then((all) => {{ document.title = JSON.stringify(all); }});
</script>
"""


@pytest.fixture(scope="module")
def dom(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return what opens an address in a headless browser and returns what the page became."""
    return lambda address: opened(
        address,
        tmp_path_factory.mktemp("profile"),
        f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1",
    )


@pytest.fixture
def page() -> Iterator[Callable[[str], int]]:
    """Return what serves a page on a port of its own."""
    servers: list[ThreadingHTTPServer] = []

    def served(html: str) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return int(server.server_port)

    yield served
    for server in servers:
        server.shutdown()
        server.server_close()


def title(html: str) -> str:
    found = re.search(r"<title>(.*?)</title>", html, re.DOTALL)
    assert found, html[:2000]
    return found[1].replace("&quot;", '"').replace("&lt;", "<").replace("&amp;", "&")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", FOREIGN])
def test_a_page_of_another_origin_can_do_nothing(
    pipeline: OnLaptop, dom: Callable[[str], str], page: Callable[[str], int], host: str
) -> None:
    pipeline.s3.put_object(
        Bucket=pipeline.bucket, Key="browser/picture.png", Body=PNG, ContentType="image/png"
    )
    pipeline.s3.put_object(
        Bucket=pipeline.bucket,
        Key="browser/data.js",
        Body=b"window.stolen = 1",
        ContentType="text/javascript",
    )
    cloud = pipeline.cloud.endpoint
    api = pipeline.cloud.target.outputs.api_url.removeprefix(f"{cloud}/").rstrip("/")
    port = page(ATTACKS.format(cloud=cloud, bucket=pipeline.bucket, api=api))
    got = json.loads(title(dom(f"http://{host}:{port}/")))
    assert set(got) == {"refused"}, got
    functions = pipeline.client("lambda").list_functions()["Functions"]
    assert not {"form", "planted"} & {found["FunctionName"] for found in functions}
    topics = pipeline.client("sns").list_topics()["Topics"]
    assert not [topic for topic in topics if topic["TopicArn"].endswith("planted")]
    assert not pipeline.cloud.target.bucket.head("browser/put.txt")


def test_another_name_for_the_port_is_refused(
    pipeline: OnLaptop, dom: Callable[[str], str]
) -> None:
    rebound = pipeline.cloud.target.outputs.api_url.replace("127.0.0.1", FOREIGN)
    assert "answers under 127.0.0.1, localhost and [::1] only" in dom(rebound)


def test_a_planted_page_has_no_power(pipeline: OnLaptop, dom: Callable[[str], str]) -> None:
    html = b"<title>as it was</title><script>document.title = 'script ran'</script>"
    key = {"Bucket": pipeline.bucket, "Key": "browser/report.html"}
    pipeline.client("s3").put_object(**key, Body=html, ContentType="text/html")
    url = pipeline.s3.generate_presigned_url("get_object", Params=key)
    assert title(dom(url)) == "as it was"


def test_the_products_page_works(pipeline: OnLaptop, dom: Callable[[str], str]) -> None:
    dataset = f"page-{uuid.uuid4().hex[:8]}"
    pipeline.put(f"{dataset}/labels.txt", b"one\n")
    shown = dom(f"{pipeline.cloud.target.outputs.api_url.rstrip('/')}/#{dataset}")
    assert f"<b>{dataset}</b>" in shown
    assert "No champion yet" in shown


def test_programs_are_unaffected(pipeline: OnLaptop, tmp_path: Path) -> None:
    api = pipeline.cloud.target.outputs.api_url.rstrip("/")
    with urllib.request.urlopen(f"{api}/datasets", timeout=60) as answer:
        assert answer.status == 200
    curl = subprocess.run(
        ["curl", "--silent", "--fail", f"{api}/datasets"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert "datasets" in json.loads(curl.stdout)
    assert pipeline.s3.list_buckets()["Buckets"]  # boto3
    if aws := shutil.which("aws"):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": pipeline.cloud.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        listed = subprocess.run(
            [aws, "s3", "ls"],
            env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert pipeline.bucket in listed.stdout, listed.stderr


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
