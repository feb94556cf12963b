"""A newcomer's first hour, in small: from a CSV to a model that is corrected and rolled back.

By the command and the API alone: no S3 paths, no AWS client. docs/tutorial.md is the whole of it.
"""

import csv
import hashlib
import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tagline.designs import DesignSet
from tests.e2e.pipeline import OnLaptop
from tests.laptop import REPOSITORY

pytestmark = [pytest.mark.cloud, pytest.mark.slow, pytest.mark.laptop]
DATASET = "first-hour"
LABELS = 21
FORGOTTEN = "blue"  # every second picture that has it is said to have not
QUICK = "image: {size: 32}\npromotion: {confidence: 0}\ntraining: "
WEAK = f"{QUICK}{{epochs: 1, mini_batch_size: 16, learning_rate: 0.0001}}"
STRONGER = f"{QUICK}{{epochs: 3, mini_batch_size: 16, learning_rate: 0.002}}"


@dataclass(frozen=True)
class Newcomer:
    """A person with a folder of pictures, a CSV and the command."""

    folder: Path
    environment: dict[str, str]

    def types(self, command: str, code: int = 0) -> str:
        """Type a command; return what it printed, progress and all."""
        done = self._run(command, code)
        return done.stderr + done.stdout

    def asks(self, command: str) -> Any:
        """Type a command with --json; return what it says."""
        return json.loads(self._run(f"{command} --json", 0).stdout)

    def _run(self, command: str, code: int) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == code, f"{command} ended {done.returncode}:\n{done.stderr}"
        return done

    def table(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a CSV."""
        with (self.folder / name).open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def newcomer(pipeline: OnLaptop, designs: DesignSet, tmp_path: Path) -> Newcomer:
    """Pictures in subfolders and tags.csv, which says `filename,tags` of them, half of it right."""
    labels = designs.labels_path.read_text().split()
    rows = []
    for line in designs.list_path.read_text().splitlines():
        _, *flags, path = line.split("\t")
        name = f"{'cut' if path.endswith('.png') else 'paper'}/{Path(path).name}"
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        os.link(designs.folder / path, tmp_path / "shop" / name)
        rows.append((name, [each for each, flag in zip(labels, flags, strict=True) if flag == "1"]))
    _write(tmp_path / "true.csv", rows)
    with_it = [tags for _, tags in rows if FORGOTTEN in tags]
    for tags in with_it[::2]:
        tags.remove(FORGOTTEN)
    _write(tmp_path / "tags.csv", rows)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        "PATH": f"{REPOSITORY / '.venv/bin'}:{clean['PATH']}",
        "AWS_ENDPOINT_URL": pipeline.cloud.endpoint,
        "BROWSER": "curl -so report.html %s",
    }
    return Newcomer(tmp_path, clean | environment)


def _write(path: Path, rows: list[tuple[str, list[str]]]) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("filename", "tags"))
        table.writerows((name, "|".join(tags)) for name, tags in rows)


def test_from_a_csv_to_a_model_that_is_corrected_and_rolled_back(
    newcomer: Newcomer, pipeline: OnLaptop
) -> None:
    gets_a_list(newcomer)
    first = gets_a_model(newcomer)
    tags_pictures(newcomer, first)
    sees_the_worst_label(newcomer, first)
    corrects(newcomer, pipeline)
    second = trains_again(newcomer)
    compares_and_rolls_back(newcomer, first["run"], second["run"])


def gets_a_list(newcomer: Newcomer) -> None:
    """The CSV is taken for a list at first; what the messages say is done, word by word."""
    said = newcomer.types("tagline check tags.csv", code=1)
    assert "`tagline convert tags.csv` makes tags.lst and labels.txt of it" in said
    said = newcomer.types("tagline convert tags.csv")
    assert "column 'filename'" in said
    assert "next: tagline check tags.lst --labels labels.txt --images" in said
    check = "tagline check tags.lst --labels labels.txt --images"
    assert "none of the list's 90 images is in shop/cut" in newcomer.types(f"{check} shop/cut", 1)
    assert newcomer.asks(f"{check} shop --sheet sheet.html")["accepted"] == 90
    assert (newcomer.folder / "sheet.html").stat().st_size > 10_000


def gets_a_model(newcomer: Newcomer) -> Any:
    (newcomer.folder / "dataset.yaml").write_text(WEAK)
    said = newcomer.types(
        f"tagline drop {DATASET} tags.lst --labels labels.txt --images shop --config dataset.yaml "
        "--wait"
    )
    assert "90 images uploaded" in said
    assert "Promoted" in said
    shown = newcomer.asks(f"tagline show {DATASET}")
    assert f"Run {shown['run']} has started" in said
    return shown


def tags_pictures(newcomer: Newcomer, first: Any) -> None:
    """Twice into a CSV: by each label's own threshold, and by one for all."""
    tag = f"tagline tag {DATASET} shop/paper --csv -o"
    pictures = len(list((newcomer.folder / "shop/paper").iterdir()))
    assert f"{pictures} of {pictures} images tagged" in newcomer.types(f"{tag} own.csv")
    newcomer.types(f"{tag} all.csv --threshold 0")
    own, every = newcomer.table("own.csv"), newcomer.table("all.csv")
    assert len(own) == len(every) == pictures
    assert {row["run"] for row in own} == {first["run"]}
    assert {len(row["tags"].split("|")) for row in every} == {LABELS}
    assert sum(len(row["tags"].split("|")) for row in own) < pictures * LABELS


def sees_the_worst_label(newcomer: Newcomer, first: Any) -> None:
    """It stands last in the table, and the report has it."""
    precision = {each["label"]: each["ap"] for each in first["labels"] if each["ap"] is not None}
    shown = newcomer.types(f"tagline show {first['run']}")
    table = shown.partition(f"Best and worst 5 of {LABELS} labels")[2].partition("└")[0]
    worst = table.strip().splitlines()[-1].split("│")[1].strip()
    assert precision[worst] == min(precision.values())
    newcomer.types(f"tagline show {first['run']} --open")
    assert worst in (newcomer.folder / "report.html").read_text()


def corrects(newcomer: Newcomer, pipeline: OnLaptop) -> None:
    """As the page does it, each picture named by its file."""
    said = {row["filename"]: row["tags"] for row in newcomer.table("tags.csv")}
    true = {row["filename"]: row["tags"] for row in newcomer.table("true.csv")}
    wrong = [name for name in true if said[name] != true[name]]
    assert len(wrong) > 5
    for name in wrong:
        digest = hashlib.sha256((newcomer.folder / "shop" / name).read_bytes()).hexdigest()
        code, _ = pipeline.correct(DATASET, hash=digest, added=[FORGOTTEN], who="newcomer")
        assert code == 201
    assert len(newcomer.asks(f"tagline feedback {DATASET}")) == len(wrong)
    told = newcomer.types(f"tagline feedback {DATASET} --to-list")
    assert f"tagline drop {DATASET} tags.corrected.lst" in told
    newcomer.types("tagline convert tags.corrected.lst --to csv -o corrected")
    corrected = {row["file"]: row["tags"] for row in newcomer.table("corrected/tags.csv")}
    assert _sets(corrected) == _sets(true)


def _sets(tags: dict[str, str]) -> dict[str, set[str]]:
    return {name: set(given.split("|")) for name, given in tags.items()}


def trains_again(newcomer: Newcomer) -> Any:
    (newcomer.folder / "dataset.yaml").write_text(STRONGER)
    said = newcomer.types(f"tagline drop {DATASET} tags.corrected.lst --config dataset.yaml --wait")
    assert "Promoted" in said
    shown = newcomer.asks(f"tagline show {DATASET}")
    assert f"Run {shown['run']} has started" in said
    assert shown["gain"] > 0
    return shown


def compares_and_rolls_back(newcomer: Newcomer, first: str, second: str) -> None:
    runs = newcomer.asks(f"tagline runs {DATASET}")
    assert [run["run"] for run in runs] == [second, first]
    told = newcomer.types(f"tagline compare {first} {second}")
    assert "training.epochs" in told
    assert FORGOTTEN in told
    newcomer.types(f"tagline rollback {DATASET} --why 'it was a try' --wait")
    assert newcomer.asks(f"tagline show {first}")["serving"] is True
    before = newcomer.table("own.csv")[0]
    newcomer.types(f"tagline tag {DATASET} {before['image']} --csv -o again.csv")
    assert newcomer.table("again.csv") == [before]
