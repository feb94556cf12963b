"""Where a training starts, by what is asked for and what there is."""

import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagline.formats.document import encode
from tagline.formats.models import ModelDescription, ModelStart
from tagline.formats.settings import FEW_IMAGES, ImageSpec
from tagline.formats.tasks import Task
from trainer import start
from trainer.contract import Base, JobRefused
from trainer.engine import Weights
from trainer.start import Beginning, Start, find_start
from trainer.weight_files import write_weights

LABELS = ("cat", "dog", "owl")
URI = "s3://models/mine/weights.bin"


def save(target: Any, arrays: dict[str, Any]) -> None:
    np.savez(target, **arrays)


def network(seed: int, labels: int = 3) -> Weights:
    rng = np.random.default_rng(seed)
    shapes = {
        "features.0.weight": (4, 3, 3, 3),
        "features.1.running_mean": (4,),
        "head.weight": (labels, 4),
        "head.bias": (labels,),
    }
    return {name: rng.random(shape, np.float32) for name, shape in shapes.items()}


FRESH, OTHER = network(1), network(2, labels=2)


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base(tmp_path)


@pytest.fixture(autouse=True)
def starters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "starters"
    folder.mkdir()
    save(folder / "small.npz", {name: array.astype(np.float16) for name, array in OTHER.items()})
    digest = hashlib.sha256((folder / "small.npz").read_bytes()).hexdigest()
    known = {"small": {"file": "small.npz", "sha256": digest, "words": "owl tree"}}
    (folder / "starter.json").write_text(json.dumps({"networks": known}))
    monkeypatch.setattr(start, "STARTERS", folder)
    return folder


def found(base: Base, start_from: str, *, name: str = "small", images: int = 1000) -> Start:
    return find_start(start_from, Beginning(name, FRESH, 0, images, LABELS), base)


def give(base: Base, name: str) -> Path:
    path = base.root / "input/data/start" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def archive(
    path: Path,
    weights: Weights,
    labels: tuple[str, ...],
    network: str = "small",
    task: Task = Task.MULTI,
) -> None:
    buffer = io.BytesIO()
    save(buffer, weights)
    described = ModelDescription(
        run="old-0123456789abcdef", labels=labels, image=ImageSpec(), network=network, task=task
    )
    with tarfile.open(path, "w:gz") as tar:
        for name, data in (("model.json", encode(described)), ("weights.npz", buffer.getvalue())):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_nothing_is_nothing(base: Base) -> None:
    assert found(base, "none") == Start(ModelStart(kind="none"))


def test_the_starter_is_copied_and_its_words_rows_go_to_labels_of_that_name(base: Base) -> None:
    begun = find_start("starter", Beginning("small", FRESH, 0, 9, ("cat", "Dog", "OWL")), base)
    assert begun.record.kind == "starter"
    assert begun.new_head
    assert len(begun.record.sha256 or "") == 64
    for name in ("features.0.weight", "features.1.running_mean"):
        assert begun.weights[name] == pytest.approx(OTHER[name], abs=1e-3)
        assert begun.weights[name].dtype == np.float32
    head, bias = begun.weights["head.weight"], begun.weights["head.bias"]
    assert abs(head[:2]).max() < 0.06  # cat and dog are new
    assert head[2] == pytest.approx(OTHER["head.weight"][0], abs=1e-3)
    # the label frequencies' log-odds stay
    assert bias - FRESH["head.bias"] == pytest.approx([0, 0, OTHER["head.bias"][0]], abs=1e-3)


@pytest.mark.parametrize("wanted", ["starter", "champion", "s3://weights/own/model.tar.gz"])
def test_the_last_layer_of_another_task_begins_anew(base: Base, wanted: str) -> None:
    archive(give(base, "model.tar.gz"), network(5), LABELS)
    new = Beginning("small", FRESH, 0, 1000, LABELS, Task.SINGLE)
    begun = find_start(wanted, new, base)
    assert begun.new_head
    assert abs(begun.weights["head.weight"]).max() < 0.06
    assert "head.bias" not in begun.weights  # the frequencies, where the network begins
    assert "features.0.weight" in begun.weights
    if wanted != "starter":
        assert "without the last layer, since" in begun.said
    archive(give(base, "model.tar.gz"), network(5), LABELS, task=Task.SINGLE)
    if wanted != "starter":
        same = find_start(wanted, new, base)
        assert (same.weights["head.weight"] == network(5)["head.weight"]).all()
        assert same.record.instead is None


def test_a_start_is_the_same_each_time(base: Base) -> None:
    first, again = found(base, "starter"), found(base, "starter")
    assert first.weights["head.weight"].tobytes() == again.weights["head.weight"].tobytes()


@pytest.mark.parametrize(("images", "kind"), [(FEW_IMAGES - 1, "starter"), (FEW_IMAGES, "none")])
def test_auto_takes_the_starter_for_few_images(base: Base, images: int, kind: str) -> None:
    begun = found(base, "auto", images=images)
    assert (begun.record.kind, begun.record.instead) == (kind, None)


def test_a_network_without_a_starter_starts_from_nothing_and_says_so(base: Base) -> None:
    begun = found(base, "starter", name="resnet18_v1")
    assert begun.record.kind == "none"
    assert "no starter for the network resnet18_v1" in begun.said


def test_a_damaged_starter_ends_the_job(base: Base, starters: Path) -> None:
    with (starters / "small.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(JobRefused, match="damaged"):
        found(base, "starter")


def test_the_champions_rows_are_matched_by_label(base: Base) -> None:
    archive(give(base, "model.tar.gz"), OTHER, ("owl", "cat"))
    begun = found(base, "champion")
    assert (begun.record.kind, begun.record.run) == ("champion", "old-0123456789abcdef")
    head, bias = begun.weights["head.weight"], begun.weights["head.bias"]
    assert head[0].tolist() == OTHER["head.weight"][1].tolist()  # cat
    assert head[2].tolist() == OTHER["head.weight"][0].tolist()  # owl
    assert abs(head[1]).max() < 0.06  # dog is new
    assert bias.tolist() == [OTHER["head.bias"][1], FRESH["head.bias"][1], OTHER["head.bias"][0]]
    assert begun.weights["features.0.weight"].tolist() == OTHER["features.0.weight"].tolist()


@pytest.mark.parametrize("images", [FEW_IMAGES - 1, FEW_IMAGES])
def test_auto_takes_a_champion_that_it_is_handed(base: Base, images: int) -> None:
    archive(give(base, "model.tar.gz"), OTHER, ("owl", "cat"))
    assert found(base, "auto", images=images).record.kind == "champion"


@pytest.mark.parametrize("fault", ["no champion", "another network", "no weights"])
def test_without_a_champion_that_fits_the_starter_is_taken_and_that_is_said(
    base: Base, fault: str
) -> None:
    if fault == "another network":
        archive(give(base, "model.tar.gz"), OTHER, ("cat", "owl"), "resnet18_v1")
    elif fault == "no weights":
        archive(give(base, "model.tar.gz"), {}, ("cat", "owl"))
    begun = found(base, "champion")
    assert begun.record.kind == "starter"
    assert begun.record.instead
    assert begun.record.instead in begun.said


@pytest.mark.parametrize("wanted", ["champion", "auto"])
def test_why_no_champion_is_handed_over_is_said(base: Base, wanted: str) -> None:
    new = Beginning("small", FRESH, 0, 1000, LABELS)
    begun = find_start(wanted, new, base, "the champion learned from 3 image(s)")
    assert begun.record.kind == "starter"
    assert begun.record.instead == "the champion learned from 3 image(s)"


def test_a_users_archive_is_taken(base: Base) -> None:
    write_weights(give(base, "weights.bin").with_suffix(".npz"), OTHER)
    give(base, "weights.npz").rename(give(base, "weights.bin"))
    begun = found(base, URI)
    assert (begun.record.kind, begun.record.uri) == ("file", URI)
    assert begun.weights["features.0.weight"].tolist() == OTHER["features.0.weight"].tolist()


def test_a_model_zoos_names_are_understood(base: Base) -> None:
    ours = {f"features.0.{n}.weight": np.full((2, 2), n, np.float32) for n in range(3)}
    fresh = ours | {"head.weight": FRESH["head.weight"], "head.bias": FRESH["head.bias"]}
    zoo = {name.replace("features.0.", "features."): array + 5 for name, array in ours.items()}
    with give(base, "weights.bin").open("wb") as file:
        save(file, zoo | {"output.weight": np.zeros((1000, 2), np.float32)})
    begun = find_start(URI, Beginning("resnet18_v1", fresh, 0, 10, LABELS), base)
    assert begun.weights["features.0.1.weight"].tolist() == [[6, 6], [6, 6]]


def without(name: str) -> Weights:
    return {key: array for key, array in OTHER.items() if key != name}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: without("features.0.weight"), r"no array features.0.weight \(4, 3, 3, 3\)"),
        (
            lambda: OTHER | {"features.0.weight": np.zeros((4, 3, 5, 5), np.float32)},
            r"features.0.weight is \(4, 3, 5, 5\), not \(4, 3, 3, 3\)",
        ),
        (
            lambda: OTHER | {"features.1.running_mean": np.full(4, np.nan, np.float32)},
            "values that are not numbers",
        ),
    ],
)
def test_a_users_file_that_does_not_fit_is_refused(
    base: Base, content: Callable[[], Weights], message: str
) -> None:
    with give(base, "weights.bin").open("wb") as file:
        save(file, content())
    with pytest.raises(JobRefused, match=message) as refused:
        found(base, URI)
    assert URI in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no archive",
        b"\x80\x04\x95pickle",
        struct.pack("<QQQ", 0x112, 0, 2**40),
        struct.pack("<QQQIiI2q3i", 0x112, 0, 1, 0xF993FAC9, 0, 2, 2**31, 2**31, 1, 0, 0),
        struct.pack("<QQQIiI1q3i", 0x112, 0, 1, 0xF993FAC9, 0, 1, -4, 1, 0, 0),
        b"\x1f\x8b\x08 no tar",
    ],
)
def test_a_file_that_is_none_is_refused_in_words(base: Base, content: bytes) -> None:
    give(base, "weights.bin").write_bytes(content)
    with pytest.raises(JobRefused, match="does not fit the network small: it"):
        found(base, URI)


def test_pickles_are_never_read(base: Base) -> None:
    with give(base, "weights.bin").open("wb") as file:
        save(file, {"features.0.weight": np.array([{}], dtype=object)})
    with pytest.raises(JobRefused, match="does not fit"):
        found(base, URI)


def test_a_users_file_that_is_missing_is_named(base: Base) -> None:
    with pytest.raises(JobRefused, match=r"channel 'start' has no file weights.bin"):
        found(base, URI)
