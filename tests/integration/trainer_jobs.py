"""A tiny packed dataset, and the trainer's commands run as SageMaker would run them."""

import io
import json
import os
import socket
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tagline.formats.document import encode, encode_record
from tagline.formats.recordio import RecordWriter, frame, pack_record, read_records
from tagline.formats.rows import Verdict
from tests.integration import warm
from tests.measured import measured
from tests.unit.run_documents import packed_dataset

ROOT = Path(__file__).parents[2]
LABELS = ["red", "green", "blue", "<b>wide</b> & low"]
SIDE = 32
RUN, CHAMPION_RUN = "tiny-0123456789abcdef", "tiny-fedcba9876543210"
HYPERPARAMETERS = {
    "epochs": "4",
    "learning_rate": "0.004",
    "mini_batch_size": "16",
    "image_shape": f"3,{SIDE},{SIDE}",
    "num_classes": str(len(LABELS)),
    "augmentation_type": "crop",
    "seed": "3",
    "run": RUN,
    "_tuning_objective_metric": "validation:mAP",
}


def jpeg(marks: list[int], rng: np.random.Generator, side: int) -> bytes:
    """Draw a shape of the colours in `marks`, flat when the last mark is set."""
    image = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(image)
    inks = [ink for ink, mark in zip(("red", "green", "blue"), marks, strict=False) if mark]
    for number, ink in enumerate(inks or ["black"]):
        top = side // 8 + number * side // 4 + int(rng.integers(0, 3))
        end = side - 3 if marks[3] else side // 3
        pen.rectangle((3, top, end, top + side // 5), fill=ink)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95)
    return stream.getvalue()


def write_records(
    path: Path, count: int, *, seed: int, side: int = SIDE, chance: float = 0.4
) -> None:
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for number in range(count):
            marks = [int(x) for x in rng.random(len(LABELS)) < chance]
            writer.write(pack_record(number, marks, jpeg(marks, rng, side)))


def training_job(
    base: Path,
    asked: dict[str, str] | None = None,
    *,
    side: int = SIDE,
    labels: list[str] = LABELS,
) -> Path:
    """Lay a training job out under `base`, as the service does."""
    data = base / "input/data"
    write_records(data / "train/train.rec", 96, seed=1, side=side)
    write_records(data / "validation/val.rec", 40, seed=2, side=side)
    counts = {"train": 96, "validation": 40}
    dataset = packed_dataset(run=RUN, labels=labels, image={"size": side}, **counts)
    write(data / "dataset/dataset.json", encode(dataset))
    hyperparameters = HYPERPARAMETERS | {"image_shape": f"3,{side},{side}"} | (asked or {})
    write(base / "input/config/hyperparameters.json", json.dumps(hyperparameters).encode())
    return base


def cut(path: Path, *counts: int) -> list[Path]:
    """Make a record file several, of so many records each, as packing names them."""
    with path.open("rb") as stream:
        records = [frame(payload) for payload in read_records(stream)]
    assert len(records) == sum(counts)
    paths = []
    for number, count in enumerate(counts):
        paths.append(path.with_name(f"{path.stem}-{number:05}.rec"))
        paths[-1].write_bytes(b"".join(records[:count]))
        del records[:count]
    path.unlink()
    return paths


def processing_job(base: Path, challenger: Path, champion: Path | None = None) -> Path:
    """Lay an evaluation out under `base`, of models in the folders of training jobs."""
    inputs = base / "processing/input"
    write_records(inputs / "validation/val.rec", 40, seed=2)
    dataset = packed_dataset(run=RUN, labels=LABELS, image={"size": SIDE}, rows=136, rejected=0)
    write(inputs / "dataset/dataset.json", encode(dataset))
    # a list of rows whose ids are not their lines
    rows = (Verdict(line=n + 3, id=n, path=f"{n}.png", verdict="accepted") for n in range(136))
    write(inputs / "verdicts/verdicts.jsonl", b"".join(map(encode_record, rows)))
    for name, job in (("challenger", challenger), ("champion", champion)):
        if job:
            (inputs / name).mkdir(parents=True)
            with tarfile.open(inputs / name / "model.tar.gz", "w:gz") as tar:
                tar.add(job / "model", ".")
    return base


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def read_json(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value


@dataclass(frozen=True)
class Cold:
    """A run of the trainer in a process that was started as any is."""

    process: "subprocess.Popen[str]"

    def wait(self) -> "subprocess.CompletedProcess[str]":
        """Return what it said and its exit code; raises TimeoutExpired after five minutes."""
        said = self.process.communicate(timeout=300)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, *said)


def run(
    command: str, base: Path, engine: str = "mxnet", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the container's entry point in its own environment, with `base` for /opt/ml."""
    return python(base, "-m", "trainer", command, engine=engine, **environment)


def python(
    base: Path, *arguments: str, engine: str = "mxnet", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the Python of an engine's image; one thread, since several would wait for a core."""
    return start(base, list(arguments), engine, environment).wait()


def start(
    base: Path, arguments: list[str], engine: str, environment: dict[str, str]
) -> warm.Started | Cold:
    """Start what `python` runs; several run side by side."""
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "HOME": str(base),
        "OMP_NUM_THREADS": "1",
        "TRAINER_ENGINE": engine,
        **measured(),
        **environment,
    }
    if engine == "torch" and not measured():  # coverage begins where a process does
        return warm.start(interpreter(engine), arguments, base, variables)
    return Cold(
        subprocess.Popen(
            [interpreter(engine), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=base,
            env=variables,
        )
    )


def interpreter(engine: str) -> Path:
    """Return the Python of an engine's image; skips the test where PyTorch cannot be had."""
    path = ROOT / ".venvs" / {"mxnet": "trainer", "torch": "trainer_torch"}[engine] / "bin/python"
    if engine == "torch" and not path.exists():
        pytest.skip("no CPU build of PyTorch: `make install` says why")
    return path


def onnx_scores(model: Path, data: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what ONNX Runtime of this environment, another than the trainer's, answers."""
    import trainer  # noqa: F401 - switches ONNX Runtime's telemetry off before it loads
    import onnxruntime  # isort: skip

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["data"]
    scores: NDArray[np.float32] = session.run(["scores"], {"data": data})[0]
    return scores


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
