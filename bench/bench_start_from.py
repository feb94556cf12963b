"""Where a retraining should start: the real training job on noto-50, whose list grew by a tenth.

    bench_start_from.py --noto FOLDER/noto-50.lst --results FILE.jsonl [--seeds 0 1 2]
    bench_start_from.py --results FILE.jsonl --table

A champion learns nine tenths of the training images; the retraining learns all of them, from
nothing, from the starter, or from the champion, with the standard's images seen or with a quarter.
Figures are of the exported model on all images that are not trained on. One thread; runs that are
in the results are not made again.
"""

import argparse
import json
import os
import statistics
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "containers")]

import measure  # noqa: E402 - found by the path above
import model_sets  # noqa: E402
from model_sets import PackedSet  # noqa: E402

from tagline.formats.document import encode  # noqa: E402
from tagline.formats.recordio import RecordWriter, read_records  # noqa: E402
from tagline.formats.settings import Quality  # noqa: E402
from tagline.jobs.defaults import defaults  # noqa: E402
from tests.unit.run_documents import packed_dataset  # noqa: E402

# a row's name: what it starts from, and the quality that says how many images it sees
ROWS: dict[str, tuple[str, Quality]] = {
    "starter, a quarter of the images seen": ("starter", "fast"),
    "champion, a quarter of the images seen": ("champion", "fast"),
    "starter": ("starter", "standard"),
    "champion": ("champion", "standard"),
    "nothing": ("none", "standard"),
}
_SIZE, _KNOWN = 96, 0.9


def train(
    data: PackedSet, file: Path, row: tuple[str, Quality], seed: int, base: Path
) -> tuple[float, float]:
    """Run a training job on a record file, under a folder; return mAP and CPU seconds."""
    with file.open("rb") as stream:
        images = sum(1 for _ in read_records(stream))
    channels = base / "input/data"
    for channel, source in (("train", file), ("validation", data.folder / "val.rec")):
        (channels / channel).mkdir(parents=True, exist_ok=True)
        name = {"train": "train.rec", "validation": "val.rec"}[channel]
        (channels / channel / name).symlink_to(source.resolve())
    labels = list(data.names)
    dataset = packed_dataset(
        labels=labels, image={"size": _SIZE}, train=images, validation=data.validation
    )
    start_from, level = row
    asked = defaults(images, data.labels, _SIZE, level) | {
        "seed": str(seed),
        "image_shape": f"3,{_SIZE},{_SIZE}",
        "num_classes": str(data.labels),
        "start_from": start_from,
        "network": "small",
        "run": f"bench-{seed:016x}",
    }
    for place, content in (
        ("data/dataset/dataset.json", encode(dataset)),
        ("config/hyperparameters.json", json.dumps(asked).encode()),
    ):
        (base / "input" / place).parent.mkdir(parents=True)
        (base / "input" / place).write_bytes(content)
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "OMP_NUM_THREADS": "1",
    }
    python = ROOT / ".venvs/trainer/bin/python"
    cpu = measure.run([python, "-m", "trainer", "train"], environment).cpu
    described = json.loads((base / "model/model.json").read_text())
    if described["start"]["kind"] != start_from:
        raise SystemExit(f"asked to start from {start_from}: {described['start']}")
    return described["mAP"], cpu


def first_part(data: PackedSet, target: Path) -> None:
    """Write the first nine tenths of the training images, whose order is random."""
    wanted = round(data.train * _KNOWN)
    with (data.folder / "train.rec").open("rb") as source, target.open("wb") as stream:
        writer = RecordWriter(stream)
        for number, payload in enumerate(read_records(source)):
            if number == wanted:
                break
            writer.write(payload)


def measured(data: PackedSet, seed: int, done: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the figures of a champion, and of each retraining that is not done yet."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        before = folder / "before.rec"
        first_part(data, before)
        champion = folder / "before"
        mean_ap, cpu = train(data, before, ROWS["starter"], seed, champion)
        if "champion before" not in done:
            yield {"row": "champion before", "seed": seed, "mAP": mean_ap, "cpu": cpu}
        for name, row in ROWS.items():
            if name in done:
                continue
            base = folder / name.replace(" ", "-")
            if row[0] == "champion":
                channel = base / "input/data/start"
                channel.mkdir(parents=True)
                with tarfile.open(channel / "model.tar.gz", "w:gz") as tar:
                    tar.add(champion / "model", ".")
            # another seed than the champion's: a retraining draws other batches
            mean_ap, cpu = train(data, data.folder / "train.rec", row, seed + 100, base)
            yield {"row": name, "seed": seed, "mAP": mean_ap, "cpu": cpu}


def table(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table: mean ± standard deviation over seeds."""
    yield "| a retraining starts from | runs | mAP | CPU s |"
    yield "|---|---:|---|---:|"
    for name in ("champion before", *ROWS):
        found = [run for run in runs if run["row"] == name]
        if found:
            values = [run["mAP"] for run in found]
            spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
            cpu = statistics.mean(run["cpu"] for run in found)
            yield f"| {name} | {len(found)} | {statistics.mean(values):.3f}{spread} | {cpu:.0f} |"


def main() -> None:
    """Run what is not there yet, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--noto", type=Path, help="noto-50's list")
    parser.add_argument("--results", type=Path, required=True, help="JSON lines, appended to")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench", help="packed sets")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    lines = asked.results.read_text().splitlines() if asked.results.exists() else []
    runs = [json.loads(line) for line in lines]
    if asked.table:
        print("\n".join(table(runs)))
        return
    data = model_sets.pack(asked.noto, asked.folder / "noto-50", _SIZE)
    for seed in asked.seeds:
        done = {run["row"] for run in runs if run["seed"] == seed}
        if done >= {"champion before", *ROWS}:
            continue
        for run in measured(data, seed, done):
            with asked.results.open("a") as file:
                file.write(json.dumps(run) + "\n")
            print(json.dumps(run), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
