"""Ways to choose thresholds, on one half of the images and judged on the other.

    .venv/bin/python bench/bench_thresholds.py SCORES.npz [--splits 10]

SCORES.npz is of bench_scores.py. Each fold of each seed, one model's, is halved `--splits` times.
Prints micro and macro F1 out of sample, and in how many splits, by the mean of the models, each is
above that of one shared threshold.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tagline.scores.ranking import rank  # noqa: E402 - found by the path above
from tagline.scores.thresholds import choose, cross_fitted, f1  # noqa: E402

Floats = NDArray[np.float64]
Truth = NDArray[np.uint8]


def best(scores: Floats, truth: Truth) -> float:
    """Return the threshold of the best F1 on these very images, midway to the next score."""
    ranking = rank(scores, truth)
    if not ranking.positives:
        return 0.5
    found = 2 * ranking.true_positives / (ranking.predicted + ranking.positives)
    at = int(np.argmax(found))
    below = ranking.scores[at + 1] if at + 1 < len(found) else 0.0
    return float(ranking.scores[at] + below) / 2


WAYS: dict[str, Callable[[Floats, Truth], Floats | float]] = {
    "0.5": lambda *_: 0.5,
    "one shared, the best": lambda scores, truth: best(scores.ravel(), truth.ravel()),
    "one of its own, the best": lambda scores, truth: np.array(
        [best(scores[:, j], truth[:, j]) for j in range(truth.shape[1])]
    ),
    "shared alone, as chosen here": lambda scores, truth: choose(scores, truth).shared,
    "**drawn to the shared one**": lambda scores, truth: choose(scores, truth).values,
}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scores", type=Path)
    parser.add_argument("--splits", type=int, default=10)
    asked = parser.parse_args()
    held = np.load(asked.scores)
    truth, fold = held["truth"], held["fold"]
    sets = [
        (scores[fold == number].astype(np.float64), truth[fold == number])
        for scores in held["scores"]
        for number in range(fold.max() + 1)
    ]
    found = {way: np.zeros((asked.splits, len(sets), 2)) for way in WAYS}
    told = np.zeros((asked.splits, len(sets), 2))
    for split in range(asked.splits):
        for place, (scores, marks) in enumerate(sets):
            order = np.random.default_rng(split).permutation(len(scores))
            used, kept = np.array_split(order, 2)
            for way, threshold in WAYS.items():
                tags = scores[kept] >= threshold(scores[used], marks[used])
                result = f1(tags, marks[kept])
                found[way][split, place] = result.micro, result.macro
            own = cross_fitted(scores[used], marks[used])
            told[split, place] = own.micro, own.macro
    shared = found["one shared, the best"].mean(axis=1)
    print("| threshold | micro F1 | macro F1 | above the best shared one, of splits |")
    print("|---|---:|---:|---:|")
    for way, values in found.items():
        micro, macro = values.mean(axis=(0, 1))
        above = (values.mean(axis=1) > shared).sum(axis=0)
        print(f"| {way} | {micro:.4f} | {macro:.4f} | {above[0]}, {above[1]} |")
    micro, macro = told.mean(axis=(0, 1))
    print(f"\ncross-fitted on the half that chose: micro {micro:.4f}, macro {macro:.4f}")


if __name__ == "__main__":
    main()
