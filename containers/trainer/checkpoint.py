"""What training has reached, kept on the disk after each epoch, so that it can go on from there.

SageMaker copies the folder to S3 while the job runs and back before it begins again. A checkpoint
is one file, so that no half of one is ever copied: a line with the SHA-256 of all that follows, a
line of JSON, then the arrays as numpy's archive, which is read without pickle: a file of somebody
else's is data, never code. It is a cache: one that is damaged or of another training is named
and left aside, and the one before it is kept for that case.
"""

import io
import json
import os
import random
import re
import sys
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from trainer.engine import Arrays

FORMAT = 1
_MAGIC = b"tagline checkpoint"
_NAME = re.compile(r"epoch-\d{5}\.checkpoint")
_WRITING = ".writing"  # ending of a file that is not whole yet
_GROUPS = ("weights", "average", "best", "optimizer")


class DamagedCheckpoint(Exception):
    """A file is no whole checkpoint; the message says why."""


class BestEpoch(msgspec.Struct, frozen=True):
    """The best epoch so far, in the numbers of its log line."""

    epoch: int
    loss: float
    mean_ap: float
    micro_ap: float
    since: int = 0
    """The first epoch of that `value`, where several reached it; 0 in older checkpoints."""
    macro_recall: float | None = None
    """Of single labels, like the next two."""
    top1: float | None = None
    cross_entropy: float | None = None

    @property
    def value(self) -> float:
        """What epochs are compared by."""
        return self.mean_ap if self.macro_recall is None else self.macro_recall


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far training is. The schedule's position is the epoch times the batches of one."""

    format: int = FORMAT
    fingerprint: str
    job: str
    epoch: int
    seconds: float
    """That the job had taken."""
    best: BestEpoch | None
    fault: str | None
    """Why the last epoch was not kept."""
    random: str
    """The state of the random generators, as `random_state` tells it."""


@dataclass(frozen=True)
class Checkpoint:
    """An epoch's end.

    `average` is empty where weights are not averaged, `best` where the best epoch is this one, or
    there is none.
    """

    progress: Progress
    weights: Arrays
    average: Arrays
    best: Arrays
    optimizer: Arrays


class Checkpoints:
    """The checkpoints of one training, in a folder that others may have written to."""

    def __init__(self, folder: Path, fingerprint: str, job: str, *, keeps: bool = True) -> None:
        """Take the folder, what is trained on what, the job's name, and whether to write."""
        self.keeps = keeps
        self.folder, self.fingerprint, self.job = folder, fingerprint, job
        self._previous = ""

    def latest(self) -> Checkpoint | None:
        """Return the newest whole checkpoint of this training; says which it passed over."""
        for path in sorted(self._files(), reverse=True):
            try:
                found = read(path)
            except DamagedCheckpoint as exc:
                _say(f"checkpoint {path.name} is not used: {exc}")
                continue
            if found.progress.fingerprint == self.fingerprint:
                self._previous = path.name
                return found
            _say(f"checkpoint {path.name} is not used: it is of other hyperparameters or data")
        return None

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint and remove all but it and the one before.

        One that cannot be written is said, no more: the training itself is not at fault.
        """
        name = f"epoch-{checkpoint.progress.epoch:05d}.checkpoint"
        if not self.keeps:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self.folder / name, checkpoint)
            for path in [*self._files(), *self.folder.glob(f"*{_WRITING}")]:
                if path.name not in (name, self._previous):
                    path.unlink(missing_ok=True)
            self._previous = name
        except OSError as exc:
            _say(f"checkpoint {name} could not be written, training goes on without: {exc}")

    def _files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)]


def read(path: Path) -> Checkpoint:
    """Return the checkpoint in a file, or raise DamagedCheckpoint."""
    try:
        first, _, rest = path.read_bytes().partition(b"\n")
    except OSError as exc:
        raise DamagedCheckpoint(f"it cannot be read: {exc}") from exc
    if not first.startswith(_MAGIC):
        raise DamagedCheckpoint("it is no checkpoint of this trainer")
    if first != _first_line(rest):
        raise DamagedCheckpoint("it is damaged, or of another version")
    header, _, archive = rest.partition(b"\n")
    try:
        progress = msgspec.json.decode(header, type=Progress)
        with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
            groups = {group: _numbered(group, dict(arrays)) for group in _GROUPS}
    except (ValueError, zipfile.BadZipFile, KeyError, OSError) as exc:
        raise DamagedCheckpoint(f"its content is not understood: {exc}") from exc
    return Checkpoint(progress, **groups)


def random_state(rng: np.random.Generator) -> str:
    """Return the states of a generator, of numpy's global one and of Python's, as JSON.

    An engine does not tell its own; the loop seeds it anew for each epoch.
    """
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002 - whoever draws from it goes on too
    legacy = [kind, np.asarray(keys).tolist(), *rest]
    states = {"generator": rng.bit_generator.state, "numpy": legacy, "python": random.getstate()}
    return json.dumps(states)


def set_random_state(told: str, rng: np.random.Generator) -> None:
    """Put the generators back to where `random_state` found them."""
    states: dict[str, Any] = json.loads(told)
    rng.bit_generator.state = states["generator"]
    np.random.set_state(tuple(states["numpy"]))  # noqa: NPY002 - as above
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))


def _write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a file that is there whole, or not at all."""
    archive = io.BytesIO()
    arrays = {
        f"{group}-{number}": values
        for group in _GROUPS
        for number, values in enumerate(getattr(checkpoint, group))
    }
    np.savez(archive, **arrays)
    rest = msgspec.json.encode(checkpoint.progress) + b"\n" + archive.getvalue()
    scratch = path.with_suffix(_WRITING)
    with scratch.open("wb") as file:
        file.write(_first_line(rest) + b"\n")
        file.write(rest)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def _first_line(rest: bytes) -> bytes:
    return b"%s %d %s" % (_MAGIC, FORMAT, sha256(rest).hexdigest().encode())


def _numbered(group: str, arrays: dict[str, NDArray[np.float32]]) -> Arrays:
    count = sum(name.startswith(f"{group}-") for name in arrays)
    return [arrays[f"{group}-{number}"] for number in range(count)]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
