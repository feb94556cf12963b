"""`make demo-edge`: from drawing trash to a camera that sorts it, on this machine.

What a person would type is run as it would be typed, and shown.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UnsetType

from sorter.items import FOLDS
from sorter.judging import FilmScore
from sorter.telling import tell_results, tell_scores
from tagline.cli.cloud import RunningCloud
from tagline.cli.demo_cloud import demo_cloud, promoted, stay, times_table
from tagline.cli.environments import ROOT, tool
from tagline.cli.errors import Refused
from tagline.cli.interrupts import stop_signals, undisturbed
from tagline.cli.output import emit, say
from tagline.cli.phases import Phases
from tagline.cli.places import free_port
from tagline.cli.shell import variables
from tagline.formats.devices import DeviceKeys
from tagline.formats.edge_messages import EdgeResult
from tagline.formats.keys import RunKeys
from tagline.formats.outcomes import Status

HERE = Path(__file__).parents[1]
DATASET, DEVICE, GROUP = "trash", "belt-1", "sorters"
SET, OTHER = "noto", "twemoji"
_RESULTS = 6  # of MQTT that are shown
_UPDATE_SECONDS = 120.0  # that the device may take to have the model
_KEPT_SECONDS = 30.0  # that results may take to their files
_FPS = 20  # as the film was taken


def main(arguments: Sequence[str] | None = None) -> int:
    """Show everything; 1 where something is refused."""
    parser = argparse.ArgumentParser(prog="make demo-edge", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave cloud and device up at the end")
    parser.add_argument("--folder", type=Path, default=ROOT / ".tagline/demo-edge")
    parser.add_argument("--port", type=int, default=4566, help="the laptop cloud's")
    parser.add_argument("--page", type=int, default=8090, help="the port of the device's page")
    parser.add_argument("--fold", type=int, default=0, choices=range(FOLDS), help="is held out")
    parser.add_argument("--families", action="store_true", help="hold out with all look-alikes")
    asked = parser.parse_args(arguments)
    try:
        with stop_signals():
            _show(asked)
    except Refused as exc:
        say(str(exc), style="red")
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    return 0


def _show(asked: argparse.Namespace) -> None:
    phases = Phases()
    drawn, home = asked.folder / "drawn", asked.folder / "device"
    for folder in (drawn, home):
        shutil.rmtree(folder, ignore_errors=True)
    asked.folder.mkdir(parents=True, exist_ok=True)
    port = asked.port or free_port()
    with _drawing(drawn, asked) as drawing, demo_cloud(asked.folder, port, phases) as cloud:
        with phases.phase("Draw items, pictures and films"):
            _drawn(drawing)
        shell = _Shell(os.environ | variables(cloud))
        with phases.phase("Drop the pictures, register the device"):
            images, settings = str(drawn / "images"), str(drawn / "dataset.yaml")
            dropped = shell.tagline(
                "drop", DATASET, "--images", images, "--config", settings, "--json"
            )
            add = ("device", "add", DEVICE, "--dataset", DATASET, "--group", GROUP)
            shell.tagline(*add, "--out", str(home), "--json")
        with _camera(shell, home, drawn / f"film-{SET}.avi", asked.page) as page:
            promoted(cloud, dropped["run"], phases)
            _released(cloud, dropped["run"])
            with phases.phase("The device fetches, tries and takes the model"):
                version = _updated(page)
            with phases.phase(f"Listen to tagline/{DEVICE}/results"):
                heard = _heard(shell, home)
            with phases.phase("Judge what the device's model says of the films"):
                films = [drawn / f"film-{name}.avi" for name in (SET, OTHER)]
                same, other = _scores(shell, home / "state/current", films)
            kept = _kept(cloud)
            emit(times_table(phases))
            tell_scores(same, other, f"{DATASET} {version}")
            tell_results(DEVICE, heard, kept)
            say(f"The device's page: {page}/ with the camera at /device, the model at /project")
            if asked.keep:
                stay(cloud, quiet=False)


@dataclass(frozen=True)
class _Shell:
    """Runs commands as a person would, against the demo's cloud."""

    environment: Mapping[str, str]

    def tagline(self, *arguments: str) -> Any:
        """Run a command that prints JSON; return that."""
        say(f"$ tagline {shlex.join(arguments)}")
        return json.loads(self.run([str(ROOT / ".venv/bin/tagline"), *arguments]))

    def run(self, command: Sequence[str]) -> str:
        """Return what a command prints; raise Refused with its last words where it fails."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Refused(f"{shlex.join(command)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def module(self, name: str, *arguments: str) -> str:
        """Return what one of the example's modules prints that runs where the device does."""
        return self.run([str(tool("edge", "python")), "-m", name, *arguments])


@contextmanager
def _drawing(folder: Path, asked: argparse.Namespace) -> Iterator["subprocess.Popen[str]"]:
    """Draw beside the start of the cloud."""
    command = [str(tool("starter", "python")), "-m", "sorter.draw", str(folder)]
    command += ["--cache", str(ROOT / "build/emoji"), "--fold", str(asked.fold)]
    command += ["--families"] * asked.families
    process = subprocess.Popen(command, env=_example(), stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        _end(process)


def _drawn(process: "subprocess.Popen[str]") -> None:
    _, said = process.communicate()
    if process.returncode:
        raise Refused(said.strip()[-2000:])


@contextmanager
def _camera(shell: _Shell, home: Path, film: Path, port: int) -> Iterator[str]:
    """Run a device that watches the film again and again; yield its page's address."""
    command = [str(tool("edge", "tagline-device")), "--device", str(home / "device.json")]
    command += ["--source", str(film), "--loop", "--fps-limit", str(_FPS), "--port", str(port)]
    say(f"$ {shlex.join(['tagline-device', *command[1:]])}")
    with (home / "device.log").open("wb") as log:
        process = subprocess.Popen(command, env=shell.environment, stdout=log, stderr=log)
    page = f"http://127.0.0.1:{port}"
    try:
        yield page
    finally:
        _end(process)


def _end(process: "subprocess.Popen[Any]") -> None:
    if process.poll() is not None:
        return
    with undisturbed():
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _released(cloud: RunningCloud, run: str) -> None:
    """Raise Refused, with the reason, where a champion did not go out to devices."""
    edge = cloud.target.bucket.read(RunKeys(run).status, Status).edge
    if isinstance(edge, UnsetType) or not edge.released:
        reason = "no targets" if isinstance(edge, UnsetType) else edge.reason
        raise Refused(f"nothing went out to {DEVICE}: {reason} (log: {cloud.log})")
    say(edge.reason)


def _updated(page: str) -> str:
    """Return the version that the device runs, once it has one."""
    deadline = time.monotonic() + _UPDATE_SECONDS
    health: dict[str, Any] = {}
    while time.monotonic() < deadline:
        health = _health(page) or health
        if health.get("version"):
            return str(health["version"])
        time.sleep(0.5)
    raise Refused(
        f"the device has no model after {_UPDATE_SECONDS:g} s: {health.get('update') or 'no job'}"
    )


def _health(page: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{page}/status.json", timeout=5) as answer:  # noqa: S310
            told: dict[str, Any] = json.load(answer)["health"]
    except (OSError, ValueError):  # it starts, or has gone
        return {}
    return told


def _heard(shell: _Shell, home: Path) -> list[EdgeResult]:
    said = shell.module("sorter.listen", str(home / "device.json"), str(_RESULTS))
    return [msgspec.json.decode(line, type=EdgeResult) for line in said.splitlines()]


def _scores(shell: _Shell, version: Path, films: Sequence[Path]) -> list[FilmScore]:
    said = shell.module("sorter.score", str(version), *map(str, films))
    return msgspec.json.decode(said, type=list[FilmScore])


def _kept(cloud: RunningCloud) -> list[str]:
    """Return the keys of the device's results in the bucket, once there are some."""
    prefix = f"{DeviceKeys(DATASET).results}{DEVICE}/"
    deadline = time.monotonic() + _KEPT_SECONDS
    while time.monotonic() < deadline:
        if keys := list(cloud.target.bucket.keys(prefix)):
            return keys
        time.sleep(0.5)
    raise Refused(f"no result of the device is kept under {prefix} after {_KEPT_SECONDS:g} s")


def _example() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(HERE), "OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    sys.exit(main())
