"""Out-of-sample scores of real designs, which bench_gate.py and bench_thresholds.py start from.

    .venv/bin/python bench/bench_scores.py LIST ROOT OUT.npz [--seeds 2] [--folds 5] [--share 1]

Packs the images of a list as the product does, then trains the product's default recipe once for
each fold and seed: a fold's images are that model's test side, an eighth of the others its
validation side. `--share 0.25` takes a quarter of the epochs, for a poorer recipe. About 40 CPU
seconds a training. OUT.npz gets `truth` (n, L) uint8, `scores` (seeds, n, L) float32 (each image
scored by the models that did not see it), `fold` (n,) and `labels`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "containers")]

from im2rec.records import FetchedImage, Record, pack_image  # noqa: E402 - found by the path above
from tagline.formats.document import encode  # noqa: E402
from tagline.formats.recordio import RecordWriter  # noqa: E402
from tagline.formats.settings import ImageSpec  # noqa: E402
from tagline.jobs.defaults import defaults  # noqa: E402
from tests.integration.trainer_jobs import python  # noqa: E402
from tests.unit.run_documents import packed_dataset  # noqa: E402

SIDE = 96
SCORE = """
import sys, numpy as np
from pathlib import Path
from trainer.data import RecordSet
from trainer.export import score_all, session
model, records, labels, out = sys.argv[1:]
found = RecordSet(Path(records), labels=int(labels), side=96)
np.save(out, score_all(session(Path(model).read_bytes()), found.batches(64)))
"""


def packed(path: Path, root: Path) -> tuple[list[bytes], NDArray[np.uint8]]:
    """Return each image's record and the labels, (n, L)."""
    payloads, marks = [], []
    for line in path.read_text().splitlines():
        number, *labels, name = line.split("\t")
        image = FetchedImage(int(number), "".join(labels), (root / name).read_bytes())
        answer = pack_image(image, ImageSpec(size=SIDE))
        if not isinstance(answer, Record):
            raise SystemExit(f"{name}: {answer.detail}")
        payloads.append(answer.payload)
        marks.append([int(float(label)) for label in labels])
    return payloads, np.array(marks, np.uint8)


def write(path: Path, payloads: list[bytes], chosen: NDArray[np.int64]) -> None:
    """Write the records of these images."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        writer = RecordWriter(stream)
        for index in chosen:
            writer.write(payloads[index])


def trained(folder: Path, labels: int, images: int, seed: int, share: float) -> Path:
    """Train on the channels that lie in a folder; return the ONNX model."""
    chosen = defaults(images, labels, SIDE)
    asked = chosen | {
        "epochs": str(ceil(int(chosen["epochs"]) * share)),
        "seed": str(seed),
        "image_shape": f"3,{SIDE},{SIDE}",
        "num_classes": str(labels),
    }
    path = folder / "input/config/hyperparameters.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asked))
    checked(python(folder, "-m", "trainer", "train"))
    return folder / "model/model.onnx"


def checked(done: "subprocess.CompletedProcess[str]") -> None:
    """Raise SystemExit with a process's last words when it failed."""
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])


def main() -> None:
    """Score every image by models that never saw it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("list", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0, help="of the default's epochs")
    asked = parser.parse_args()
    payloads, truth = packed(asked.list, asked.root)
    images, labels = truth.shape
    fold = np.random.default_rng(0).permutation(images) % asked.folds
    scores = np.full((asked.seeds, images, labels), np.nan, np.float32)
    for seed in range(asked.seeds):
        for number in range(asked.folds):
            test, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                train = np.delete(rest, np.s_[::8])
                write(folder / "input/data/train/train.rec", payloads, train)
                write(folder / "input/data/validation/val.rec", payloads, rest[::8])
                write(folder / "test.rec", payloads, test)
                names = [f"label {column}" for column in range(labels)]
                dataset = packed_dataset(labels=names, image={"size": SIDE})
                (folder / "input/data/dataset").mkdir()
                (folder / "input/data/dataset/dataset.json").write_bytes(encode(dataset))
                model = trained(folder, labels, len(train), seed, asked.share)
                out = folder / "scores.npy"
                records = str(folder / "test.rec")
                checked(python(folder, "-c", SCORE, str(model), records, str(labels), str(out)))
                scores[seed, test] = np.load(out)
            print(f"seed {seed}, fold {number}: {len(test)} images scored", flush=True)
        np.savez_compressed(asked.out, truth=truth, scores=scores[: seed + 1], fold=fold)


if __name__ == "__main__":
    main()
