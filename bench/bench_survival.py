"""What a training loses that is ended, and whether it learns the same when it goes on.

    bench_survival.py [--epochs 40]

The tests' small set, one thread, by the container's own entry point: ended at each moment, started
again, and held against a training that nobody ended. Then spot capacity is taken away from a job
on a laptop cloud, by SIGTERM and by kill -9, `--epochs` long so that it is still running then.
Fails where more than the running epoch was lost or other parameters were learned.
"""

import argparse
import hashlib
import io
import json
import re
import signal
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "containers")]

from tests.integration import test_trainer_survives as ends  # noqa: E402 - found by the path above
from tests.integration import test_trainer_torch as torch_ends  # noqa: E402
from tests.integration.laptop_sagemaker import BUCKET, REGISTRY, Toys  # noqa: E402
from tests.integration.test_laptop_sagemaker_spot import signal_trainer, spot_job  # noqa: E402
from tests.integration.trainer_jobs import python, run, training_job  # noqa: E402
from tests.laptop import eventually, make_root, running  # noqa: E402

ENGINES = {"mxnet": "trainer", "torch": "trainer_torch"}
MOMENTS = {
    "kill -9 in an epoch": ends.IN_AN_EPOCH,
    "kill -9 while a checkpoint is written": ends.WHILE_A_CHECKPOINT_IS_WRITTEN,
    "kill -9 while exporting": "",  # each engine's own
    "SIGTERM": ends.on_sigterm(15),
    "max_runtime": ends.hours_pass(15),
}
EXPORTING = {"mxnet": ends.WHILE_EXPORTING, "torch": torch_ends.WHILE_EXPORTING}
MAX_RUNTIME = {"max_runtime": "3600"}
INTERRUPTIONS = 2  # of each spot job
_PATIENCE = 300.0  # seconds for a job on a laptop cloud beside whatever else runs
_CHANNELS = {"train": "train.rec", "validation": "val.rec", "dataset": "dataset.json"}


@dataclass(frozen=True)
class Row:
    """What an end cost: the epochs that were begun, kept, and trained after it."""

    engine: str
    moment: str
    begun: int
    kept: int
    again: int
    model: str
    same: bool
    seconds: str = "-"
    """From SIGTERM to all being saved."""
    ends: int = 1

    @property
    def lost(self) -> int:
        """Epochs that were trained in vain."""
        return self.begun - self.kept

    @property
    def sound(self) -> bool:
        """Whether each end cost the running epoch at most, and the same was learned."""
        return self.same and self.lost <= self.ends

    def __str__(self) -> str:
        return (
            f"| {self.engine} | {self.moment} | {self.begun} | {self.kept} | {self.lost} | "
            f"{self.again} | {self.model} | {self.seconds} | {'yes' if self.same else '**no**'} |"
        )


def learned(files: dict[str, bytes]) -> str:
    """Return a digest of what a model folder's files say was learned."""
    return hashlib.sha256(files["weights.npz"] + files["model.onnx"]).hexdigest()


def files_of(base: Path) -> dict[str, bytes]:
    """Return a training job's model files, none where it left no model."""
    return {path.name: path.read_bytes() for path in (base / "model").glob("*")}


def went_on(said: str) -> int:
    """Return the epoch from whose checkpoint a training says that it goes on."""
    found = re.search(r"going on from the checkpoint of epoch (\d+)", said)
    return int(found[1]) if found else 0


def ended(engine: str, moment: str, whole: str, folder: Path) -> Row:
    """End a training at a moment, start it again, and tell what was lost."""
    base = training_job(folder, MAX_RUNTIME)
    code = MOMENTS[moment] or EXPORTING[engine]
    first = python(base, "-c", code + ends.MAIN, engine=engine)
    described = base / "model/model.json"
    best = json.loads(described.read_text())["best_epoch"] if described.exists() else None
    second = run("train", base, engine)
    if second.returncode:
        raise SystemExit(f"{moment}: {second.stderr[-2000:]}")
    finished, again = len(ends.epochs(first.stdout)), len(ends.epochs(second.stdout))
    kept = went_on(second.stdout)
    # an epoch is over when its checkpoint is there; its line comes before
    begun = finished if finished > kept or finished == ends_at(base) else finished + 1
    left = "none yet" if best is None else f"epoch {best}, the best so far"
    saved = re.search(r"^all is saved ([\d.]+) s after", first.stdout, re.MULTILINE)
    same, seconds = learned(files_of(base)) == whole, saved[1] if saved else "-"
    return Row(engine, moment, begun, kept, again, left, same, seconds)


def ends_at(base: Path) -> int:
    """Return how many epochs a job was asked for."""
    return int(json.loads((base / "input/config/hyperparameters.json").read_text())["epochs"])


def interrupted(epochs: int, whole: str, folder: Path) -> Iterator[Row]:
    """Take a spot job's capacity away on a laptop cloud, twice each by SIGTERM and by kill -9."""
    base = training_job(folder / "job", {"epochs": str(epochs)})
    asked = json.loads((base / "input/config/hyperparameters.json").read_text())
    with running(folder / "state", make_root(folder / "root")) as cloud:
        laptop = Toys(cloud)
        for channel, file in _CHANNELS.items():
            content = (base / "input/data" / channel / file).read_bytes()
            laptop.put(f"data/{channel}/{file}", content)
        for number in (signal.SIGTERM, signal.SIGKILL):
            name = f"spot-{number.name.lower()}"
            request = spot_job(laptop, name, MaxRuntimeInSeconds=3600, MaxWaitTimeInSeconds=3600)
            request["HyperParameters"] = asked
            request["AlgorithmSpecification"]["TrainingImage"] = f"{REGISTRY}/trainer:1"
            request["Environment"] = {"OMP_NUM_THREADS": "1"}
            request["InputDataConfig"] = [channel_of(channel) for channel in _CHANNELS]
            laptop.sagemaker.create_training_job(**request)
            for times in range(1, INTERRUPTIONS + 1):
                wait_for_epochs(laptop, name, times * epochs // 4)
                signal_trainer(name, number)
            yield spot_row(laptop, name, f"spot capacity taken twice, {number.name}", whole)


def channel_of(name: str) -> dict[str, object]:
    """Return a channel of the bucket's data."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/{name}/"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def wait_for_epochs(laptop: Toys, name: str, epoch: int) -> None:
    """Wait until a job's checkpoint of an epoch, or of a later one, lies in S3."""

    def there() -> bool:
        prefix = f"checkpoints/{name}/"
        found = laptop.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
        return any(int(re.sub(r"\D", "", item["Key"][len(prefix) :])) >= epoch for item in found)

    eventually(there, _PATIENCE)


def spot_row(laptop: Toys, name: str, moment: str, whole: str) -> Row:
    """Wait for a job's end and tell what its interruptions cost, together."""
    deadline = time.monotonic() + _PATIENCE
    while (job := laptop.sagemaker.describe_training_job(TrainingJobName=name))[
        "TrainingJobStatus"
    ] == "InProgress":
        if time.monotonic() > deadline:
            raise SystemExit(f"{name} does not end")
        time.sleep(0.2)
    if job["TrainingJobStatus"] != "Completed":
        raise SystemExit(f"{name}: {job['FailureReason']}")
    kept, lost, last = 0, 0, 0
    for line in laptop.log_lines("/aws/sagemaker/TrainingJobs", f"{name}/"):
        if found := went_on(line):
            kept, lost = found, lost + max(1, last - found)  # the running one, or more
        last = max([last, *ends.epochs(line)])
    archive = laptop.get(job["ModelArtifacts"]["S3ModelArtifacts"])
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {Path(member.name).name: tar.extractfile(member) for member in tar}
        files = {path: file.read() for path, file in members.items() if file}
    same = learned(files) == whole
    return Row("mxnet", moment, kept + lost, kept, last - kept, "-", same, ends=INTERRUPTIONS)


def uninterrupted(engine: str, folder: Path, asked: dict[str, str]) -> str:
    """Return what a training learns that nobody ends."""
    base = training_job(folder, asked)
    done = run("train", base, engine)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return learned(files_of(base))


def main() -> None:
    """End trainings and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=40, help="of the jobs on the laptop cloud")
    epochs = parser.parse_args().epochs
    columns = "epochs begun | kept | lost | trained after | model left | saved, s | same"
    print(f"| engine | ended by | {columns} |")
    print("|---|---|---:|---:|---:|---:|---|---:|---|", flush=True)
    sound = True
    with tempfile.TemporaryDirectory(prefix="tagline-bench-") as scratch:
        folder = Path(scratch)
        for engine, environment in ENGINES.items():
            if not (ROOT / ".venvs" / environment / "bin/python").exists():
                print(f"| {engine} | not at hand |", flush=True)
                continue
            whole = uninterrupted(engine, folder / engine / "whole", MAX_RUNTIME)
            for number, moment in enumerate(MOMENTS):
                row = ended(engine, moment, whole, folder / engine / str(number))
                print(row, flush=True)
                sound &= row.sound
        whole = uninterrupted("mxnet", folder / "spot", {"epochs": str(epochs)})
        for row in interrupted(epochs, whole, folder / "cloud"):
            print(row, flush=True)
            sound &= row.sound
    sys.exit(not sound)


if __name__ == "__main__":
    main()
