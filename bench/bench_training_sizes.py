"""How training and evaluation grow with their images: CPU seconds and the largest memory.

    bench_training_sizes.py [1000 2000 4000 8000] [--judging 500 1000 2000 4000]
        [--reading 10000 20000 40000 80000] [--labels 334] [--side 32] [--buffer 1000]
    bench_training_sizes.py --seeds 5

Each measurement is a process of its own in the trainer's environment, by one thread, on drawn
images: one epoch on a set that is held decoded, on one that is read image by image, and on one that
is streamed; an evaluation with a champion; and a set that is opened and read once, without a
network, held and streamed. Prints Markdown tables, with the power of the number of images that fits
each column best. With --seeds, instead, the mAP of so many trainings on a set that can be learned,
shuffled as a whole and through a buffer of a tenth of it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "containers")]

from drawn_job import lay_out, learnable, records  # noqa: E402 - found by the path above
from growth import growth  # noqa: E402

from tagline.formats.document import encode_record  # noqa: E402
from tagline.formats.rows import Verdict  # noqa: E402

MAIN = "import sys; from trainer.__main__ import main; sys.exit(main(sys.argv[1:]))"
READ_EACH = "import trainer.data as d; d.memory_for_images = lambda: 0\n"  # nothing is held decoded
WAYS = {"held decoded": "", "read each time": READ_EACH, "streamed": ""}
_OPEN = """import os, sys
from itertools import islice
from pathlib import Path
from trainer.data import RecordSet
from trainer.records import Reading, RecordFiles
from trainer.streaming import StreamedSet
path, labels = Path(os.environ["SAGEMAKER_BASE_DIR"], "train.rec"), int(sys.argv[1])
"""
READS = {
    "held": f"{_OPEN}found = RecordSet(path, labels=labels, side=32, cache_bytes=0)\n"
    "sys.exit(sum(len(found.jpeg(i)) for i in range(len(found))) == 0)\n",
    "streamed": f"{_OPEN}found = StreamedSet(RecordFiles([path]), Reading(labels, 32, 32))\n"
    "sys.exit(sum(len(row[2]) for row in islice(found.rows(0, 1, 1), len(found))) == 0)\n",
}
_VALIDATION = 512  # images, of any size of training


@dataclass(frozen=True)
class Took:
    """What a process took: CPU seconds, and MiB of memory at its peak."""

    cpu: float
    peak: float


def job(base: Path, command: str, before: str = "", **environment: str) -> Took:
    """Run a command of the image on a base folder and return what it took."""
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "HOME": str(base),
        "OMP_NUM_THREADS": "1",
        **environment,
    }
    python = ROOT / ".venvs/trainer/bin/python"
    with (base / "log").open("w") as log:
        process = subprocess.Popen(
            [python, "-c", before + MAIN, command], env=variables, stdout=log, stderr=log
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit((base / "log").read_text())
    return Took(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def trained(folder: Path, asked: Namespace, images: int, way: str) -> Took:
    """Return what an epoch of so many images takes."""
    base = folder / "job"
    sizes = {"images": images, "batch": _VALIDATION, "epochs": 1}
    given = lay_out(base, Namespace(**(vars(asked) | sizes)))
    given |= {"mini_batch_size": "32"}
    if way == "streamed":
        given["shuffle_buffer"] = str(asked.buffer)
    (base / "input/config/hyperparameters.json").write_text(json.dumps(given))
    took = job(base, "train", WAYS[way])
    if not (folder / "model").exists():
        shutil.copytree(base / "model", folder / "model")
    shutil.rmtree(base)
    return took


def evaluated(folder: Path, asked: Namespace, images: int) -> Took:
    """Return what an evaluation on so many validation images takes, a champion beside."""
    base, inputs = folder / "evaluation", folder / "evaluation/processing/input"
    lay_out(base, Namespace(**(vars(asked) | {"images": 1, "batch": images, "epochs": 1})))
    data = base / "input/data"
    (base / "processing").mkdir()
    data.rename(inputs)
    verdicts = inputs / "verdicts/verdicts.jsonl"
    verdicts.parent.mkdir()
    with verdicts.open("wb") as stream:
        for number in range(images):
            row = Verdict(line=number + 1, id=number, path=f"{number}.png", verdict="accepted")
            stream.write(encode_record(row))
    for name in ("challenger", "champion"):
        (inputs / name).mkdir()
        with tarfile.open(inputs / name / "model.tar.gz", "w:gz") as tar:
            tar.add(folder / "model", ".")
    took = job(base, "evaluate", TAGLINE_CHAMPION_RUN="bench-0")
    shutil.rmtree(base)
    return took


def opened(folder: Path, asked: Namespace, images: int, way: str) -> Took:
    """Return what it takes to open so many records, and to read each once, undecoded."""
    base = folder / "set"
    records(base / "train.rec", images, asked.side, asked.labels, 1)
    took = job(base, str(asked.labels), READS[way])
    shutil.rmtree(base)
    return took


def learned(folder: Path, seed: int, way: str) -> float:
    """Return the mAP that a training of a few epochs reaches."""
    base, labels, images = folder / "learned", 9, 1200
    asked = Namespace(labels=labels, side=32, network="small", augmentation="none")
    given = lay_out(base, Namespace(**(vars(asked) | {"images": 1, "batch": 1, "epochs": 6})))
    for file, count in (("train/train.rec", images), ("validation/val.rec", 600)):
        learnable(base / "input/data" / file, count, 32, labels, len(file))
    given |= {"mini_batch_size": "32", "learning_rate": "0.004", "seed": str(seed)}
    if way == "streamed":
        given["shuffle_buffer"] = str(images // 10)
    (base / "input/config/hyperparameters.json").write_text(json.dumps(given))
    job(base, "train")
    found: float = json.loads((base / "model/model.json").read_text())["mAP"]
    shutil.rmtree(base)
    return found


def compare(seeds: int) -> None:
    """Print what trainings of so many seeds reach, shuffled and streamed."""
    with tempfile.TemporaryDirectory() as scratch:
        for way in ("shuffled", "streamed"):
            found = [learned(Path(scratch), seed, way) for seed in range(seeds)]
            told = ", ".join(f"{value:.4f}" for value in found)
            print(f"{way}: mAP {mean(found):.4f} ± {stdev(found):.4f} of {told}")


def tell(sizes: list[int], found: dict[str, list[Took]]) -> None:
    """Print what was measured at these sizes as a table."""
    heads = " | ".join(f"{images:,}" for images in sizes)
    print(f"\n| | of | {heads} | grows as |\n|---|---|{'---:|' * (len(sizes) + 1)}")
    for way, took in found.items():
        for measure, digits, name in (("cpu", 1, "CPU, s"), ("peak", 0, "peak, MiB")):
            values = [getattr(one, measure) for one in took]
            cells = " | ".join(f"{value:,.{digits}f}" for value in values)
            print(f"| {way} | {name} | {cells} | {growth(sizes, values) or ''} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[1000, 2000, 4000, 8000])
    judging, reading = [500, 1000, 2000, 4000], [10_000, 20_000, 40_000, 80_000]
    parser.add_argument("--judging", nargs="*", type=int, default=judging)
    parser.add_argument("--reading", nargs="*", type=int, default=reading)
    parser.add_argument("--labels", type=int, default=334)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--buffer", type=int, default=1000)
    parser.add_argument("--network", default="small")
    parser.add_argument("--augmentation", default="crop")
    parser.add_argument("--seeds", type=int)
    asked = parser.parse_args()
    if asked.seeds:
        compare(asked.seeds)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        read = {
            f"a set, {way}": [opened(folder, asked, images, way) for images in asked.reading]
            for way in READS
        }
        tell(asked.reading, read)
        ways = {
            f"an epoch, {way}": [trained(folder, asked, images, way) for images in asked.sizes]
            for way in WAYS
        }
        tell(asked.sizes, ways)
        judged = [evaluated(folder, asked, images) for images in asked.judging]
        tell(asked.judging, {"evaluation": judged})


if __name__ == "__main__":
    main()
