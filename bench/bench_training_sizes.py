"""How training and evaluation grow with their images: CPU seconds and the largest memory.

    bench_training_sizes.py [2000 4000 8000 16000] [--labels 334] [--side 32] [--buffer 1000]

Each measurement is a job of the trainer's image in a process of its own, by one thread, on drawn
images: one epoch on a set that is held decoded, on one that is read image by image, and on one that
is streamed; and an evaluation with a champion. Prints Markdown tables, with the power of the number
of images that fits each column best.
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

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "containers")]

from drawn_job import lay_out  # noqa: E402 - found by the path above
from growth import growth  # noqa: E402

from tagline.formats.document import encode_record  # noqa: E402
from tagline.formats.rows import Verdict  # noqa: E402

MAIN = "import sys; from trainer.__main__ import main; sys.exit(main(sys.argv[1:]))"
READ_EACH = "import trainer.data as d; d.memory_for_images = lambda: 0\n"  # nothing is held decoded
WAYS = {"held decoded": "", "read each time": READ_EACH, "streamed": ""}
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[2000, 4000, 8000, 16_000])
    parser.add_argument("--labels", type=int, default=334)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--buffer", type=int, default=1000)
    parser.add_argument("--network", default="small")
    parser.add_argument("--augmentation", default="crop")
    asked = parser.parse_args()
    found: dict[str, list[Took]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for images in asked.sizes:
            for way in WAYS:
                found.setdefault(way, []).append(trained(Path(scratch), asked, images, way))
            found.setdefault("evaluation", []).append(evaluated(Path(scratch), asked, images))
            sys.stderr.write(f"{images}: {[(way, took[-1]) for way, took in found.items()]}\n")
    heads = " | ".join(f"{images:,}" for images in asked.sizes)
    for measure, digits in (("cpu", 1), ("peak", 0)):
        print(f"\n| {'CPU s' if measure == 'cpu' else 'largest MiB'} | {heads} | grows as |")
        print(f"|---|{'---:|' * (len(asked.sizes) + 1)}")
        for way, took in found.items():
            values = [getattr(one, measure) for one in took]
            cells = " | ".join(f"{value:,.{digits}f}" for value in values)
            print(f"| {way} | {cells} | {growth(asked.sizes, values) or ''} |")


if __name__ == "__main__":
    main()
