"""Where frames come from: every one of a film, the newest of a camera."""

import itertools
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tagline_device.backoff import Backoff
from tagline_device.errors import Refused, UnusableVersion
from tagline_device.video.loop import Loop, Seen
from tagline_device.video.sources import Camera, Frame, Taken, open_source
from tests.edge.device_world import RED, film
from tests.laptop import eventually


def _number(taken: Taken) -> int:
    return int(taken.frame[0, 0, 0])


class Capture:
    """A camera that counts: each opening gives five frames as fast as they are taken, then ends."""

    opened: ClassVar[list[Any]] = []
    numbers = itertools.count(1)

    def __init__(self, address: Any) -> None:
        self.opened.append(address)
        self._left = 5

    def set(self, *_: Any) -> bool:
        return True

    def read(self) -> tuple[bool, Frame | None]:
        if not self._left:
            return False, None
        self._left -= 1
        return True, np.full((4, 4, 3), next(self.numbers), np.uint8)

    def release(self) -> None:
        pass


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    stop = threading.Event()
    yield stop
    stop.set()


def test_a_camera_gives_the_newest_and_is_opened_again(
    monkeypatch: pytest.MonkeyPatch, stop: threading.Event
) -> None:
    monkeypatch.setattr("tagline_device.video.sources.cv2.VideoCapture", Capture)
    monkeypatch.setattr(Backoff, "next", lambda _: 0.01)
    camera = Camera("/dev/video3")
    frames = camera.frames(stop)
    first = _number(next(frames))
    eventually(lambda: len(Capture.opened) >= 4)
    later = [_number(next(frames)) for _ in range(3)]
    assert later == sorted(set(later))
    assert later[0] >= first + 5, "what nobody had time for is kept"
    assert set(Capture.opened) == {3}


def test_a_film_gives_every_frame_once_or_for_ever(tmp_path: Path, stop: threading.Event) -> None:
    path = str(film(tmp_path / "film.avi", [RED], frames=7))
    assert len(list(open_source(path, loop=False).frames(stop))) == 7
    assert len(list(itertools.islice(open_source(path, loop=True).frames(stop), 20))) == 20
    stop.set()
    assert list(open_source(path, loop=True).frames(stop)) == []


def test_motion_jpeg_is_passed_on_as_it_came(tmp_path: Path, stop: threading.Event) -> None:
    path = film(tmp_path / "film.avi", [RED], frames=3)
    loop = Loop(open_source(str(path), loop=False), lambda _: None, stream_fps=math.inf)
    with loop.device.watching():
        loop.run(stop)
    _, picture = loop.device.newer(0, 0)
    assert picture.startswith(b"\xff\xd8")
    assert picture in path.read_bytes()


def test_what_is_no_film_is_refused(tmp_path: Path, stop: threading.Event) -> None:
    empty = tmp_path / "film.avi"
    empty.touch()
    with pytest.raises(Refused, match="no frame"):
        next(open_source(str(empty), loop=True).frames(stop))
    with pytest.raises(Refused, match="no such file"):
        open_source(str(tmp_path / "other.avi"), loop=False)


def test_a_film_that_ends_waits_for_the_first_model(
    tmp_path: Path, stop: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(film(tmp_path / "film.avi", [RED], frames=3))
    assert (open_source(path, loop=False).ends, open_source(path, loop=True).ends) == (True, False)
    assert not Camera("/dev/video3").ends
    caplog.set_level("INFO")
    for end in (lambda loop: loop.use(Broken()), lambda _: stop.set()):
        loop = Loop(open_source(path, loop=False), lambda _: None)
        waiting = threading.Thread(target=loop.await_model, args=(stop,))
        waiting.start()
        waiting.join(0.01)
        assert waiting.is_alive()
        end(loop)
        waiting.join(20)
        assert not waiting.is_alive()
    assert [record.getMessage()[:25] for record in caplog.records] == [
        "the film begins with the "
    ] * 2


class Broken:
    """A model that cannot score this camera's frames."""

    def see(self, frame: Frame) -> Any:
        raise UnusableVersion("scores are no numbers")


def test_a_frame_that_cannot_be_scored_stops_nothing(tmp_path: Path, stop: threading.Event) -> None:
    told: list[Seen] = []
    path = str(film(tmp_path / "film.avi", [RED], frames=3))
    loop = Loop(open_source(path, loop=False), told.append)
    loop.use(Broken())  # type: ignore[arg-type]
    loop.run(stop)
    assert loop.alive
    assert told == []
