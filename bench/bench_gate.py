"""What the gate does over and over: simulated models on samples of real scores.

    .venv/bin/python bench/bench_gate.py SCORES.npz [--images 125 250 500] [--draws 500]

SCORES.npz is of bench_scores.py, two seeds of one recipe. A model of the simulation answers, image
by image, as one seed or the other did, by a coin of its own: so all models have the same mAP on the
population, and agree with each other as two real ones do. One that is better by an amount has
the logits of true labels raised until its mAP on the population is. A sample draws images with
replacement, their logits moved a little, so that none comes twice. Four tables are printed:
challengers of a fixed advantage; a first model that knows nothing; equal recipes with the luck of
training in their true mAP; and chains of retrainings against one test set that stays, each with the
gate as it is and as it was (a higher mAP is enough).
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tagline.scores import bootstrap  # noqa: E402 - found by the path above
from tagline.scores.bootstrap import gain, gain_over_frequencies  # noqa: E402
from tagline.scores.ranking import label_average_precision, mean_average_precision  # noqa: E402

Floats = NDArray[np.float64]
_SMEAR = 0.25  # of the logits' standard deviation
_LUCK = 0.0155 / 2**0.5  # sd of a training's true mAP: that of a difference was 0.013 to 0.018
_LARGE = 20_000  # images that stand for the population
CONFIDENCE = 0.9


@dataclass(frozen=True)
class Sample:
    """Images: their labels (n, L), and both seeds' logits (2, n, L)."""

    truth: NDArray[np.uint8]
    logits: Floats

    def model(self, rng: np.random.Generator, raised: float = 0.0) -> Floats:
        """Return the scores of a model of the recipe, its true labels' logits raised, (n, L)."""
        coins = rng.integers(0, len(self.logits), len(self.truth))
        logits = self.logits[coins, np.arange(len(self.truth))] + raised * self.truth
        return np.asarray(1 / (1 + np.exp(-logits)))


class Population:
    """What images are drawn from, and by how much logits are raised for an advantage in mAP."""

    def __init__(self, path: Path) -> None:
        """Read scores and measure what raising does."""
        held = np.load(path)
        scores = np.clip(held["scores"].astype(np.float64), 1e-7, 1 - 1e-7)
        self._truth, self._logits = held["truth"], np.log(scores / (1 - scores))
        rng = np.random.default_rng(0)
        everything = self.draw(rng, _LARGE)
        self.raised = np.linspace(-0.6, 0.8, 15)
        reached = np.array([_map(everything.model(rng, r), everything.truth) for r in self.raised])
        self.level = float(np.interp(0.0, self.raised, reached))
        self.advantage = reached - self.level

    def draw(self, rng: np.random.Generator, images: int) -> Sample:
        """Draw images."""
        picks = rng.integers(0, len(self._truth), images)
        smear = rng.normal(0, _SMEAR * self._logits.std(), self._truth[picks].shape)
        return Sample(self._truth[picks], self._logits[:, picks] + smear)

    def raising(self, advantage: float) -> float:
        """Return by how much logits are raised for an advantage."""
        return float(np.interp(advantage, self.advantage, self.raised))


def _map(scores: Floats, truth: NDArray[np.uint8]) -> float:
    return mean_average_precision(label_average_precision(scores, truth))


def promoted(new: Floats, old: Floats, truth: NDArray[np.uint8], seed: int) -> tuple[bool, bool]:
    """Return what the gate says, and what it said when a higher mAP was enough."""
    found = gain(new, old, truth, confidence=CONFIDENCE, seed=seed)
    if found is None:
        return False, False
    return found.value > 0 and found.bound > 0, found.value > 0


def fixed(people: Population, advantage: float, images: int, draws: int) -> Floats:
    """Return how often a challenger of this advantage is promoted, by either gate."""
    rng = np.random.default_rng(1)
    said = []
    for draw in range(draws):
        sample = people.draw(rng, images)
        new, old = sample.model(rng, people.raising(advantage)), sample.model(rng)
        said.append(promoted(new, old, sample.truth, draw))
    return np.asarray(np.mean(said, axis=0))


def ignorant(people: Population, images: int, draws: int) -> tuple[float, float]:
    """Return how often a first model that knows nothing passes: the gate, and a plain bootstrap."""
    rng = np.random.default_rng(2)
    passed = []
    for draw in range(draws):
        truth = people.draw(rng, images).truth
        scores = rng.random(truth.shape)
        chance = gain_over_frequencies(scores, truth, confidence=CONFIDENCE, seed=draw)
        plain = gain(scores, np.zeros_like(scores), truth, confidence=CONFIDENCE, seed=draw)
        passed.append([found is not None and found.bound > 0 for found in (chance, plain)])
    return tuple(np.mean(passed, axis=0))


def lucky(people: Population, images: int, draws: int) -> Floats:
    """Return how often an equal recipe replaces the champion, and what then changes in true mAP."""
    rng = np.random.default_rng(3)
    said, changes = [], []
    for draw in range(draws):
        sample = people.draw(rng, images)
        new, old = rng.normal(0, _LUCK, 2)
        mine, theirs = (sample.model(rng, people.raising(true)) for true in (new, old))
        said.append(promoted(mine, theirs, sample.truth, draw))
        changes.append(new - old)
    passed, change = np.array(said), np.array(changes)
    return np.array([[p.mean(), change[p].mean()] for p in passed.T]).T


def chain(people: Population, images: int, length: int, seed: int) -> Floats:
    """Return the true mAP of the champion after each retraining, by either gate, (length + 1, 2).

    All are judged by one test set, which stays, as the flow's does.
    """
    rng = np.random.default_rng([4, seed])
    sample = people.draw(rng, images)
    true = rng.normal(0, _LUCK, length + 1)
    scores = [sample.model(rng, people.raising(t)) for t in true]
    reached = [_map(answers, sample.truth) for answers in scores]
    now = before = 0
    path = [[true[0], true[0]]]
    for new in range(1, length + 1):
        if promoted(scores[new], scores[now], sample.truth, new)[0]:
            now = new
        if reached[new] > reached[before]:
            before = new
        path.append([true[now], true[before]])
    return np.array(path)


def main() -> None:
    """Simulate and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("scores", type=Path)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--images", type=int, nargs="+", default=[125, 250, 500])
    parser.add_argument("--chains", type=int, default=50)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=400, help="resamplings of a comparison")
    asked = parser.parse_args()
    bootstrap.MOST_ROUNDS = asked.rounds
    people = Population(asked.scores)
    print(f"mAP of the recipe on the population: {people.level:.3f}\n")
    print("| images | better by | promoted | when a higher mAP was enough |\n|---:|---:|---:|---:|")
    for images in asked.images:
        for advantage in (-0.03, 0.0, 0.01, 0.03, 0.05):
            now, before = fixed(people, advantage, images, asked.draws)
            print(f"| {images} | {advantage:+.2f} | {now:.1%} | {before:.1%} |", flush=True)
    print("\n| images | a first model of random scores passes | by a bootstrap |\n|---:|---:|---:|")
    for images in asked.images:
        chance, plain = ignorant(people, images, asked.draws // 5)
        print(f"| {images} | {chance:.1%} | {plain:.1%} |", flush=True)
    print("\n| images | an equal recipe replaces the champion | change of true mAP then |")
    print("|---:|---:|---:|")
    for images in asked.images:
        (now, before), (change, changed) = lucky(people, images, asked.draws)
        print(f"| {images} | {now:.1%} (was {before:.1%}) | {change:+.4f} ({changed:+.4f}) |")
    print(f"\n| images | true mAP after {asked.length} retrainings, less the first's | replaced |")
    print("|---:|---:|---:|")
    for images in asked.images:
        paths = np.array(
            [chain(people, images, asked.length, seed) for seed in range(asked.chains)]
        )
        moved = paths[:, -1] - paths[:, 0]
        error = moved.std(axis=0) / len(moved) ** 0.5
        times = (np.diff(paths, axis=1) != 0).sum(axis=1).mean(axis=0)
        print(
            f"| {images} | {moved[:, 0].mean():+.4f} ± {error[0]:.4f} "
            f"(was {moved[:, 1].mean():+.4f} ± {error[1]:.4f}) "
            f"| {times[0]:.1f} times (was {times[1]:.1f}) |",
            flush=True,
        )


if __name__ == "__main__":
    main()
