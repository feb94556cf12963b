"""`training: {start_from: …}`: what a plan lets a training start from."""

import io
import struct
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tagline.formats.document import Record, encode, encode_record
from tagline.formats.keys import RunKeys
from tagline.formats.models import ModelDescription
from tagline.formats.rows import IndexedImage, Side, Verdict
from tagline.formats.settings import ImageSpec
from tagline.formats.weights import params_arrays
from tagline.planning.weights import TELLING
from tagline.settings import InvalidSettings, load_settings
from tests.unit.documents import OTHER, RUN, champion, packed_dataset, plan, settings
from tests.unit.flow_world import BUCKET, PREFIX, STATE, account, call
from tests.unit.ingest_world import World, world


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


SMALL = (Path(__file__).parents[2] / "containers/trainer/starter/small.npz").read_bytes()
RESNET = "resnet18_v1"


def planned(demo: World, uri: str, **training: str) -> None:
    asked = "".join(f", {name}: {value}" for name, value in training.items())
    demo.put("demo/dataset.yaml", f"training: {{start_from: '{uri}'{asked}}}".encode())
    demo.drop(demo.fill(40))
    demo.plan()


def npz(network: str, *, zoo: bool = False) -> bytes:
    """Return an archive of what tells a network, by our names or by a model zoo's."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {
        name.replace("features.0.", "features.", 1) if zoo else name: np.zeros(shape, np.float16)
        for name, shape in TELLING[network].items()
    }
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def params(arrays: Mapping[str, tuple[int, ...]]) -> bytes:
    """Return a .params file as MXNet 1.x writes it: headers and values, then the names."""
    body = struct.pack("<QQQ", 0x112, 0, len(arrays))
    for shape in arrays.values():
        sides = struct.pack(f"<{len(shape)}q", *shape)
        header = struct.pack("<IiI", 0xF993FAC9, 0, len(shape)) + sides
        body += header + struct.pack("<3i", 1, 0, 2) + bytes(2 * int(np.prod(shape)))
    body += struct.pack("<Q", len(arrays))
    return body + b"".join(
        struct.pack("<Q", len(f"arg:{name}")) + f"arg:{name}".encode() for name in arrays
    )


def model(network: str | None, *members: str) -> bytes:
    made = ModelDescription(labels=("a",), image=ImageSpec(), network=network)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in members:
            data = encode(made) if name == "model.json" else b"PK"
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "network"),
    [
        (SMALL, "auto"),
        (SMALL, "small"),
        (npz(RESNET), RESNET),
        (npz(RESNET), "auto"),  # on a GPU, with many images
        (npz("mobilenet_v2_0_5", zoo=True), "mobilenet_v2_0_5"),
        (params(TELLING["resnet50_v1"]), "resnet50_v1"),
        (model("small", "model.json", "weights.npz"), "small"),
    ],
    ids=["auto", "small", "resnet", "resnet auto", "mobilenet", "params", "model"],
)
def test_a_file_below_the_datasets_start_is_taken(demo: World, data: bytes, network: str) -> None:
    demo.put("demo/start/weights", data)
    planned(demo, "s3://data/demo/start/weights", network=network)


def test_a_file_of_a_source_bucket_is_taken(demo: World) -> None:
    demo.s3.put_object(Bucket="pictures", Key="zoo/small.npz", Body=SMALL)
    planned(demo, "s3://pictures/zoo/small.npz")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (
            "s3://data/demo/start/gone.npz",
            "there is no file s3://data/demo/start/gone.npz: copy",
        ),
        ("s3://data/demo/start/small", "there is no file"),  # a prefix of one that is there
        ("s3://data/demo/runs/old.npz", "must lie below s3://data/demo/start/: copy it there"),
        ("s3://data/other/start/a.npz", "cannot be read: copy the file to s3://data/demo/start/, "),
        ("s3://elsewhere/a.npz", "cannot be read: copy the file to s3://data/demo/start/, or add "),
        ("s3://Else_Where/a.npz", "expected auto, starter, champion, none, or a file s3://"),
        ("s3://data/demo/start/../a.npz", "expected auto, starter, champion, none, or a file s3:"),
    ],
)
def test_another_is_refused_before_anything_is_packed(demo: World, uri: str, said: str) -> None:
    demo.put("demo/start/small.npz", SMALL)
    with pytest.raises(InvalidSettings, match=f"training.start_from: .*{said}") as refused:
        planned(demo, uri)
    assert "image" not in str(refused.value)


def test_one_that_is_too_large_is_refused(demo: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagline.planning.starting.LARGEST_WEIGHTS", 3)
    demo.put("demo/start/a.npz", b"1234")
    with pytest.raises(InvalidSettings, match="has 4 bytes; at most 3 are read"):
        planned(demo, "s3://data/demo/start/a.npz")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"weights" * 1000, "it is no .npz, no .params of MXNet's and no model.tar.gz"),
        (b"PK\x03\x04" + b"x" * 1000, "it is damaged"),
        (SMALL[:-200], "it is damaged"),
        (params({"features.0.weight": (32, 3)})[:60], "it is cut short"),
        (model("small", "model.json"), "there is no weights.npz in it"),
        (model("small", "weights.npz"), "there is no model.json in it"),
        (model("small", "model.json", "weights.npz")[:60], "it is damaged|it is no .npz"),
    ],
    ids=["empty", "text", "zip", "cut zip", "params", "no weights", "no description", "cut tar"],
)
def test_one_that_is_none_of_weights_is_refused(demo: World, data: bytes, said: str) -> None:
    demo.put("demo/start/a.npz", data)
    with pytest.raises(InvalidSettings, match=f"a.npz is no file of weights: ({said}).*Name a"):
        planned(demo, "s3://data/demo/start/a.npz")


@pytest.mark.parametrize(
    ("data", "network", "said"),
    [
        (SMALL, RESNET, f"fit the network {RESNET}: it holds weights of small: set training.net"),
        (npz("resnet50_v1"), "auto", r"network auto \(small or resnet18_v1\): it holds weights of"),
        (params({"dense.weight": (3, 4)}), "small", "no weights of a network that Tagline trains"),
        (model(None, "model.json", "weights.npz"), "small", "no weights of a network"),
    ],
    ids=["small", "resnet", "params", "model"],
)
def test_one_of_another_network_is_refused(
    demo: World, data: bytes, network: str, said: str
) -> None:
    demo.put("demo/start/a.npz", data)
    with pytest.raises(InvalidSettings, match=f"training.start_from: .*a.npz does not .*{said}"):
        planned(demo, "s3://data/demo/start/a.npz", network=network)


def test_each_network_of_a_search_has_to_fit(demo: World) -> None:
    demo.put("demo/start/a.npz", SMALL)
    demo.put(
        "demo/dataset.yaml",
        b"training: {start_from: 's3://data/demo/start/a.npz'}\n"
        b"tuning: {max_jobs: 2, ranges: {network: [small, resnet50_v1]}}",
    )
    demo.drop(demo.fill(40))
    with pytest.raises(InvalidSettings, match="does not fit the network resnet50_v1"):
        demo.plan()


def test_the_end_of_a_params_file_is_read_without_its_values() -> None:
    shapes = TELLING[RESNET]
    data = params(shapes)
    found = {it.name: it.shape for it in params_arrays(io.BytesIO(data), len(data))}
    assert found == shapes


@pytest.mark.parametrize("value", ["last", "s3://bucket", "s3://bucket/folder/", "http://a/b"])
def test_another_word_is_refused(value: str) -> None:
    said = "training.start_from: expected auto, starter, champion, none, or a file s3://bucket/key"
    with pytest.raises(InvalidSettings, match=said):
        load_settings(f"training: {{start_from: '{value}'}}")


def start_channel(
    monkeypatch: pytest.MonkeyPatch, start_from: str, *, before: Any = None, **training: int
) -> Any:
    """Return the URI of the channel `start`; `before` is the split of the champion's run."""
    with account(monkeypatch) as bucket:
        bucket.put(f"{PREFIX}dataset.json", packed_dataset())
        made = settings(training={"start_from": start_from, **training})
        bucket.put(f"{PREFIX}plan.json", plan(settings=made))
        if before is not None:
            bucket.put("demo/champion.json", champion())
            bucket.put(RunKeys(OTHER).plan, plan(run=OTHER, settings=settings(split=before)))
        request = call("plan_training", STATE)["request"]
    channels = {
        each["ChannelName"]: each["DataSource"]["S3DataSource"]["S3Uri"]
        for each in request["InputDataConfig"]
    }
    assert request["HyperParameters"]["start_from"] == start_from
    return channels.get("start")


@pytest.mark.parametrize(
    ("start_from", "before", "uri"),
    [
        ("champion", {}, champion().artifact),
        ("champion", None, None),
        ("champion", {"seed": 5}, None),  # it may know the images that judge its successor
        ("starter", {}, None),
        ("none", {}, None),
        ("s3://zoo/a.npz", {}, "s3://zoo/a.npz"),
    ],
)
def test_the_job_is_handed_what_it_may_start_from(
    monkeypatch: pytest.MonkeyPatch, start_from: str, before: Any, uri: str | None
) -> None:
    assert start_channel(monkeypatch, start_from, before=before) == uri


def lines(*records: Record) -> bytes:
    return b"".join(map(encode_record, records))


def images(prefix: str, sides: str, near: int = 0) -> tuple[bytes, bytes]:
    """Return images.jsonl and verdicts.jsonl of images on sides, t or s, each unlike the others."""
    side = {"t": Side.TRAIN, "s": Side.TEST, "v": Side.VALIDATION}
    found = [
        IndexedImage(image=f"{prefix}{n}", id=50 + n, line=n, side=side[letter])
        for n, letter in enumerate(sides)
    ]
    verdicts = [
        Verdict(line=n, id=50 + n, path="a", verdict="accepted", split=side[letter],
                likeness=f"{(7919 * (n + 1)) ** 20 ^ near:0156x}"[-156:])
        for n, letter in enumerate(sides)
    ]  # fmt: skip
    return lines(*found), lines(*verdicts)


@pytest.mark.parametrize("split", [{}, {"seed": 5}])
@pytest.mark.parametrize(
    ("theirs", "ours", "recalled"),
    [
        (images("a", "ttsv"), images("a", "ttsv"), 0),
        (images("a", "ttsv"), images("a", "tttt"), 0),
        (images("a", "ttsv"), images("a", "tsvt"), 1),
        (images("a", "tttt"), images("a", "tsvt"), 2),
        (images("a", "tttt"), images("b", "tsvt"), 2),  # the same pictures, in other files
        (images("a", "tttt"), images("b", "tsvt", near=7), 2),  # near-copies of them
        (images("a", "tsvt"), images("b", "tsvt", near=7), 0),
    ],
)
def test_a_champion_that_learned_what_judges_its_successor_is_none_to_start_from(
    monkeypatch: pytest.MonkeyPatch,
    split: dict[str, int],
    theirs: tuple[bytes, bytes],
    ours: tuple[bytes, bytes],
    recalled: int,
) -> None:
    """Whatever the settings of both splits say: the sides count."""
    made = settings(training={"start_from": "champion"})
    with account(monkeypatch) as bucket:
        bucket.put(f"{PREFIX}dataset.json", packed_dataset())
        bucket.put(f"{PREFIX}plan.json", plan(settings=made))
        bucket.put("demo/champion.json", champion())
        bucket.put(RunKeys(OTHER).plan, plan(run=OTHER, settings=settings(split=split)))
        for keys, (indexed, verdicts) in ((RunKeys(RUN), ours), (RunKeys(OTHER), theirs)):
            bucket.s3.put_object(Bucket=BUCKET, Key=keys.images, Body=indexed)
            bucket.s3.put_object(Bucket=BUCKET, Key=keys.verdicts, Body=verdicts)
        request = call("plan_training", STATE)["request"]
    names = [each["ChannelName"] for each in request["InputDataConfig"]]
    told = request["HyperParameters"].get("start_without")
    assert ("start" in names) is (told is None) is (recalled == 0)
    said = f"the champion ({OTHER}) learned from {recalled} image(s) that are to judge models now"
    assert told is None or said in told


def test_where_a_champion_is_asked_for_and_there_is_none_the_job_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with account(monkeypatch) as bucket:
        bucket.put(f"{PREFIX}dataset.json", packed_dataset())
        for wanted, told in (("champion", "there is no champion"), ("auto", None)):
            made = settings(training={"start_from": wanted, "epochs": 1})
            bucket.put(f"{PREFIX}plan.json", plan(settings=made))
            request = call("plan_training", STATE)["request"]
            assert request["HyperParameters"].get("start_without") == told


@pytest.mark.parametrize("epochs", [18, 19])
def test_auto_hands_over_the_champion_for_a_short_training(
    monkeypatch: pytest.MonkeyPatch, epochs: int
) -> None:
    uri = start_channel(monkeypatch, "auto", before={}, epochs=epochs)
    assert uri == (champion().artifact if epochs * 800 < 15_000 else None)
