"""`tagline tag` against an API on this machine."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.cli.main import app
from tagline.cli.target import Target
from tests.unit import cli_stack
from tests.unit.cli_stack import RUN, stack

__all__ = ["stack"]
runner = CliRunner()
PNG = b"\x89PNG\r\n\x1a\n and so on"


@dataclass
class Api:
    """Answers every POST as told and keeps what was asked."""

    url: str = ""
    status: int = 200
    kind: str = "application/json"
    body: bytes = b""
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    proofs: list[str | None] = field(default_factory=list)
    auth: str = "none"

    def answer(self, status: int, body: object, kind: str = "application/json") -> None:
        self.status, self.kind = status, kind
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def api(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    told = Api()
    tags = [{"label": "red", "score": 0.99}, {"label": "star", "score": 0.5}]
    model = {"run": RUN, "created": "2026-01-01T00:00:00Z"}
    told.answer(200, {"dataset": "designs", "model": model, "tags": tags})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append((self.path, self.headers["Content-Type"], body))
            told.proofs.append(self.headers["Authorization"])
            self.send_response(told.status)
            self.send_header("Content-Type", told.kind)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/base"
    outputs = {**cli_stack.OUTPUTS, "ApiUrl": told.url}
    with_auth = lambda _self: outputs | {"ApiAuth": told.auth}  # noqa: E731
    monkeypatch.setattr(Target, "stack_outputs", with_auth)
    monkeypatch.delenv("TAGLINE_TOKEN", raising=False)
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "design.png"
    path.write_bytes(PNG)
    return path


def test_the_image_is_the_body_and_the_tags_are_printed(api: Api, image: Path) -> None:
    result = runner.invoke(app, ["tag", "designs", str(image)])
    assert result.exit_code == 0, result.output
    assert api.asked == [("/base/datasets/designs/tags", "image/png", PNG)]
    assert result.stdout.index("red") < result.stdout.index("star")
    assert f"design.png, by {RUN}" in result.stdout


def test_options_become_the_query_and_json_is_printed(api: Api, image: Path) -> None:
    result = runner.invoke(
        app, ["tag", "designs", str(image), "--threshold", "0.25", "--top-k", "2", "--json"]
    )
    assert api.asked[0][0] == "/base/datasets/designs/tags?threshold=0.25&top_k=2"
    assert json.loads(result.stdout)[0]["tags"][0] == {"label": "red", "score": 0.99}


def test_an_s3_uri_is_passed_on(api: Api) -> None:
    runner.invoke(app, ["tag", "designs", "s3://bucket/a.png"])
    assert api.asked == [
        ("/base/datasets/designs/tags", "application/json", b'{"s3_uri":"s3://bucket/a.png"}')
    ]


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"\xff\xd8\xff\xe0", "image/jpeg"), (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp")],
)
def test_the_content_type_comes_from_the_bytes(
    api: Api, image: Path, start: bytes, kind: str
) -> None:
    image.write_bytes(start)
    runner.invoke(app, ["tag", "designs", str(image)])
    assert api.asked[0][1] == kind


def test_a_problem_is_one_line_and_the_other_images_are_tagged(api: Api, image: Path) -> None:
    result = runner.invoke(app, ["tag", "designs", "missing.png", str(image)])
    assert result.exit_code == 1
    assert result.stderr == "tagline: missing.png: cannot be read: No such file or directory\n"
    assert "red" in result.stdout
    assert len(api.asked) == 1


def test_a_problem_document_is_shown_as_one_line(api: Api, image: Path) -> None:
    problem = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No champion."}
    api.answer(404, problem, "application/problem+json")
    result = runner.invoke(app, ["tag", "designs", str(image), "--json"])
    assert result.exit_code == 1
    assert result.stderr == f"tagline: {image}: 404 Not Found: No champion.\n"
    assert json.loads(result.stdout) == [
        {"image": str(image), "error": "404 Not Found: No champion."}
    ]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (502, b"<html>bad gateway</html>", "502 Bad Gateway: <html>"),
        (500, {"message": "Internal Server Error"}, "500 Internal Server Error"),
        (200, b"not json", "the API's answer is not JSON"),
        (200, {"tags": []}, "no tags or model"),
    ],
)
def test_answers_that_are_none_are_problems(
    api: Api, image: Path, status: int, body: object, said: str
) -> None:
    api.answer(status, body)
    result = runner.invoke(app, ["tag", "designs", str(image)])
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    ("content", "said"),
    [(b"GIF89a", "not a PNG, JPEG or WebP"), (PNG + bytes(5_000_000), "larger than 4,500,000")],
)
def test_what_the_api_would_not_take_is_not_sent(
    api: Api, image: Path, content: bytes, said: str
) -> None:
    image.write_bytes(content)
    result = runner.invoke(app, ["tag", "designs", str(image)])
    assert result.exit_code == 1
    assert said in result.stderr
    assert api.asked == []


@pytest.mark.usefixtures("stack")
def test_an_api_that_does_not_answer_is_a_problem(image: Path) -> None:
    result = runner.invoke(app, ["tag", "designs", str(image)])
    assert result.exit_code == 1
    assert "cannot be reached" in result.stderr


def test_a_token_is_sent_where_the_api_asks_for_one(
    api: Api, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("of.the.file\n")
    monkeypatch.setenv("TAGLINE_TOKEN", "of.the.shell")
    for auth in ("none", "jwt"):
        api.auth = auth
        runner.invoke(app, ["tag", "designs", str(image)])
        runner.invoke(app, ["tag", "designs", str(image), "--token-file", str(file)])
    assert api.proofs == [None, None, "Bearer of.the.shell", "Bearer of.the.file"]


@pytest.mark.parametrize("token", [None, "", "two words", "a\nb", "schl\u00fcssel"])
def test_what_is_no_token_is_said_before_anything_is_asked(
    api: Api, image: Path, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    api.auth = "jwt"
    if token is not None:
        monkeypatch.setenv("TAGLINE_TOKEN", token)
    result = runner.invoke(app, ["tag", "designs", str(image)])
    assert result.exit_code == 1
    assert "TAGLINE_TOKEN" in result.stderr
    assert api.asked == []


def test_a_request_is_signed_where_iam_decides(api: Api, image: Path) -> None:
    api.auth = "iam"
    runner.invoke(app, ["tag", "designs", str(image), "--top-k", "2"])
    (proof,) = api.proofs
    assert proof is not None
    assert proof.startswith("AWS4-HMAC-SHA256 Credential=")
    assert "/us-east-1/execute-api/aws4_request" in proof
