"""Makes the starter backbone; `make starter` says in which order.

pack NODE_MODULES BASE    draw the icons into the channels of a training job under BASE
keep NODE_MODULES BASE    take the trained weights into containers/trainer/starter, with notices
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from tagline.formats.document import decode
from tagline.formats.packed import PackedDataset
from tools.starter.icons import labels_of, read_icons, read_sets
from tools.starter.keep import keep

STARTERS = Path(__file__).parents[2] / "containers/trainer/starter"
HYPERPARAMETERS = {
    "run": "starter",
    "network": "small",
    "epochs": "7",
    "learning_rate": "0.004",
    "mini_batch_size": "64",
    "optimizer": "adam",
    "weight_decay": "0.0001",
    "augmentation_type": "geometric",
    "start_from": "none",
    "seed": "0",
}


def main(arguments: list[str]) -> int:
    """Do one of the two; return the exit code."""
    match arguments:
        case ["pack", modules, base]:
            _pack(Path(modules), Path(base))
        case ["keep", modules, base]:
            _keep(Path(modules), Path(base))
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


def _keep(modules: Path, base: Path) -> None:
    path = base / "input/data/dataset/dataset.json"
    dataset = decode(path.read_bytes(), PackedDataset, str(path))
    counts = [dataset.positives[label].train for label in dataset.labels]
    keep(base / "model", np.array(counts) / dataset.train, STARTERS, read_sets(modules))


def _pack(modules: Path, base: Path) -> None:
    from tools.starter.pack import SIDE, pack  # noqa: PLC0415 - only drawing needs its libraries

    icons = read_icons(modules, read_sets(modules))
    words = labels_of(icons)
    known = set(words)
    taught = [icon for icon in icons if icon.words & known]
    dataset = pack(taught, words, base / "input/data", os.cpu_count() or 1)
    asked = HYPERPARAMETERS | {
        "image_shape": f"3,{SIDE},{SIDE}",
        "num_classes": str(len(dataset.labels)),
    }
    config = base / "input/config/hyperparameters.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(asked))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
