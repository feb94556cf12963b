"""What a device tells of what it sees: which answers, kept how, by which messages."""

import base64
import itertools
import json
import sqlite3
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.formats.device_options import Sending
from tagline.formats.document import decode, decode_record
from tagline.formats.edge import EdgeManifest
from tagline.formats.edge_messages import MOST_FRAME_BYTES, EdgeFrame, EdgeResult
from tagline.imaging import preprocess, preprocess_frame
from tagline_device.answer import Answer, answer
from tagline_device.backoff import Backoff
from tagline_device.health import temperature
from tagline_device.results.choosing import Chooser
from tagline_device.results.outbox import Outbox
from tagline_device.results.telling import Teller, small_jpeg
from tagline_device.video.loop import Seen
from tagline_device.video.overlay import draw, lines
from tests.edge.device_world import manifest, version

SCORES = st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3)


def _manifest(task: str, threshold: float = 0.6) -> EdgeManifest:
    labels = ["red", "green", "blue"]
    told = manifest({}, version(1), task=task, thresholds=dict.fromkeys(labels, threshold))
    return decode(told, EdgeManifest, "manifest.json")


def _seen(said: Answer, at: float = 0.0) -> Seen:
    return Seen(at, version(1), "colours", said, np.zeros((48, 64, 3), np.uint8))


UNSURE = answer(_manifest("single"), [0.5, 0.3, 0.2])
RED = answer(_manifest("single"), [0.9, 0.3, 0.2])
BLUE = answer(_manifest("single"), [0.1, 0.3, 0.7])


@given(SCORES, st.floats(0, 1))
def test_a_single_label_is_the_best_that_reaches_its_threshold(
    scores: list[float], threshold: float
) -> None:
    said = answer(_manifest("single", threshold), scores)
    best = said.scores[0]
    assert said.confidence == best.score == pytest.approx(max(scores), abs=1e-6)
    assert said.unsure == (max(scores) < threshold)
    assert said.label == (None if said.unsure else best.label)
    assert said.tags == ()
    assert [row.score for row in said.scores] == sorted(
        (r.score for r in said.scores), reverse=True
    )


@given(SCORES, st.floats(0, 1))
def test_several_labels_are_those_that_reach_theirs(scores: list[float], threshold: float) -> None:
    said = answer(_manifest("multi", threshold), scores)
    names = ["red", "green", "blue"]
    assert set(said.tags) == {n for n, s in zip(names, scores, strict=True) if s >= threshold}
    assert said.label is None
    assert said.unsure == (not said.tags)


@given(
    st.lists(st.tuples(st.floats(0.001, 5), st.sampled_from([RED, BLUE, UNSURE])), max_size=60),
    st.floats(0.2, 20),
    st.booleans(),
)
def test_results_keep_their_rate_and_changes_are_not_lost(
    frames: list[tuple[float, Answer]], per_second: float, change_only: bool
) -> None:
    chooser, now, told = Chooser(per_second, change_only=change_only), 0.0, []
    for pause, said in frames:
        now += pause
        if chooser.wants(said, version(1), now):
            told.append((now, said))
    for (before, first), (after, second) in itertools.pairwise(told):
        assert after - before >= 1 / per_second - 1e-9
        assert not change_only or first.said != second.said
    if frames and now - told[-1][0] >= 1 / per_second:
        assert change_only
        assert told[-1][1].said == frames[-1][1].said


class _Model:
    """What an outbox is by its promise: numbers for ever, the newest within bounds."""

    def __init__(self, rows: int, size: int) -> None:
        self.rows, self.size, self.sequence, self.dropped = rows, size, 0, 0
        self.held: dict[int, bytes] = {}

    def put(self, body: bytes) -> None:
        self.sequence += 1
        self.held[self.sequence] = body
        while len(self.held) > 1 and (
            len(self.held) > self.rows or sum(map(len, self.held.values())) > self.size
        ):
            del self.held[min(self.held)]
            self.dropped += 1


@settings(max_examples=20)
@given(st.lists(st.integers(-6, 30), max_size=25), st.integers(1, 6), st.integers(1, 80))
def test_an_outbox_keeps_its_promise_across_restarts(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], rows: int, size: int
) -> None:
    """Steps: a body of so many bytes is put, 0 starts anew, or the -n-th row is delivered."""
    path = tmp_path_factory.mktemp("outbox") / "results.sqlite"
    outbox, model = Outbox(path, rows, size), _Model(rows, size)
    for step in steps:
        if step > 0:
            model.put(b"x" * step)
            assert outbox.put(b"x" * step) == model.sequence
        elif step == 0:
            outbox.close()
            outbox = Outbox(path, rows, size)
        else:
            taken = sorted(model.held)[-step - 1 : -step]
            outbox.delivered(taken)
            for sequence in taken:
                del model.held[sequence]
        found = {row.sequence: row.body for row in outbox.after(0, 100)}
        assert found == model.held
        assert list(found) == sorted(found)
        assert (outbox.waiting, outbox.dropped) == (len(model.held), model.dropped)
    outbox.close()


def test_what_was_dropped_on_its_way_and_arrived_counts_as_delivered(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "results.sqlite", 2, 1000)
    for _ in range(4):
        outbox.put(b"x")
    assert outbox.dropped == 2
    outbox.delivered([2, 3])  # 1 was dropped before anybody sent it
    assert (outbox.dropped, outbox.waiting) == (1, 1)


def test_the_disk_has_a_result_before_anybody_may_send_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "results.sqlite", 10, 1000)
    assert outbox._base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert outbox._base.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_damaged_outbox_is_put_aside_and_no_number_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    outbox = Outbox(path, 10, 1000)
    last = [outbox.put(b"x") for _ in range(3)][-1]
    outbox.close()
    path.write_bytes(b"damaged" * 1000)
    outbox = Outbox(path, 10, 1000)
    assert outbox.put(b"y") > last + 1_000_000
    assert [row.body for row in outbox.after(0, 10)] == [b"y"]
    assert path.with_name("results.sqlite.damaged").exists()


def test_an_outbox_that_another_program_holds_is_not_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.sqlite"
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **told: connect(path, **(told | {"timeout": 0.01}))
    )
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Outbox(path, 10, 1000)
    assert not path.with_name("results.sqlite.damaged").exists()
    other.close()


def test_a_result_is_told_as_its_schema_has_it(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "results.sqlite", 10, 10_000)
    teller = Teller("cam", Sending(), outbox, lambda *_: True)
    teller.tell(_seen(RED, at=1795754640.25))
    teller.close()
    (row,) = outbox.after(0, 10)
    told = decode_record(row.body, EdgeResult, "result")
    assert (told.label, told.unsure, told.at) == ("red", False, "2026-11-27T04:44:00.250Z")
    assert [score.label for score in told.scores] == ["red", "green", "blue"]


def test_frames_it_is_unsure_of_go_out_where_asked_for_and_by_quota(tmp_path: Path) -> None:
    sent: list[bytes] = []

    def send(told: bytes, *, online: bool) -> bool:
        sent.extend([told] * online)
        return online

    sending = Sending(frames_per_day=2, frame_seconds=0.1)

    def day(number: int, *, online: bool = True) -> None:
        outbox = Outbox(tmp_path / "results.sqlite", 10, 10_000)
        for _ in range(4):  # each of a program that was started anew
            teller = Teller("cam", sending, outbox, lambda _, told: send(told, online=online))
            teller.tell(_seen(RED, at=86400.0 * number))
            teller._frame_at = -1.0
            teller.tell(_seen(UNSURE, at=86400.0 * number))
            teller.close()
        outbox.close()

    day(1, online=False)
    assert sent == []
    day(1)
    assert len(sent) == 2
    day(2)
    assert len(sent) == 4
    told = msgspec.json.decode(sent[0], type=EdgeFrame)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(told.jpeg), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (48, 64, 3)


def test_no_frame_is_sent_unless_asked_for(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "results.sqlite", 10, 10_000)
    teller = Teller("cam", Sending(), outbox, lambda *_: pytest.fail("a frame was sent"))
    teller.tell(_seen(UNSURE))
    teller.close()


def test_a_frame_fits_into_a_message() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    assert len(base64.b64encode(small_jpeg(noise))) < MOST_FRAME_BYTES


def test_a_disk_that_is_full_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = Outbox(tmp_path / "results.sqlite", 10, 10_000)

    def full(_: bytes) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(outbox, "put", full)
    teller = Teller("cam", Sending(), outbox, lambda *_: True)
    teller.tell(_seen(RED))
    teller.close()
    assert teller.missed == 1


@pytest.mark.parametrize(("spec_size", "mode"), [(32, "letterbox"), (48, "crop"), (20, "stretch")])
def test_a_frame_becomes_what_its_image_becomes(spec_size: int, mode: str) -> None:
    spec = msgspec.structs.replace(_manifest("single").image, size=spec_size, mode=mode)
    frame = np.random.default_rng(0).integers(0, 256, (97, 131, 3), dtype=np.uint8)
    png = cv2.imencode(".png", frame)[1].tobytes()
    assert np.array_equal(preprocess_frame(frame, spec), preprocess(png, spec))


def test_the_overlay_says_what_is_said() -> None:
    several = answer(_manifest("multi"), [0.9, 0.8, 0.1])
    assert lines(RED, 12.4) == ["red 90%", "12 fps"]
    assert lines(UNSURE, 1) == ["unsure (red 50%)", "1 fps"]
    assert lines(several, 1) == ["red, green", "1 fps"]
    assert lines(None, 0) == ["no model yet", "0 fps"]
    frame = np.full((48, 64, 3), 200, np.uint8)
    drawn = draw(frame, RED, 10)
    assert (frame == 200).all(), "the device stream's frame stays as it is"
    assert (drawn != frame).any()


def test_pauses_double_and_are_drawn_apart() -> None:
    backoff = Backoff(1, 8)
    for most in (1, 2, 4, 8, 8):
        assert most / 2 <= backoff.next() <= most
    backoff.reset()
    assert backoff.next() <= 1


def test_the_temperature_is_of_the_hottest_zone_that_answers(tmp_path: Path) -> None:
    assert temperature(tmp_path) is None
    for number, text in enumerate(("45000\n", "61250\n", "none", "-1", "999000")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    assert temperature(tmp_path) == 61.25


def test_messages_stay_below_what_iot_core_takes() -> None:
    labels = [f"{'ä' * 95}{number:05}" for number in range(200)]
    told = json.loads(manifest({}, version(1), task="multi", labels=labels))
    told["thresholds"] = dict.fromkeys(labels, 0.0)
    said = answer(decode(json.dumps(told).encode(), EdgeManifest, "x"), [0.5] * 200)
    assert len(msgspec.json.encode(said.tags)) < 100_000
