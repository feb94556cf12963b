"""Single labels beside several: noto-50 with one label a row, and with all of them.

    bench_single.py --noto FOLDER/noto-50.lst [--seeds 0 1 2] [--quality standard]

Each row of the list keeps its rarest label (by the images that have it in the list, of equal ones
the first column); a row without any is left out. The split is the product's, of that list, and
whoever is compared learns from the same images: `training` by the real training job (MXNet, one
thread, the defaults of PlanTraining), the epoch chosen on the side `validation`, judged on `test`.

- single: softmax on the kept label
- one of several: the multi-label loss on the kept label
- several: the multi-label loss on all labels of the row

top-1, top-5 and macro recall are about the kept label, whose score should be the highest; `any`
is the share of images whose best label is one of all that the row has. mAP is of the labels that
the model learned from, `mAP kept` of the kept ones.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "containers")]

import bench_models  # noqa: E402 - found by the path above
import model_sets  # noqa: E402
import numpy as np  # noqa: E402
from model_sets import PackedSet  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from tagline.formats.recordio import (  # noqa: E402
    RecordWriter,
    pack_record,
    read_records,
    unpack_record,
)
from tagline.scores.ranking import quality  # noqa: E402
from tagline.scores.recall_bootstrap import macro_recall_interval, top_interval  # noqa: E402
from tagline.scores.single import answers  # noqa: E402

_SIZE = 96
WAYS = {"single": {"task": "single"}, "one of several": {}, "several": {}}
Marks = NDArray[np.uint8]


def keep_rarest(lines: Sequence[str]) -> tuple[list[str], dict[int, Marks]]:
    """Return the lines with one label a row, and all labels of each row by its id."""
    rows = [line.split("\t") for line in lines if line]
    marks = np.array([[float(mark) for mark in row[1:-1]] for row in rows]) > 0
    order = np.argsort(marks.sum(axis=0), kind="stable")  # the rarest label first
    kept, every = [], {}
    for row, of_row in zip(rows, marks, strict=True):
        if not of_row.any():
            continue
        rarest = int(order[of_row[order].argmax()])
        one = ["1" if column == rarest else "0" for column in range(len(of_row))]
        kept.append("\t".join([row[0], *one, row[-1]]))
        every[int(row[0])] = of_row.astype(np.uint8)
    return kept, every


def lay_out(noto: Path, folder: Path) -> tuple[PackedSet, PackedSet, Marks]:
    """Pack the list by one label and by all; return both, and all labels of the test images."""
    lines, every = keep_rarest(noto.read_text().splitlines())
    one = folder / "list"
    one.mkdir()
    (one / "one.lst").write_text("\n".join(lines) + "\n")
    (one / "labels.txt").write_bytes((noto.parent / "labels.txt").read_bytes())
    (one / "images").symlink_to((noto.parent / "images").resolve())
    packed = model_sets.pack(one / "one.lst", folder / "packed", _SIZE)
    test = set(packed.test)
    sides: dict[str, list[tuple[int, list[int], bytes]]] = {"train": [], "val": [], "test": []}
    for file in ("train", "val"):
        with (packed.folder / f"{file}.rec").open("rb") as stream:
            for number, payload in enumerate(read_records(stream)):
                record = unpack_record(payload)
                side = "test" if file == "val" and number in test else file
                labels = [int(label) for label in record.labels]
                sides[side].append((record.identifier, labels, record.image))
    found = []
    for name, several in (("one", False), ("all", True)):
        place = folder / name
        place.mkdir()
        for side, records in sides.items():
            with (place / f"{side}.rec").open("wb") as file_out:
                writer = RecordWriter(file_out)
                for identifier, labels, image in records:
                    given = every[identifier].tolist() if several else labels
                    writer.write(pack_record(identifier, given, image))
        found.append(replace(packed, folder=place, validation=len(sides["val"]), test=()))
    return found[0], found[1], np.stack([every[identifier] for identifier, *_ in sides["test"]])


def measured(way: str, data: PackedSet, every: Marks, seed: int, level: str) -> dict[str, Any]:
    """Train one way and return the figures of the test images."""
    row = f"{level}, {way}"
    bench_models.ROWS[row] = (level, bench_models.STARTER | WAYS[way])
    with tempfile.TemporaryDirectory() as base:
        cpu = bench_models.train(row, data, seed, "mxnet", Path(base))
        test = replace(data, folder=Path(base))
        (Path(base) / "val.rec").symlink_to(data.folder / "test.rec")
        scores = bench_models.scores_of(Path(base, "model/model.onnx"), test)
        epoch = json.loads(Path(base, "model/model.json").read_text())["best_epoch"]
    one = bench_models.held_out(replace(data, folder=data.folder.parent / "one"), "test.rec")[1]
    told = answers(scores, one)
    learned = every if way == "several" else one
    return {
        "way": way, "seed": seed, "epoch": epoch, "cpu": cpu, "images": len(one),
        "top1": told.top1, "top1 interval": top_interval(scores, one, 1),
        "top5": told.top5, "macro recall": told.macro_recall,
        "macro recall interval": macro_recall_interval(scores, one),
        "any": float(every[np.arange(len(every)), scores.argmax(axis=1)].mean()),
        "mAP": quality(scores, learned).mean_ap, "mAP kept": quality(scores, one).mean_ap,
    }  # fmt: skip


def main() -> None:
    """Train all ways and print the table: mean ± standard deviation over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--noto", type=Path, required=True, help="noto-50's list")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--quality", choices=["fast", "standard", "thorough"], default="standard")
    asked = parser.parse_args()
    columns = ("top1", "top5", "macro recall", "any", "mAP", "mAP kept")
    with tempfile.TemporaryDirectory() as folder:
        one, several, every = lay_out(asked.noto, Path(folder))
        print(f"{one.train} training, {one.validation} validation, {len(every)} test images")
        runs = []
        for seed in asked.seeds:
            for way in WAYS:
                data = several if way == "several" else one
                runs.append(measured(way, data, every, seed, asked.quality))
                print(json.dumps(runs[-1]), flush=True)
    print(f"| learned as | runs | {' | '.join(columns)} | CPU s |")
    print(f"|---|---:|{'---|' * len(columns)}---:|")
    for way in WAYS:
        of_way = [run for run in runs if run["way"] == way]
        told = [bench_models._spread([run[column] for run in of_way]) for column in columns]  # noqa: SLF001
        cpu = statistics.mean(run["cpu"] for run in of_way)
        print(f"| {way} | {len(of_way)} | {' | '.join(told)} | {cpu:.0f} |")


if __name__ == "__main__":
    main()
