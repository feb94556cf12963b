"""docs/tutorial.md, block by block, as a reader would: `make tutorial`."""

import csv
import json
import os
import re
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.laptop import REPOSITORY, free_port

PAGE = (REPOSITORY / "docs/tutorial.md").read_text()
BLOCKS = [
    (section.partition("\n")[0], block)
    for section in PAGE.split("\n## ")[1:]
    for block in re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
]
# What the blocks of a section print, as the page says
SAID = {
    "Pictures and a CSV": [r"^filename,tags\n(cut-out|on-paper)/design-00000\.(png|jpg),"],
    "From the CSV to a list": [r"column 'filename'", r"Accepted +│ 400", r"sheet\.html: "],
    "A model": [r"Outcome +│ Promoted"],
    "Tags": [r"20 of 20 images tagged", r"image,tags,scores"],
    "The worst label": [r"Best and worst 5 of 21 labels\n(.+\n)+│ red .+\n└", r"is open in"],
    "Corrections": [r"^1\d\d corrections", r"Reason +│ Better: mAP", r"Outcome +│ Promoted"],
    "Compared": [
        r"serves now",
        r"AP before and after do not subtract",
        r"│ red +│ +0\.[0-6]\d+ │ +[01]\.[09]",
    ],
    "Rolled back, and forward again": [r"rolled back to it from", r"promoted it over the gate"],
    "Removed": [r"Deleting stack tagline"],
}
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


def run(block: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a block as a shell that stops at the first failure; return what it printed."""
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"{done.stdout}-- {time.monotonic() - began:.0f} s: {block.splitlines()[-1]}", flush=True)
    assert done.returncode == 0, f"a block ended {done.returncode}:\n{block}\n{done.stdout}"
    return done.stdout


def given_red_wrongly(folder: Path) -> list[str]:
    """Return the images that the report says were given `red` wrongly."""
    words = re.sub(
        r"<svg.*?</svg>|<[^>]+>", " ", (folder / "report.html").read_text(), flags=re.DOTALL
    )
    red = re.search(r"\sred\s+AP 0\.\d+(.*?)(\sAP \d|Tagged best)", words, re.DOTALL)
    assert red, words
    return re.findall(r"\+\s+[\d.]+\s+line \d+, id \d+, (\S+)", red[1])


@pytest.mark.slow
@pytest.mark.cloud
@pytest.mark.laptop
@pytest.mark.timeout(3000)
def test_every_block_does_what_the_page_says(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | {
        "PATH": f"{REPOSITORY / '.venv/bin'}:{os.environ['PATH']}",
        "TAGLINE_STATE": str(tmp_path / "state"),
        "BROWSER": "curl -so report.html %s",
    }
    folder = tmp_path / "work"
    folder.mkdir()
    (_, first), *blocks = BLOCKS
    assert first == "tagline up\n"
    assert {heading for heading, _ in blocks} == set(SAID)
    printed: dict[str, str] = defaultdict(str)
    with up(first, folder, environment) as url:
        environment["API_URL"] = url
        for heading, block in blocks:
            printed[heading] += run(block, folder, environment)
        assert "no stack tagline" in run("! tagline runs", folder, environment)
    for heading, patterns in SAID.items():
        for pattern in patterns:
            assert re.search(pattern, printed[heading], re.MULTILINE), (pattern, printed[heading])
    with (folder / "true/designs.csv").open() as file:
        true = {Path(row["file"]).name: row["tags"].split("|") for row in csv.DictReader(file)}
    few, more = (len((folder / name).read_text()) for name in ("tags.csv", "more.csv"))
    assert few < more
    assert any("red" in true[Path(image).name] for image in given_red_wrongly(folder))
