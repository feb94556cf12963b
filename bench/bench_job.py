"""The real training job beside its engine's bare step, in one environment of the trainer's.

    TRAINER_ENGINE=torch PYTHONPATH=.:containers python bench/bench_job.py --network small

Draws a packed set of its own, trains on it through the container's entry point, and then makes the
same steps on one batch that lies in memory. Prints a line of JSON: images a second of both by the
clock and by CPU time, the job's share of the bare step, and the share of an epoch that went into
getting batches. The first epoch, in which libraries choose and compile, is left out.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from drawn_job import lay_out

from trainer import fit, train
from trainer.contract import Base
from trainer.data import RecordSet
from trainer.engine import current
from trainer.hyperparameters import parse


@dataclass
class Clock:
    """What each epoch of the job took: seconds by the clock, CPU seconds, seconds for batches."""

    epochs: list[tuple[float, float, float]] = field(default_factory=list)
    waited: float = 0.0


def job(base: Path) -> Clock:
    """Run the training job and return what its epochs took."""
    clock, epoch = Clock(), fit.Loop.epoch

    def timed(loop: Any, number: int, rng: np.random.Generator) -> float:
        if number == 1:
            batch = loop.course.feed.batch

            def waited(*given: Any) -> Any:
                began = time.perf_counter()
                answer = batch(*given)
                clock.waited += time.perf_counter() - began
                return answer

            loop.course.feed.batch = waited
        clock.waited = 0.0
        began, spent = time.perf_counter(), time.process_time()
        loss = epoch(loop, number, rng)  # which waits for the device, to tell the loss
        took = time.perf_counter() - began
        clock.epochs.append((took, time.process_time() - spent, clock.waited))
        return loss

    fit.Loop.epoch = timed  # type: ignore[assignment]
    try:
        train.train(Base(base))
    finally:
        fit.Loop.epoch = epoch  # type: ignore[method-assign]
    return clock


def bare(base: Path, hyperparameters: dict[str, str], steps: int) -> tuple[float, float]:
    """Return seconds by the clock and CPU seconds of so many steps on one batch."""
    asked = parse(hyperparameters)
    path = base / "input/data/train/train.rec"
    training = RecordSet(path, labels=asked.num_classes, side=asked.side)
    learner = current().build(asked.network, asked, training.counts)
    chosen = np.arange(asked.mini_batch_size)
    batch = learner.feed(training, "none").batch(chosen, np.random.default_rng(1))
    for _ in range(6):
        learner.step(*batch, 1e-4)
    learner.mean_loss()
    began, spent = time.perf_counter(), time.process_time()
    for _ in range(steps):
        learner.step(*batch, 1e-4)
    learner.mean_loss()
    return time.perf_counter() - began, time.process_time() - spent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default="small")
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--labels", type=int, default=50)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--augmentation", default="crop")
    asked = parser.parse_args()
    if asked.epochs < 2:  # noqa: PLR2004 - the first is left out
        parser.error("--epochs: 2 at least")
    with tempfile.TemporaryDirectory() as folder:
        hyperparameters = lay_out(Path(folder), asked)
        told, sys.stdout = sys.stdout, sys.stderr
        epochs = job(Path(folder)).epochs[1:]
        steps = asked.images // asked.batch
        alone = bare(Path(folder), hyperparameters, steps * len(epochs))
        sys.stdout = told
    images = steps * asked.batch * len(epochs)
    wall, cpu, waited = (sum(column) for column in zip(*epochs, strict=True))
    print(json.dumps({
        "engine": current().name, "network": asked.network,
        "job": round(images / wall, 1), "bare": round(images / alone[0], 1),
        "job_cpu": round(images / cpu, 1), "bare_cpu": round(images / alone[1], 1),
        "share": round(alone[0] / wall, 3), "share_cpu": round(alone[1] / cpu, 3),
        "waiting": round(waited / wall, 3),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
