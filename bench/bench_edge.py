"""Frames a second of the device's loop and of its model alone, side by side in one run.

    .venvs/edge/bin/python bench/bench_edge.py [--seconds 3] [--rounds 3]

The loop is the device's own, with one thread and somebody who watches the project stream: a film of
640 x 480 pixels (MJPEG) is decoded, each frame preprocessed, scored, written into, and encoded as
JPEG. Networks are untrained: what they cost depends on their form alone. Rounds take turns, medians
count. Frames a CPU second are what a calm machine shows; exit code 1 where the loop at 96 pixels of
the first network has fewer than 100.
"""

import argparse
import math
import os
import platform
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tagline_device.model import Model
from tagline_device.video.loop import Loop
from tagline_device.video.sources import Film, Taken

ROOT = Path(__file__).parents[1]
NETWORKS, SIDES = ("mobilenet_v2_0_5", "small"), (96, 224)
SIZE = (640, 480)
FRAMES = 250
LEAST = 100  # frames a CPU second of the loop at the smaller size


@dataclass
class Measured:
    """Frames a second, by the clock and by CPU time; each a round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, frames: int, wall: float, cpu: float) -> None:
        """Add a round."""
        self.wall.append(frames / wall)
        self.cpu.append(frames / cpu)

    def __str__(self) -> str:
        return f"{statistics.median(self.wall):,.0f} | {statistics.median(self.cpu):,.0f}"


class Timed:
    """A film over and over, for so many seconds."""

    def __init__(self, film: Path, seconds: float) -> None:
        self._film, self._seconds = film, seconds
        self.frames_seen = 0

    def frames(self, stop: threading.Event) -> Iterator[Taken]:
        """Yield frames."""
        deadline = time.perf_counter() + self._seconds
        for taken in Film(str(self._film), loop=True).frames(stop):
            self.frames_seen += 1
            yield taken
            if time.perf_counter() > deadline:
                return


def draw(path: Path) -> None:
    """Write a film of shapes that move over noise, as a camera has it."""
    rng = np.random.default_rng(0)
    width, height = SIZE
    noise = [rng.normal(0, 6, (height, width, 3)) for _ in range(8)]
    ground = np.linspace(90, 160, width)[None, :, None] * np.ones((height, 1, 3))
    shapes = [(*rng.integers(0, (width, height)), rng.integers(20, 90)) for _ in range(8)]
    colours = [tuple(map(int, rng.integers(0, 256, 3))) for _ in shapes]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, SIZE)
    for number in range(FRAMES):
        picture = ground.copy()
        for (x, y, radius), colour in zip(shapes, colours, strict=True):
            cv2.circle(picture, (int(x + 4 * number) % width, int(y)), int(radius), colour, -1)
        moved = cv2.GaussianBlur(picture, (7, 3), 0) + noise[number % len(noise)]
        writer.write(np.clip(moved, 0, 255).astype(np.uint8))
    writer.release()


def loop_round(film: Path, folder: Path, seconds: float, into: Measured) -> None:
    """Let the loop run for some seconds, watched."""
    source = Timed(film, seconds)
    loop = Loop(source, lambda _: None, stream_fps=math.inf)
    loop.use(Model.load(folder))
    with loop.project.watching():
        timed(lambda: loop.run(threading.Event()), lambda: source.frames_seen, into)


def model_round(folder: Path, seconds: float, into: Measured) -> None:
    """Score the same pixels for some seconds."""
    model, count = Model.load(folder), 0
    size = model.manifest.image.size
    pixels: NDArray[np.uint8] = np.random.default_rng(0).integers(
        0, 256, (size, size, 3), dtype=np.uint8
    )

    def work() -> None:
        nonlocal count
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            model.scores(pixels)
            count += 1

    timed(work, lambda: count, into)


def timed(work: Callable[[], None], count: Callable[[], int], into: Measured) -> None:
    """Add what some work took, of this thread alone: there is no other."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    into.add(count(), time.perf_counter() - wall, time.process_time() - cpu)


def processor() -> str:
    """Return the machine's CPU by name."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"one of {os.cpu_count()} cores of {found[1] if found else platform.machine()}"


def main() -> None:
    """Make the models, let them take turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        film = Path(scratch, "film.avi")
        draw(film)
        versions = [
            (network, side, precision)
            for network in NETWORKS
            for side in SIDES
            for precision in ("fp32", "int8")
        ]
        for network, side in dict.fromkeys(version[:2] for version in versions):
            make(Path(scratch, network, str(side)), network, side)
        found = {version: (Measured(), Measured()) for version in versions}
        for _ in range(asked.rounds):
            for version, (loop, alone) in found.items():
                folder = Path(scratch, *map(str, version))
                loop_round(film, folder, asked.seconds, loop)
                model_round(folder, asked.seconds / 2, alone)
    print(f"{processor()}, load {os.getloadavg()[0]:.0f}\n")
    print("| network | pixels | numbers | loop fps | a CPU second | model alone | a CPU second |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for (network, side, precision), (loop, alone) in found.items():
        print(f"| {network} | {side} | {precision} | {loop} | {alone} |")
    reached = statistics.median(found[versions[0]][0].cpu)
    if reached < LEAST:
        raise SystemExit(f"{reached:.0f} frames a CPU second; {LEAST} are promised")


def make(folder: Path, network: str, side: int) -> None:
    """Let the trainer's environment make a network's versions."""
    python, program = ROOT / ".venvs/trainer/bin/python", ROOT / "bench/edge_models.py"
    subprocess.run(
        [python, program, folder, network, str(side)],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
