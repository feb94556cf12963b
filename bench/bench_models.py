"""What recipes reach: the real training job on noto-50 and the demo's designs, several seeds.

    bench_models.py --noto FOLDER/noto-50.lst --results FILE.jsonl [--only ROW…] [--seeds 0 1 2]
    bench_models.py --results FILE.jsonl --table

Each run appends a line to the results, so that work that is interrupted is kept; runs that are
there are not made again. A job trains with one thread. Figures are of the model that the job
exports, on the images that are not trained on: all of them, from whom the epoch is chosen too, and
those of the side `test` among them.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "containers")]

import cv2  # noqa: E402 - found by the path above
import measure  # noqa: E402
import model_sets  # noqa: E402
import numpy as np  # noqa: E402
from model_sets import PackedSet  # noqa: E402

from tagline.formats.document import encode  # noqa: E402
from tagline.formats.recordio import read_records, unpack_record  # noqa: E402
from tagline.jobs.defaults import defaults  # noqa: E402
from tagline.scores.ranking import quality  # noqa: E402
from tests.unit.run_documents import packed_dataset  # noqa: E402

BUILT_IN = {
    "network": "resnet18_v1",
    "optimizer": "sgd",
    "learning_rate": "0.1",
    "mini_batch_size": "32",
}
FIRST = {"learning_rate": "0.004", "weight_decay": "0.0001", "augmentation_type": "crop"}
STARTER = {"start_from": "starter"}
# a row's name, the quality whose defaults it begins with, and what it changes of them
ROWS: dict[str, tuple[str, dict[str, str]]] = {
    "label frequency": ("", {}),
    "built-in's recipe, alpha dropped": ("standard", FIRST | BUILT_IN),
    "built-in's recipe, alpha kept": ("standard", FIRST | BUILT_IN),
    "first default": ("standard", FIRST),
    "fast": ("fast", STARTER),
    "fast, weighted loss": ("fast", STARTER | {"loss": "weighted"}),
    "fast, asymmetric loss": ("fast", STARTER | {"loss": "asymmetric"}),
    "fast, labels smoothed by 0.1": ("fast", STARTER | {"label_smoothing": "0.1"}),
    "fast from nothing": ("fast", {}),
    "standard": ("standard", STARTER),
    "standard from nothing": ("standard", {}),
    "thorough": ("thorough", STARTER),
    "thorough from nothing": ("thorough", {}),
    "thorough, 4 views": ("thorough", STARTER | {"views": "4"}),
}
ENGINES = {"mxnet": "trainer", "torch": "trainer_torch"}
_SIZES = {"noto-50": 96, "designs": 64}


def hyperparameters(row: str, data: PackedSet, seed: int) -> dict[str, str]:
    """Return a job's hyperparameters, as PlanTraining would say them."""
    level, changes = ROWS[row]
    starts = "start_from" in changes
    chosen = defaults(data.train, data.labels, data.size, level, starts=starts) | changes  # type: ignore[arg-type]
    return chosen | {
        "seed": str(seed),
        "image_shape": f"3,{data.size},{data.size}",
        "num_classes": str(data.labels),
        "run": f"bench-{seed:016x}",
    }


def train(row: str, data: PackedSet, seed: int, engine: str, base: Path) -> float:
    """Run a training job under a folder; return the CPU seconds that it took."""
    channels = base / "input/data"
    for channel, file in (("train", "train.rec"), ("validation", "val.rec")):
        (channels / channel).mkdir(parents=True)
        (channels / channel / file).symlink_to(data.folder / file)
    asked = hyperparameters(row, data, seed)
    facts = {
        "train": data.train,
        "validation": data.validation,
        "task": asked.get("task", "multi"),
    }
    dataset = packed_dataset(labels=list(data.names), image={"size": data.size}, **facts)
    for place, content in (
        ("data/dataset/dataset.json", encode(dataset)),
        ("config/hyperparameters.json", json.dumps(asked).encode()),
    ):
        (base / "input" / place).parent.mkdir(parents=True)
        (base / "input" / place).write_bytes(content)
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "TRAINER_ENGINE": engine,
        "OMP_NUM_THREADS": "1",
    }
    python = ROOT / ".venvs" / ENGINES[engine] / "bin/python"
    return measure.run([python, "-m", "trainer", "train"], environment).cpu


def figures(scores: np.ndarray[Any, Any], data: PackedSet) -> dict[str, float | None]:
    """Return mAP and micro-AP of scores (n, L) of the images not trained on, and test's mAP."""
    truth = held_out(data)[1]
    test = list(data.test)
    found = quality(scores, truth)
    on_test = quality(scores[test], truth[test]).mean_ap if test else None
    return {"mAP": found.mean_ap, "micro_ap": found.micro_ap, "test": on_test}


def held_out(data: PackedSet, file: str = "val.rec") -> tuple[list[bytes], Any]:
    """Return the JPEGs of a record file and their labels (n, L)."""
    with (data.folder / file).open("rb") as stream:
        records = [unpack_record(payload) for payload in read_records(stream)]
    return [record.image for record in records], np.array([r.labels for r in records], np.uint8)


def scores_of(model: Path, data: PackedSet) -> np.ndarray[Any, Any]:
    """Return what an exported model answers of the images that were not trained on."""
    import trainer  # noqa: F401, PLC0415 - switches ONNX Runtime's telemetry off before it loads
    import onnxruntime  # noqa: PLC0415 # isort: skip

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    found = []
    for jpeg in held_out(data)[0]:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        pixels = np.asarray(image)[..., ::-1]
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)
        found.append(session.run(["scores"], {"data": planes})[0])
    return np.concatenate(found)


def measured(row: str, data: PackedSet, seed: int, engine: str) -> dict[str, Any]:
    """Train and return the figures of one run."""
    if row == "label frequency":
        frequencies = held_out(data, "train.rec")[1].mean(axis=0)
        return figures(np.tile(frequencies, (data.validation, 1)), data) | {"cpu": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        cpu = train(row, data, seed, engine, Path(folder))
        scores = scores_of(Path(folder, "model/model.onnx"), data)
        epoch = json.loads(Path(folder, "model/model.json").read_text())["best_epoch"]
    return figures(scores, data) | {"cpu": cpu, "epoch": epoch}


def sets(noto: Path | None, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the list of each set."""
    if noto:
        yield "noto-50", noto
    yield "designs", model_sets.demo_designs(folder / "designs-drawn")


def key(run: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells a run from others."""
    return run["set"], run["row"], run["engine"], run["seed"]


def table(runs: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table: mean ± standard deviation over seeds."""
    yield "| set | recipe | engine | runs | mAP | of them on `test` | micro-AP | CPU s |"
    yield "|---|---|---|---:|---|---|---|---:|"
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(key(run)[:-1], []).append(run)
    for (name, row, engine), found in groups.items():
        columns = [_spread([run[what] for run in found]) for what in ("mAP", "test", "micro_ap")]
        cpu = statistics.mean(run["cpu"] for run in found)
        yield f"| {name} | {row} | {engine} | {len(found)} | {' | '.join(columns)} | {cpu:.0f} |"


def _spread(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    deviation = f" ± {statistics.stdev(known):.3f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.3f}{deviation}"


def main() -> None:
    """Run what is asked for and not there yet, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--noto", type=Path, help="noto-50's list; without it, the designs alone")
    parser.add_argument("--results", type=Path, required=True, help="JSON lines, appended to")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench", help="packed sets")
    parser.add_argument("--sets", nargs="+", choices=_SIZES, default=list(_SIZES))
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--engine", choices=ENGINES, default="mxnet")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    lines = asked.results.read_text().splitlines() if asked.results.exists() else []
    runs = [json.loads(line) for line in lines]
    done = {key(run) for run in runs}
    if asked.table:
        print("\n".join(table(runs)))
        return
    for name, list_path in sets(asked.noto, asked.folder):
        if name not in asked.sets:
            continue
        for row in asked.only:
            dropped = row.endswith("dropped")
            folder = asked.folder / f"{name}{'-dropped' * dropped}"
            data = model_sets.pack(list_path, folder, _SIZES[name], keep_alpha=not dropped)
            for seed in asked.seeds[: 1 if row == "label frequency" else None]:
                run = {"set": name, "row": row, "engine": asked.engine, "seed": seed}
                if key(run) in done:
                    continue
                run |= measured(row, data, seed, asked.engine)
                with asked.results.open("a") as file:
                    file.write(json.dumps(run) + "\n")
                print(json.dumps(run), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
