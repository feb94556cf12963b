"""Where SageMaker puts files for a container and looks for them, and how a failure is told."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tagline.formats.document import D, R, UnreadableDocument, decode, decode_lines
from tagline.formats.printable import printable_lines

_USUAL = {"train": "train.rec", "validation": "val.rec", "test": "test.rec"}  # one file's name
_FAILURE_LENGTH = 1024  # characters of the text that SageMaker keeps


class JobRefused(Exception):
    """The job cannot be done with what it was given; the message is for the person who asked."""


@dataclass(frozen=True)
class Base:
    """The folder SageMaker mounts: /opt/ml, or SAGEMAKER_BASE_DIR outside a container."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Base":
        """Return the base that the environment names."""
        return cls(Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")))

    @property
    def hyperparameters(self) -> Path:
        """The training job's hyperparameters: one JSON object of strings."""
        return self.root / "input/config/hyperparameters.json"

    @property
    def resources(self) -> Path:
        """The machines of a training job, and which of them this is."""
        return self.root / "input/config/resourceconfig.json"

    @property
    def inputs(self) -> Path:
        """What SageMaker says of a training job's channels."""
        return self.root / "input/config/inputdataconfig.json"

    def channel(self, name: str, file: str) -> Path:
        """Return a file of a training channel; raise JobRefused when it is not there."""
        return existing(self.root / "input/data" / name / file, f"channel {name!r}")

    def records(self, name: str) -> list[Path]:
        """Return the record files of a training channel in the order of their names.

        Raises JobRefused where there is none.
        """
        return _record_files(self.root / "input/data" / name, f"channel {name!r}")

    def has_channel(self, name: str) -> bool:
        """Return whether the job has a training channel of this name."""
        return (self.root / "input/data" / name).is_dir()

    @property
    def model(self) -> Path:
        """The folder that becomes model.tar.gz."""
        return self.root / "model"

    @property
    def checkpoints(self) -> Path:
        """The folder that is copied to S3 while a training job runs, and back when it restarts."""
        return self.root / "checkpoints"

    @property
    def training_failure(self) -> Path:
        """What SageMaker shows as a training job's FailureReason."""
        return self.root / "output/failure"

    def processing_input(self, name: str) -> Path:
        """Return the path of a processing input, such as `validation/val.rec`."""
        return self.root / "processing/input" / name

    def judging(self, side: str) -> list[Path]:
        """Return the record files of a processing input in the order of their names."""
        return _record_files(self.processing_input(side), f"input {side!r}")

    @property
    def processing_output(self) -> Path:
        """The folder that a processing job uploads."""
        return self.root / "processing/output"

    @property
    def processing_served(self) -> Path:
        """The folder for an archive that serves in place of the challenger's own."""
        return self.root / "processing/served"

    @property
    def processing_message(self) -> Path:
        """What SageMaker shows as a processing job's ExitMessage."""
        return self.root / "output/message"


def _record_files(folder: Path, what: str) -> list[Path]:
    found = sorted(path for path in folder.glob("*.rec") if path.is_file())
    if not found:
        usual = _USUAL.get(folder.name, "")
        raise JobRefused(f"{what} has no file {usual}, nor another that ends in .rec (in {folder})")
    return found


def existing(path: Path, what: str) -> Path:
    """Return `path`, or raise JobRefused saying which file of `what` is missing."""
    if not path.is_file():
        raise JobRefused(f"{what} has no file {path.name} (looked for {path})")
    return path


def read_lines(path: Path, kind: type[R]) -> Iterator[R]:
    """Yield the records of JSON Lines: of the file, or of the partitions that a long one lies in.

    Partitions are alone in the file's folder, in the order of their names. Raises JobRefused for
    what is missing or damaged.
    """
    pieces = [path] if path.is_file() else sorted(path.parent.glob(f"*{path.suffix}")) or [path]
    try:
        for piece in pieces:
            with existing(piece, f"input {path.parent.name!r}").open("rb") as lines:
                yield from decode_lines(lines, kind, piece.name)
    except UnreadableDocument as exc:
        raise JobRefused(str(exc)) from exc


def read_document(path: Path, what: str, kind: type[D]) -> D:
    """Return the document in a file, or raise JobRefused naming the file and the key."""
    try:
        return decode(existing(path, what).read_bytes(), kind, f"{what}: {path.name}")
    except UnreadableDocument as exc:
        raise JobRefused(str(exc)) from exc


def read_json(path: Path, what: str) -> dict[str, object]:
    """Return the JSON object in a file of SageMaker's, or raise JobRefused naming the file."""
    try:
        value = json.loads(existing(path, what).read_text())
    except ValueError as exc:
        raise JobRefused(f"{what}: {path.name} is not valid JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise JobRefused(f"{what}: {path.name} must hold a JSON object")
    return value


def guarded(work: Callable[[], None], failure: Path) -> int:
    """Run a job; return its exit code and leave the reason of a failure where SageMaker looks."""
    try:
        work()
    except Exception as exc:  # noqa: BLE001 - the contract: whatever went wrong is told, then exit 1
        text = str(exc) if isinstance(exc, JobRefused) else f"{type(exc).__name__}: {exc}"
        if not isinstance(exc, JobRefused):
            traceback.print_exc()
        sys.stderr.write(f"{printable_lines(text)}\n")
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(text[:_FAILURE_LENGTH])
        return 1
    return 0
