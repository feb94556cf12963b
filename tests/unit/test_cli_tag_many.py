"""`tagline tag` on folders: a verdict an image, whatever is wrong with some of them."""

import csv
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.cli.finding import find_images
from tagline.cli.main import app
from tagline.cli.patience import Patience
from tagline.cli.target import Target
from tests.unit import cli_stack
from tests.unit.cli_stack import RUN, stack

__all__ = ["stack"]
runner = CliRunner()
PNG = b"\x89PNG\r\n\x1a\n"


class Api:
    """Tags an image by its bytes; `busy` is how often it says first that it is."""

    def __init__(self) -> None:
        self.url = ""
        self.busy: Counter[bytes] = Counter()
        self.status = 503
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(4, timeout=10)
        self.meet = False
        self.problem: tuple[int, dict[str, Any]] | None = None

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        if self.problem:
            return self.problem
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            turned_away = self.busy[body] > 0
            self.busy[body] -= 1
        if self.meet:
            self._together.wait()
        with self._lock:
            self._at_once -= 1
        if turned_away:
            return self.status, {"title": "Service Unavailable", "detail": "busy"}
        tags = [{"label": body[8:].decode(), "score": 0.75}, {"label": "x", "score": 0.5}]
        model = {"run": RUN, "created": "2026-01-01T00:00:00Z"}
        return 200, {"dataset": "designs", "model": model, "tags": tags}


@pytest.fixture
def api(stack: Target, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    told = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, document = told.answer(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if status == told.status:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    outputs = {**cli_stack.OUTPUTS, "ApiUrl": told.url}
    monkeypatch.setattr(Target, "stack_outputs", lambda _self: outputs)
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images, one of them deeper, and what is none."""
    folder = tmp_path / "images"
    (folder / "b").mkdir(parents=True)
    for name in ("a.png", "b/c.PNG", "d.webp"):
        (folder / name).write_bytes(PNG + name.encode())
    (folder / "notes.txt").write_text("none")
    (folder / ".hidden.png").write_bytes(PNG)
    return folder


def tag(*arguments: object) -> Any:
    return runner.invoke(app, ["tag", "designs", *map(str, arguments)])


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("api")
def test_a_folder_is_tagged_in_the_order_of_its_names(folder: Path) -> None:
    result = tag(folder, "--jsonl")
    assert result.exit_code == 0, result.output
    found = lines(result.stdout)
    names = ["a.png", "b/c.PNG", "d.webp"]
    assert [row["image"] for row in found] == [str(folder / name) for name in names]
    assert [row["tags"][0]["label"] for row in found] == names
    assert "3 of 3 images tagged; 1 other files in the folders left out" in result.stderr


@pytest.mark.usefixtures("api")
def test_what_cannot_be_tagged_is_a_line_with_its_error(folder: Path) -> None:
    (folder / "big.png").write_bytes(PNG + bytes(5_000_000))
    (folder / "gone.jpg").symlink_to("nowhere")
    (folder / "text.png").write_text("text")
    result = tag(folder, "--csv")
    assert result.exit_code == 1
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert len(rows) == 6
    errors = {Path(row["image"]).name: row["error"] for row in rows if row["error"]}
    assert set(errors) == {"big.png", "gone.jpg", "text.png"}
    assert "larger than" in errors["big.png"]
    assert rows[0]["tags"] == "a.png|x"
    assert rows[0]["scores"] == "0.75|0.5"
    assert rows[0]["run"] == RUN
    assert "3 of 6 images tagged, 3 not" in result.stderr


@pytest.mark.usefixtures("api")
def test_a_folder_that_may_not_be_read_is_a_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def refused(path: str) -> Any:
        if path.endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)
    found = lines(tag(folder, "--jsonl").stdout)
    assert found[1]["error"] == "the folder cannot be read: Permission denied"
    assert [len(row.get("tags", [])) for row in found] == [2, 0, 2]


@pytest.mark.usefixtures("api")
def test_a_file_is_written_whole(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "tags.jsonl"
    result = tag(folder, "--jsonl", "--output", output)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert len(lines(output.read_text())) == 3
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    result = tag(folder, "--jsonl", "--output", tmp_path / "none" / "tags.jsonl")
    assert result.exit_code == 1
    assert f"No such file or directory: '{tmp_path}/none/tags.jsonl'" in result.stderr


@pytest.mark.usefixtures("api")
def test_a_command_that_is_stopped_leaves_the_file_as_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "tags.csv"
    output.write_text("before")

    def stopped(_fields: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("tagline.cli.tag.csv_fields", stopped)
    assert tag(folder, "--csv", "-o", output).exit_code != 0
    assert output.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "tags.csv"]


@pytest.mark.usefixtures("api")
def test_sidecars_lie_beside_the_images_that_have_tags(folder: Path) -> None:
    (folder / "text.png").write_text("text")
    result = tag(folder, "--sidecar")
    assert result.exit_code == 1
    assert result.stdout == ""
    told = json.loads((folder / "b/c.PNG.tags.json").read_text())
    assert told["tags"][0] == {"label": "b/c.PNG", "score": 0.75}
    assert told["model"]["run"] == RUN
    assert "text.png: not a PNG" in result.stderr
    assert len(list(folder.rglob("*.tags.json"))) == 3
    assert not list(folder.rglob("*.part"))


def test_a_busy_api_is_asked_again(api: Api, folder: Path) -> None:
    for status in (503, 429):
        api.status = status
        api.busy[PNG + b"a.png"] = 3
        result = tag(folder, "--jsonl")
        assert result.exit_code == 0, result.output
        assert len(lines(result.stdout)) == 3


def test_so_many_images_are_asked_for_at_a_time(api: Api, folder: Path) -> None:
    for number in range(5):
        (folder / f"{number}.png").write_bytes(PNG + str(number).encode())
    api.meet = True  # four wait for each other, two times
    assert tag(folder, "--jobs", 4, "--jsonl").exit_code == 0
    assert api.most_at_once == 4


def test_patience_ends_for_all_and_comes_back_with_an_answer() -> None:
    now = [0.0]
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        now[0] += seconds
        waits.append(seconds)
        return False

    patience = Patience(60, lambda: now[0], wait)
    assert patience.pause(30)
    assert 30 <= waits[0] <= 31
    assert not patience.pause(30)
    assert len(waits) == 1
    patience.heard()
    assert patience.pause(30)
    assert not Patience(60, lambda: 0.0, lambda _seconds: True).pause(None)


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(
    "arguments", [("--csv", "--jsonl"), ("--json", "--sidecar"), ("--output", "x")]
)
def test_one_form_at_a_time(folder: Path, arguments: tuple[str, ...]) -> None:
    assert tag(folder, *arguments).exit_code == 2


@pytest.mark.usefixtures("api")
def test_what_has_no_images_is_refused(tmp_path: Path) -> None:
    assert "no PNG, JPEG or WebP images" in tag(tmp_path).stderr
    assert "s3:// URI" in tag("s3://b/x.png", "--sidecar").stderr


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    (folder / "b" / "again").symlink_to(folder)
    finds = find_images([str(folder)])
    assert len(finds.images) == 3
    assert finds.others == 2


@pytest.mark.parametrize("code", ["unknown_dataset", "no_champion"])
@pytest.mark.parametrize("form", ["--csv", "--jsonl", "--json", "--sidecar"])
def test_what_is_wrong_with_the_dataset_is_said_once(
    api: Api, stack: Target, folder: Path, code: str, form: str
) -> None:
    cli_stack.put(stack, f"designs/runs/{RUN}/status.json", b"{}")
    api.problem = 404, {"title": "Not Found", "detail": "There is no dataset x.", "code": code}
    result = tag(folder, form)
    assert result.exit_code == 1
    assert result.stderr.count("404 Not Found") == 1
    assert ("there are runs of designs" in result.stderr) is (code == "unknown_dataset")
    assert not list(folder.rglob("*.tags.json"))
