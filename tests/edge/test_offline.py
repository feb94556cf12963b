"""A device that is offline for a while: every result arrives, once, in order, within the bound.

`make chaos-edge` lets that be ten minutes; EDGE_OFFLINE says how many seconds.
"""

import os
import time
from pathlib import Path

from tests.edge.device_world import (
    BLUE,
    GREEN,
    RED,
    Device,
    Signer,
    device_json,
    film,
    install,
    running,
    start,
)
from tests.edge.listening import Heard, Line, listening
from tests.laptop import LaptopCloud, eventually

SECONDS = float(os.environ.get("EDGE_OFFLINE", "5"))
PER_SECOND = 2 if SECONDS > 60 else 20
BOUND = 30  # results of a device with little room
_PATIENCE = 90  # seconds; the pauses between tries grow up to 60


def sequences(heard: Heard) -> list[int]:
    """Return which results arrived, each once, as they did first."""
    return list(dict.fromkeys(told["sequence"] for told in heard.results()))


def caught_up(device: Device, heard: Heard, after: int) -> None:
    """Wait until results beyond `after` arrived and few wait."""
    eventually(lambda: sequences(heard)[-1:] > [after], _PATIENCE)
    eventually(lambda: device.health().get("buffered", 99) < PER_SECOND, _PATIENCE)


def test_everything_arrives_once_and_in_order(
    cloud: LaptopCloud, thing: str, tmp_path: Path
) -> None:
    signer, line = Signer(), Line(cloud)
    sending = {"results_per_second": PER_SECOND, "health_seconds": 5}
    config = device_json(tmp_path / "device", signer, line.endpoint, sending=sending)
    install(config, signer, 1)
    source = film(tmp_path / "film.avi", [RED, GREEN, BLUE])
    options = ("--loop", "--fps-limit", str(2 * PER_SECOND))
    with listening(cloud) as heard:
        device = start(config, source, *options)
        eventually(lambda: len(heard.results()) > 3, 60)
        line.cut()
        began = time.monotonic()
        eventually(lambda: time.monotonic() - began > SECONDS / 2, SECONDS)
        device.kill()  # the power goes, too
        with running(config, source, *options) as device:
            eventually(lambda: time.monotonic() - began > SECONDS, SECONDS)
            at_end = device.health()
            line.mend()
            before = len(heard.results())
            caught_up(device, heard, at_end["buffered"])
            found = sequences(heard)
            told = len(heard.results())
            print(
                f"\noffline {SECONDS:.0f} s: {at_end['buffered']} results waited, {told - before} "
                f"came after; of all {len(found)} {told - len(found)} came twice"
            )
            assert at_end["buffered"] > SECONDS * PER_SECOND / 3
            assert at_end["dropped"] == 0
            assert found == list(range(1, found[-1] + 1))
    line.close()


def test_with_little_room_the_oldest_go_and_are_counted(
    cloud: LaptopCloud, thing: str, tmp_path: Path
) -> None:
    signer, line = Signer(), Line(cloud)
    sending = {"results_per_second": 20, "health_seconds": 5, "buffer_rows": BOUND}
    config = device_json(tmp_path / "device", signer, line.endpoint, sending=sending)
    install(config, signer, 1)
    source = film(tmp_path / "film.avi", [RED, GREEN, BLUE])
    line.cut()
    with (
        listening(cloud) as heard,
        running(config, source, "--loop", "--fps-limit", "40") as device,
    ):
        eventually(lambda: device.health()["dropped"] >= 10, 30)
        assert device.health()["buffered"] == BOUND
        line.mend()
        caught_up(device, heard, BOUND)
        found, dropped = sequences(heard), device.health()["dropped"]
        assert found == list(range(dropped + 1, found[-1] + 1))
    line.close()
