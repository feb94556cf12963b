"""The command as people use it: the demo, and the other commands against the cloud it leaves up."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagline.cli.environments import ROOT
from tagline.cli.places import free_port, port_taken

TAGLINE = ROOT / ".venv" / "bin" / "tagline"
IMAGES = 500
pytestmark = [pytest.mark.cloud, pytest.mark.slow, pytest.mark.timeout(600)]


class Demo:
    """A demo that has shown everything and stays up."""

    def __init__(self, folder: Path, port: int, process: "subprocess.Popen[str]") -> None:
        self.folder = folder
        self.port = port
        self.process = process
        self.said: list[str] = []
        self.told: dict[str, Any] = {}

    def tagline(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a command against this cloud."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            [str(TAGLINE), *arguments],
            env={**clean, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"},
            cwd=self.folder,  # commands work from anywhere
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def data(self, *arguments: str) -> Any:
        """Run a command that must succeed and return its JSON."""
        result = self.tagline(*arguments, "--json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("cli") / "demo"
    port = free_port()
    command = [str(TAGLINE), "demo", "--keep", "--json", "--images", str(IMAGES)]
    with subprocess.Popen(
        [*command, "--port", str(port), "--folder", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        started = Demo(folder, port, process)
        assert process.stderr is not None
        assert process.stdout is not None
        try:
            for line in process.stderr:  # ends with the process, if it fails
                started.said.append(line)
                if line.startswith("Ready."):
                    break
            assert process.poll() is None, "".join(started.said)
            text = ""
            while not text.endswith("\n}\n"):
                text += process.stdout.readline()
            started.told = json.loads(text)
            yield started
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def test_the_demo_shows_all_of_it(demo: Demo) -> None:
    assert demo.told["outcome"] == "Promoted"
    assert demo.told["mAP"] >= 3 * demo.told["baseline_map"]
    assert {tag["label"] for tag in demo.told["tags"]} & set(demo.told["truth"])
    assert "held-out" in demo.told["image"]
    report = Path(demo.told["report"])
    assert report == demo.folder / "report.html"
    assert report.read_text().lstrip().lower().startswith("<!doctype html")
    said = "".join(demo.said)
    for state in (
        "PlanDataset",
        "FetchShards",
        "PackDataset",
        "Train",
        "Evaluate",
        "RecordOutcome",
    ):
        assert f"✓ {state}" in said


def test_the_run_is_listed_and_shown(demo: Demo) -> None:
    run = demo.told["run"]
    assert run in [item["run"] for item in demo.data("runs", "designs")]
    shown = demo.data("show", run)
    assert shown["counts"]["rows"] == IMAGES
    assert shown["counts"]["accepted"] + shown["counts"]["rejected"] == IMAGES
    assert shown["serving"] is True


def test_an_image_is_tagged_by_file_and_by_uri(demo: Demo) -> None:
    listed = (demo.folder / "designs" / "designs.lst").read_text().split("\n", 1)[0]
    path = listed.split("\t")[-1]
    bucket = demo.told["report_uri"].split("/")[2]
    by_file, by_uri = demo.data(
        *("tag", "designs", str(demo.folder / "designs" / path)),
        *(f"s3://{bucket}/designs/{path}", "--top-k", "3"),
    )
    assert by_file["tags"] == by_uri["tags"]
    assert 1 <= len(by_file["tags"]) <= 3


def test_the_same_list_again_is_unchanged_and_sends_no_image(demo: Demo) -> None:
    designs = demo.folder / "designs"
    told = demo.data(
        *("drop", "designs", str(designs / "designs.lst"), "--wait"),
        *("--labels", str(designs / "labels.txt"), "--config", str(designs / "dataset.yaml")),
        *("--images", str(designs / "images")),
    )
    assert told["outcome"] == "Unchanged"
    assert told["images"] == {"sent": 0, "present": IMAGES}
    assert told["run"] != demo.told["run"]


def test_a_list_that_fails_in_the_plan_is_shown_with_its_cause(demo: Demo, tmp_path: Path) -> None:
    path = tmp_path / "missing.lst"
    path.write_text("".join(f"{row}\t{row % 2}\timages/none-{row}.png\n" for row in range(8)))
    result = demo.tagline("drop", "empty", str(path), "--wait", "--json")
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert told["outcome"] == "Failed"
    shown = demo.tagline("show", told["run"])
    assert shown.returncode == 0
    assert "PlanDataset" in shown.stdout
    assert "missing_object" in shown.stdout


def test_ctrl_c_stops_everything(demo: Demo) -> None:
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) == 0
    assert not port_taken(demo.port)
