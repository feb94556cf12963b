"""Updates with a power cut at a random moment of each: a model works, and the device says which.

`make chaos-edge` makes it 200; EDGE_UPDATES says how many. Jobs are those of a laptop cloud's IoT;
archives come from a slow server, so that fetching takes a third of an update.
"""

import hashlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.edge.archives import Archives, serving
from tests.edge.device_world import (
    DEVICE,
    RED,
    Device,
    Signer,
    archive_files,
    device_json,
    film,
    install,
    manifest,
    start,
    version,
    zipped,
)
from tests.edge.listening import Heard, listening
from tests.laptop import LaptopCloud, eventually

WARM_UP = range(2, 5)
UPDATES = int(os.environ.get("EDGE_UPDATES", "8"))
SEED = 14
BAD_EVERY = 5  # one in so many updates has to be refused
PADDING = 1_000_000  # bytes that do not shrink: a third of a second to fetch
SWITCHED_EVERY = 4  # one in so many is ended within milliseconds of switching
_PATIENCE = 60


@dataclass
class Fleet:
    """One device, what it is told and what it says."""

    cloud: LaptopCloud
    thing: str
    config: Path
    source: Path
    signer: Signer
    archives: Archives
    heard: Heard
    longest: float = 0.0
    """Seconds from the job to the latest kill."""
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))

    def start(self) -> Device:
        return start(self.config, self.source, "--loop", "--fps-limit", "5")

    def order(self, number: int, *, bad: bool) -> str:
        """Make the job of a version; one that is bad has an archive of other bytes."""
        files = archive_files() | {"weights.bin": self.rng.randbytes(PADDING)}
        data = zipped({"manifest.json": manifest(files, version(number)), **files})
        served = data[:-1] + bytes([data[-1] ^ 1]) if bad else data
        url = self.archives.put(f"{number}.zip", served)
        document = self.signer.job(data, version(number), url)
        job = f"update-{number}"
        self.cloud.client("iot").create_job(
            jobId=job, targets=[self.thing], document=json.dumps(document)
        )
        return job

    def execution(self, job: str) -> dict[str, Any]:
        iot = self.cloud.client("iot")
        found: dict[str, Any] = iot.describe_job_execution(jobId=job, thingName=DEVICE)["execution"]
        return found

    def shadow(self) -> dict[str, Any]:
        data = self.cloud.client("iot-data").get_thing_shadow(thingName=DEVICE)["payload"].read()
        told: dict[str, Any] = json.loads(data)["state"]["reported"]
        return told

    def switched(self, new: str) -> float:
        """Return when a version became the current one."""
        deadline = time.monotonic() + _PATIENCE
        while current(self.config.parent / "state") != new:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        return time.monotonic()

    def moment(self, job: str, number: int) -> str:
        """Return what an update was at when it was ended, from what lies on the disk."""
        state = self.config.parent / "state"
        if self.execution(job)["status"] in ("SUCCEEDED", "FAILED"):
            return "reported"
        if current(state) == version(number):
            return "switched"
        names = [path.name for path in (state / "versions").iterdir()]
        if version(number) in names:
            return "placed"
        if any(name.endswith(".new") for name in names):
            return "unpacking or trying"
        return "fetching" if any(name.endswith(".zip") for name in names) else "not begun"


@pytest.fixture
def fleet(cloud: LaptopCloud, thing: str, tmp_path: Path) -> Iterator[Fleet]:
    signer = Signer()
    sending = {"results_per_second": 1, "health_seconds": 1}
    config = device_json(tmp_path / "device", signer, f"127.0.0.1:{cloud.port}", sending=sending)
    install(config, signer, 1)
    source = film(tmp_path / "film.avi", [RED])
    with serving() as archives, listening(cloud) as heard:
        yield Fleet(cloud, thing, config, source, signer, archives, heard)


def current(state: Path) -> str:
    return (state / "current").readlink().name


def assert_whole(state: Path) -> None:
    """The current version is there with all its files, as its manifest has them."""
    folder = state / "versions" / current(state)
    told = json.loads((folder / "manifest.json").read_text())["files"]
    for name, file in told.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == file["sha256"], name


def unharmed(fleet: Fleet, number: int) -> float:
    """Return how many seconds an update takes that nobody disturbs."""
    ordered, job = time.monotonic(), fleet.order(number, bad=False)
    eventually(lambda: fleet.execution(job)["status"] == "SUCCEEDED", _PATIENCE)
    return time.monotonic() - ordered


def killed_once(fleet: Fleet, device: Device, runs: str, number: int) -> tuple[Device, str, str]:
    """Order a version, end the device, start it again and see the job done.

    Returns the device, the version that runs now, and what the update was at.
    """
    state = fleet.config.parent / "state"
    bad, new = number % BAD_EVERY == 0, version(number)
    eventually(lambda: device.health().get("version") == runs, _PATIENCE)
    before = len(fleet.heard.messages)
    job, ordered = fleet.order(number, bad=bad), time.monotonic()
    cut = ordered + fleet.rng.uniform(0, fleet.longest)
    if number % SWITCHED_EVERY == 0 and not bad:
        cut = fleet.switched(new) + fleet.rng.uniform(0, 0.02)
    while time.monotonic() < cut:
        time.sleep(0.001)
    device.kill()
    moment = fleet.moment(job, number)
    assert current(state) in (runs, new), "no version that it had"
    assert_whole(state)

    device, now = fleet.start(), runs if bad else new
    eventually(lambda: fleet.execution(job)["status"] in ("SUCCEEDED", "FAILED"), _PATIENCE)
    found = fleet.execution(job)
    assert found["status"] == ("FAILED" if bad else "SUCCEEDED"), found
    if bad:
        assert "SHA-256" in found["statusDetails"]["detailsMap"]["reason"]
    eventually(lambda: device.health().get("version") == now, _PATIENCE)
    eventually(lambda: fleet.shadow()["version"] == now, _PATIENCE)
    said = {told for at, told in fleet.heard.states() if at >= before}
    assert said <= {runs, now}, "a wrong version was reported"
    assert len(list((state / "versions").iterdir())) <= 3, "the disk fills"
    return device, now, moment


def test_a_device_that_is_killed_while_it_updates(fleet: Fleet) -> None:
    moments: Counter[str] = Counter()
    runs, device, began = version(1), fleet.start(), time.monotonic()
    try:
        eventually(lambda: device.health().get("version") == runs, _PATIENCE)
        fleet.longest = min(unharmed(fleet, number) for number in WARM_UP)
        runs = version(WARM_UP[-1])
        for number in range(WARM_UP.stop, UPDATES + WARM_UP.stop):
            device, runs, moment = killed_once(fleet, device, runs, number)
            moments[moment] += 1
    finally:
        device.kill()
    of = ", ".join(f"{count} {name}" for name, count in moments.most_common())
    print(
        f"\n{UPDATES} updates, each ended at a random moment ({of}): none without a working "
        f"model, none with a wrong version reported; {time.monotonic() - began:.0f} s"
    )
