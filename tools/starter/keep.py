"""What the repository keeps of a training: half-precision weights, their record, the notices."""

import json
import math
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.starter.colours import COLOUR
from tools.starter.icons import IconSet

LARGEST = 6_000_000  # bytes of all starters and their notices in the repository
_CONVOLUTION = 4  # dimensions of its weights
Array = NDArray[np.float32]
_HERE = Path(__file__).parent


def keep(
    model: Path, frequencies: NDArray[np.float64], target: Path, sets: Sequence[IconSet]
) -> None:
    """Write <network>.npz, starter.json and NOTICE.md from a trained model's folder.

    `frequencies` (L,) is how often each of its labels was right, 0..1.
    """
    described = json.loads((model / "model.json").read_text())
    with np.load(model / "weights.npz", allow_pickle=False) as arrays:
        learned = {name: arrays[name] for name in arrays}
    words, head = named_rows(described["labels"], learned, frequencies)
    learned |= head
    weights: dict[str, Any] = {
        name: array.astype(np.float16) for name, array in as_new(learned).items()
    }
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{described['network']}.npz"
    np.savez_compressed(path, **weights)
    record = {
        "networks": {
            described["network"]: {
                "file": path.name,
                "sha256": sha256(path.read_bytes()).hexdigest(),
                "words": " ".join(words),
                "trained": {
                    "labels": len(described["labels"]),
                    "validation_map": round(described["mAP"], 4),
                    "best_epoch": described["best_epoch"],
                    "hyperparameters": described["hyperparameters"],
                    "versions": described["versions"],
                },
            }
        },
        "sets": {each.name: each.version for each in sets},
    }
    (target / "starter.json").write_text(json.dumps(record, indent=1) + "\n")
    (target / "NOTICE.md").write_text(notice(sets))
    size = sum(each.stat().st_size for each in target.iterdir())
    if size > LARGEST:
        raise ValueError(f"{target} holds {size:,} bytes, more than {LARGEST:,}")


def named_rows(
    labels: Sequence[str], weights: Mapping[str, Array], frequencies: NDArray[np.float64]
) -> tuple[list[str], dict[str, Array]]:
    """Return words and the head's rows for them; a colour of the shape goes by its plain name.

    The biases are without the log-odds of the frequencies (L,): other labels have others.
    """
    rows = {label: row for row, label in enumerate(labels)}
    for label, row in list(rows.items()):
        if label.startswith(COLOUR):
            rows.setdefault(label.removeprefix(COLOUR), row)
    words = sorted(word for word in rows if " " not in word)
    places = [rows[word] for word in words]
    bias = weights["head.bias"] - np.log(frequencies / (1 - frequencies))
    head = {"head.weight": weights["head.weight"], "head.bias": bias}
    return words, {name: array[places].astype(np.float32) for name, array in head.items()}


def as_new(weights: Mapping[str, Array]) -> dict[str, Array]:
    """Return the same network with convolutions as large as those of a new one (He et al. 2015).

    Training let them grow, which changes no answer, since a batch normalisation follows each: but
    a learning rate would move them less than the new ones that it was chosen with.
    """
    found = dict(weights)
    for name, array in weights.items():
        if array.ndim == _CONVOLUTION:
            parent, place = name.removesuffix(".weight").rsplit(".", 1)
            after = f"{parent}.{int(place) + 1}"
            factor = math.sqrt(2 / math.prod(array.shape[1:])) / float(array.std())
            found[name] = array * factor
            found[f"{after}.running_mean"] = weights[f"{after}.running_mean"] * factor
            found[f"{after}.running_var"] = weights[f"{after}.running_var"] * factor**2
    return found


def notice(sets: Sequence[IconSet]) -> str:
    """Return NOTICE.md: every set with version, licence and author, then the licences' texts."""
    rows = [
        f"| {each.title} (`@iconify-json/{each.name}`) | {each.version} | {each.licence} | "
        f"{f'[{each.author}]({each.url})' if each.url else each.author} |"
        for each in sets
    ]
    head, texts = (_HERE / "notice.md").read_text().split("<!-- sets -->\n")
    return head + "\n".join(rows) + "\n" + texts
