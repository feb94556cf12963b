"""The server as a process in its own environment: start, answer, end on SIGTERM."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.serving import picture, put_model
from tests.measured import measured

ROOT = Path(__file__).parents[2]
GOLDEN_RECOMMENDER = ROOT / "tests/unit/golden/recommender"
COMMAND = [str(ROOT / ".venvs/server/bin/python"), "-m", "server", "serve"]


def environment(base: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(base / "home"),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "TAGLINE_BIND_HOST": "127.0.0.1",
        **measured(),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    put_model(tmp_path)
    with served(tmp_path) as process_and_url:
        yield process_and_url


@contextmanager
def served(base: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    port = free_port()
    process = subprocess.Popen(
        COMMAND, env=environment(base, port), stdout=subprocess.PIPE, text=True
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, process)
        yield process, url
    finally:
        process.kill()
        process.wait()


def wait_for(url: str, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=2):
                return
        except urllib.error.URLError:
            time.sleep(0.05)  # a poll of a real start-up, bounded by the deadline
    pytest.fail(f"no server after 60 s, exit code {process.poll()}")


@pytest.mark.slow
def test_the_server_answers_and_ends_on_sigterm(
    server: tuple["subprocess.Popen[str]", str], tmp_path: Path
) -> None:
    process, url = server
    request = urllib.request.Request(
        f"{url}/invocations", picture((0, 0, 255)), {"Content-Type": "image/png"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        body = json.load(answer)
    scores = dict(zip(body["labels"], body["scores"], strict=True))
    assert scores["blue"] > 0.99
    assert scores["red"] < 0.01
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert not (tmp_path / "home").exists(), "ONNX Runtime's telemetry leaves its identifier there"
    messages = [json.loads(line)["message"] for line in out.splitlines()]
    assert messages == ["serving", "request"]


@pytest.mark.slow
def test_the_same_server_serves_ratings(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN_RECOMMENDER, tmp_path / "model")
    asked = json.dumps({"items": ["i0"], "exclude": ["i0"], "top_k": 2}).encode()
    with served(tmp_path) as (_, url):
        request = urllib.request.Request(
            f"{url}/invocations", asked, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            body = json.load(answer)
    assert [one["item"] for one in body["recommendations"]] == ["i2", "i4"]


@pytest.mark.slow
def test_a_server_without_a_model_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        COMMAND,
        check=False,
        env=environment(tmp_path, 8080),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "The server cannot start" in done.stderr
    assert "model.json" in done.stderr
