"""`tagline feedback --add/--remove/--from`: corrections sent to the API, a verdict on each."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tagline.api.feedback_documents import FeedbackTaken
from tagline.cli import api as api_module
from tagline.cli.api import ApiRefused
from tagline.cli.main import app
from tests.unit.cli_stack import API, RUN, stack

__all__ = ["stack"]
runner = CliRunner()
PNG = b"\x89PNG\r\n\x1a\n"
KNOWN, NEW = PNG + b"known", PNG + b"new"


class Api:
    """Knows one image by its hash, and no label `nope`."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def answer(
        self, url: str, _headers: Mapping[str, str], body: bytes, _proof: object, method: str
    ) -> bytes:
        assert (url, method) == (f"{API}/datasets/designs/feedback", "POST")
        said = json.loads(body)
        self.asked.append(said)
        if "nope" in said["added"]:
            raise ApiRefused("422 Unprocessable Content: The dataset has no label", "unknown_label")
        if said.get("hash", digest(KNOWN)) != digest(KNOWN):
            raise ApiRefused("404 Not Found: There is no image", "unknown_image")
        image = {"s3_uri": "s3://data/designs/a.png", "sha256": None, "id": 7}
        taken = {"dataset": "designs", "correction": "x", "image": image, "run": RUN, "who": None}
        lists = {"confirmed": [], "added": said["added"], "removed": said["removed"]}
        times = {"at": "2026-01-01T00:00:00Z", "repeated": said["added"] == ["again"]}
        return json.dumps(taken | lists | times).encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def api(stack: object, monkeypatch: pytest.MonkeyPatch) -> Api:
    told = Api()
    monkeypatch.setattr(api_module, "_sent", told.answer)
    return told


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "known.png").write_bytes(KNOWN)
    (tmp_path / "new.png").write_bytes(NEW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def feedback(*arguments: str) -> Result:
    return runner.invoke(app, ["feedback", "designs", *arguments])


@pytest.mark.usefixtures("folder")
def test_labels_of_files_are_corrected_by_hash_or_with_the_image(api: Api) -> None:
    done = feedback("--add", "red", "--add", "sea", "--remove", "blue", "known.png", "new.png")
    assert done.exit_code == 0, done.output
    said = {"added": ["red", "sea"], "removed": ["blue"]}
    assert api.asked == [
        {"hash": digest(KNOWN), **said},
        {"hash": digest(NEW), **said},
        {"image": base64.b64encode(NEW).decode(), **said},
    ]
    assert "2 of 2 corrections kept; next: tagline feedback designs --to-list" in done.stderr


@pytest.mark.usefixtures("api")
def test_a_table_has_a_verdict_a_row(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub/deep.png").write_bytes(KNOWN)
    (folder / "sub/c.csv").write_text(
        "file,added,removed\ndeep.png,red|sea,\nknown.png,again,\nknown.png,nope,blue\ngone.png,,x\n"
    )
    done = feedback("--from", "sub/c.csv", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert [each["verdict"] for each in told] == ["kept", "repeated", "refused", "refused"]
    assert told[0]["id"] == 7
    assert "no label" in told[2]["error"]
    assert "cannot be read" in told[3]["error"]
    assert "2 of 4 corrections kept" in done.stderr


def _table(text: str) -> Callable[[Path], list[str]]:
    def made(folder: Path) -> list[str]:
        (folder / "c.csv").write_text(text)
        return ["--from", "c.csv"]

    return made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (lambda _: ["--add", "red"], "want the FILEs"),
        (lambda _: ["a.png", "b.png"], "several FILEs go with --add and --remove"),
        (lambda _: ["--add", "red", "--to-list", "a.png"], "one at a time"),
        (_table("name,added\na,b\n"), "the columns are file, added, removed"),
        (_table("file,added,removed\na.png,b,c,d\n"), "c.csv, line 2"),
        (_table(""), "these are none"),
    ],
)
@pytest.mark.usefixtures("stack")
def test_what_says_nothing_is_refused(
    folder: Path, arguments: Callable[[Path], list[str]], said: str
) -> None:
    done = feedback(*arguments(folder))
    assert done.exit_code == 1
    assert said in " ".join(done.stderr.split())


def test_the_answer_is_as_the_api_describes_it() -> None:
    assert {"image", "repeated"} <= set(FeedbackTaken.__struct_fields__)
