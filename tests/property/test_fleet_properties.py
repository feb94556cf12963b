"""Whatever devices send: nothing but a known, registered, timely result is kept, and each once."""

import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tagline.aws.faults import Conflict
from tagline.aws.s3 import Version
from tagline.fleet.hearing import Ear
from tagline.formats.devices import RegisteredDevice
from tagline.formats.fleet_steps import DeviceMessage

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DEVICE = RegisteredDevice(device="cam", dataset="d", thing="arn", registered="2026-11-01")


class Paper:
    """A bucket in memory, as far as results need one."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, key: str, _kind: object) -> RegisteredDevice | None:
        return DEVICE if key == "d/devices/cam.json" else None

    def find(self, key: str, _kind: object) -> None:
        return None

    def find_bytes(self, key: str, _limit: int) -> Version[bytes] | None:
        return Version(self.kept[key], "e", {}) if key in self.kept else None

    def put_over(self, key: str, body: bytes, *_: object) -> None:
        if key in self.kept:
            raise Conflict(key)
        self.kept[key] = body


def hear(bucket: Paper, payload: bytes, device: str = "cam") -> bool:
    said = DeviceMessage(
        device=device,
        kind="results",
        received=round(NOW.timestamp() * 1000),
        payload=base64.b64encode(payload).decode(),
    )
    return Ear(bucket, 90, lambda: 0.0).hear(said).kept  # type: ignore[arg-type]


def result(**changed: Any) -> dict[str, Any]:
    return {
        "device": "cam",
        "dataset": "d",
        "version": "1.261127.1",
        "sequence": 1,
        "at": "2026-11-27T11:00:00.000Z",
        "label": None,
        "unsure": True,
        "confidence": 0.5,
        "scores": [],
        **changed,
    }


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@settings(max_examples=40)
@given(st.binary(max_size=300) | JSON.map(lambda said: json.dumps(said).encode()))
def test_what_is_no_result_is_refused_and_breaks_nothing(payload: bytes) -> None:
    bucket = Paper()
    assert not hear(bucket, payload)
    assert not bucket.kept


@given(st.dictionaries(st.sampled_from(sorted(result())), JSON, min_size=1, max_size=3))
def test_a_result_with_other_values_is_kept_below_its_device_or_not_at_all(
    changed: dict[str, Any],
) -> None:
    bucket = Paper()
    hear(bucket, json.dumps(result(**changed)).encode())
    for key, body in bucket.kept.items():
        assert key.startswith("d/edge-results/cam/2026-")
        assert key.count("/") == 4
        said = json.loads(body)
        assert (said["device"], said["dataset"]) == ("cam", "d")
        assert key.endswith(f"/{said['sequence']:012d}.json")


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["red", "round"])), min_size=1, max_size=12
    )
)
def test_the_first_of_each_sequence_stays(told: list[tuple[int, str]]) -> None:
    bucket = Paper()
    kept: Counter[int] = Counter()
    for sequence, label in told:
        said = result(sequence=sequence, label=label, unsure=False)
        kept[sequence] += hear(bucket, json.dumps(said).encode())
    first: dict[int, str] = {}
    for sequence, label in told:
        first.setdefault(sequence, label)
    assert set(kept.values()) == {1}
    found = {
        json.loads(body)["sequence"]: json.loads(body)["label"] for body in bucket.kept.values()
    }
    assert found == first


@given(st.timedeltas(timedelta(days=-4000), timedelta(days=4000)))
def test_only_times_that_a_right_clock_shows_are_kept(away: timedelta) -> None:
    bucket = Paper()
    at = NOW + away
    text = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    shown = at.replace(microsecond=at.microsecond // 1000 * 1000)
    timely = timedelta(days=-90) <= shown - NOW <= timedelta(minutes=10)
    assert hear(bucket, json.dumps(result(at=text)).encode()) is timely
