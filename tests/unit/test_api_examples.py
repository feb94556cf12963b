"""The examples of docs/api.md, as they stand there, asked of the API's own functions."""

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.page_world import SCORES, PageWorld, page_world
from tests.unit.api_world import DATASET, LABELS, ROOT, event

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## One image, its tags, a correction")[2].partition("\n## ")[0]
RUNNERS = {
    "sh": ["bash", "-euo", "pipefail", "example"],
    "python": [sys.executable, "example"],
    "js": [shutil.which("node") or "node", "example.mjs"],
}


@pytest.fixture(scope="module")
def world() -> Iterator[PageWorld]:
    with page_world() as made:
        yield made


@pytest.mark.parametrize("language", RUNNERS)
def test_an_example_tags_an_image_and_corrects_it(
    language: str, world: PageWorld, tmp_path: Path
) -> None:
    if shutil.which(RUNNERS[language][0]) is None:
        pytest.skip(f"no {RUNNERS[language][0]} here")
    [example] = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    *command, name = RUNNERS[language]
    (tmp_path / name).write_text(example.replace("stickers", DATASET))
    (tmp_path / "some.png").write_bytes(b64decode(event("tag_png")["body"]))
    world.asked.clear()
    # what a bucket in this process says is nothing that the example may hear of
    variables = {"API_URL": world.url.rstrip("/"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [*command, name], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert LABELS[0] in done.stdout
    assert str(SCORES[0]) in done.stdout
    [tagged, corrected] = world.asked
    assert tagged[:2] == ("POST", f"/datasets/{DATASET}/tags")
    assert corrected[:2] == ("POST", f"/datasets/{DATASET}/feedback")
    assert json.loads(corrected[2])["added"] == ["circle"]


def test_an_example_says_what_the_api_refuses(world: PageWorld, tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    (tmp_path / "some.png").write_bytes(b"no image")
    done = subprocess.run(
        [sys.executable, "-c", example.replace("stickers", DATASET)],
        cwd=tmp_path,
        env={"API_URL": world.url.rstrip("/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "unsupported_image"
