"""Several processes train one network: the same model as one, and a name for the one that died."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.integration.test_trainer_survives import MAIN
from tests.integration.trainer_jobs import (
    cut,
    free_port,
    python,
    read_json,
    run,
    start,
    training_job,
    write,
)

pytestmark = pytest.mark.slow
DIES = (
    "import os, signal, trainer.fit; rate = trainer.fit.learning_rate\n"
    "trainer.fit.learning_rate = lambda *a: os.kill(os.getpid(), signal.SIGKILL) "
    "if a[1] == 8 else rate(*a)\n"
)
HEARS_SIGTERM = (
    "import os, signal, trainer.fit; rate = trainer.fit.learning_rate\n"
    "trainer.fit.learning_rate = lambda *a: (a[1] == 15 and "
    "os.kill(os.getpid(), signal.SIGTERM), rate(*a))[1]\n"
)
# each process writes down which images it trained on, epoch by epoch
COUNTS = (
    "import os, pathlib, trainer.feed as f; batch = f.MemoryFeed.batch\n"
    "def told(self, chosen, rng):\n"
    "    with open(os.environ['SAGEMAKER_BASE_DIR'] + '/seen', 'a') as file:\n"
    "        file.write(' '.join(map(str, chosen)) + '\\n')\n"
    "    return batch(self, chosen, rng)\n"
    "f.MemoryFeed.batch = told\n"
)


def together(
    bases: list[Path], *before: str, **environment: str
) -> list[subprocess.CompletedProcess[str]]:
    """Run a job's machines side by side; `before` is what each does first, by its number."""
    names = [f"algo-{number}" for number in range(1, len(bases) + 1)]
    met = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), **environment}
    started = []
    for number, (base, name) in enumerate(zip(bases, names, strict=True)):
        said = {"hosts": names, "current_host": name, "network_interface_name": "lo"}
        write(base / "input/config/resourceconfig.json", json.dumps(said).encode())
        first = before[number] if number < len(before) else ""
        started.append(start(base, ["-c", first + MAIN], "torch", met))
    return [process.wait() for process in started]


def jobs(folder: Path, count: int, asked: dict[str, str] | None = None) -> list[Path]:
    return [training_job(folder / str(number), asked) for number in range(count)]


def test_two_machines_learn_what_one_does_from_every_image_once(tmp_path: Path) -> None:
    bases = jobs(tmp_path, 2, {"mini_batch_size": "16"})
    first, second = together(bases, COUNTS, COUNTS)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    seen = [
        [[int(n) for n in line.split()] for line in (base / "seen").read_text().splitlines()]
        for base in bases
    ]
    for epoch in range(4):  # six batches each
        images = [n for part in seen for batch in part[6 * epoch : 6 * epoch + 6] for n in batch]
        assert sorted(images) == list(range(96))
    assert second.stdout == ""
    assert not (bases[1] / "model").exists()
    assert not (bases[1] / "checkpoints").exists()
    assert read_json(bases[0] / "model/model.json")["mAP"] > 0.95
    lines = re.findall(r"^epoch=(\d) .*seconds", first.stdout, re.MULTILINE)
    assert lines == ["1", "2", "3", "4"]
    alone = training_job(tmp_path / "alone")
    assert run("train", alone, "torch").returncode == 0
    gained = [read_json(base / "model/model.json")["mAP"] for base in (bases[0], alone)]
    assert abs(gained[0] - gained[1]) < 0.05


SHARDED = {
    "train": {"TrainingInputMode": "File", "S3DistributionType": "ShardedByS3Key"},
    "validation": {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"},
}


def with_files_of_their_own(folder: Path, *counts: int, **asked: str) -> list[Path]:
    """Lay a job out of machines that have a file of so many of the 96 images each."""
    bases = jobs(folder, len(counts), asked)
    for number, base in enumerate(bases):
        files = cut(base / "input/data/train/train.rec", *counts)
        for file in (*files[:number], *files[number + 1 :]):
            file.unlink()
        write(base / "input/config/inputdataconfig.json", json.dumps(SHARDED).encode())
    return bases


@pytest.mark.parametrize("asked", [{}, {"shuffle_buffer": "20"}], ids=["held", "streamed"])
def test_machines_with_files_of_their_own_learn_one_network(
    tmp_path: Path, asked: dict[str, str]
) -> None:
    total = {"num_training_samples": "96", "mini_batch_size": "16"}
    bases = with_files_of_their_own(tmp_path, 60, 36, **total, **asked)
    first, second = together(bases, COUNTS, COUNTS)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "training on 96 images" in first.stdout
    assert "images of each machine's own files: 60, 36\n" in first.stdout
    assert ("streamed through a buffer of 20\n" in first.stdout) is bool(asked)
    assert read_json(bases[0] / "model/model.json")["mAP"] > 0.9
    if asked:
        return
    for base, images, part in ((bases[0], 60, 10), (bases[1], 36, 6)):
        steps = [line.split() for line in (base / "seen").read_text().splitlines()]
        assert [len(step) for step in steps] == [part] * 24
        seen = [int(number) for step in steps for number in step]
        assert sorted(seen[:images]) == list(range(images))


def test_a_machine_that_dies_fails_the_job_by_its_name(tmp_path: Path) -> None:
    bases = jobs(tmp_path, 3)
    first, second, third = together(bases, "", DIES, "")
    assert second.returncode == -signal.SIGKILL
    assert (first.returncode, third.returncode) == (1, 1)
    for base in (bases[0], bases[2]):
        assert (base / "output/failure").read_text().startswith("algo-2 ended in the middle of")
    bases = bases[:2]
    again = together(bases)  # from the first one's checkpoint, and as two
    assert again[0].returncode == 0, again[0].stderr


def test_sigterm_at_one_machine_ends_all_after_the_same_epoch(tmp_path: Path) -> None:
    bases = jobs(tmp_path, 2)
    ended = together(bases, "", HEARS_SIGTERM)
    assert [done.returncode for done in ended] == [143, 143], ended[0].stderr
    told = "SIGTERM ended training after 2 of 4 epochs"
    assert read_json(bases[0] / "model/model.json")["ended_early"] == told
    again = together(bases)
    assert again[0].returncode == 0, again[0].stderr
    assert "going on from the checkpoint of epoch 2" in again[0].stdout


def test_a_machine_starts_a_process_for_each_gpu(tmp_path: Path) -> None:
    (base,) = jobs(tmp_path, 1)
    (done,) = together([base], MASTER_PORT=str(free_port()), TRAINER_PROCESSES="2")
    assert done.returncode == 0, done.stderr
    assert "processes that train together: 2\n" in done.stdout


def test_mxnet_refuses_several_machines(tmp_path: Path) -> None:
    base = training_job(tmp_path)
    said = {"hosts": ["algo-1", "algo-2"], "current_host": "algo-1"}
    write(base / "input/config/resourceconfig.json", json.dumps(said).encode())
    assert python(base, "-c", MAIN).returncode == 1
    told = (base / "output/failure").read_text()
    assert told.startswith("MXNet trains on one machine, and this job has 2: algo-1, algo-2")
