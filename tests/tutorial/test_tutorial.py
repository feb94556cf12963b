"""docs/tutorial.md, block by block, as a reader would: `make tutorial`."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.laptop import REPOSITORY, free_port

BLOCKS = re.findall(
    r"^```sh\n(.*?)^```", (REPOSITORY / "docs/tutorial.md").read_text(), re.DOTALL | re.MULTILINE
)
READY_SECONDS = 300


@contextmanager
def up(command: str, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run the first block beside the others; yield the API's URL."""
    state = Path(environment["TAGLINE_STATE"])
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            f"exec {command.strip()} --port {free_port()}",
            shell=True,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        ends = time.monotonic() + READY_SECONDS
        while not (state / "cloud.json").is_file():
            assert process.poll() is None, (folder / "up.log").read_text()
            assert time.monotonic() < ends, (folder / "up.log").read_text()
            time.sleep(0.5)
        yield json.loads((state / "cloud.json").read_text())["outputs"]["ApiUrl"]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.mark.slow
@pytest.mark.cloud
@pytest.mark.laptop
@pytest.mark.timeout(3000)
def test_every_block_does_what_the_page_says(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | {
        "PATH": f"{REPOSITORY / '.venv/bin'}:{os.environ['PATH']}",
        "TAGLINE_STATE": str(tmp_path / "state"),
    }
    folder = tmp_path / "work"
    folder.mkdir()
    first, *blocks = BLOCKS
    assert first == "tagline up\n"
    with up(first, folder, environment) as url:
        for block in blocks:
            began = time.monotonic()
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block],
                cwd=folder,
                env=environment | {"API_URL": url},
                check=False,
            )
            assert done.returncode == 0, block
            print(f"-- {time.monotonic() - began:.0f} s: {block.splitlines()[-1]}", flush=True)
    tags = (folder / "tags.csv").read_text().splitlines()
    assert len(tags) == 21
    assert tags[0].startswith("image,tags")
