"""The container's entry point: `train` or `evaluate`."""

import os
import signal
import sys
from types import FrameType

from tagline.formats.machine import busy, physical_cores

USAGE = "usage: python -m recommender train|evaluate"


def _stop(signum: int, _frame: FrameType | None) -> None:
    # the first process of a container gets no default handlers, so SIGTERM would be ignored
    sys.exit(128 + signum)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code: 0 done, 1 failed, 2 wrong usage."""
    # MXNet and BLAS read it when they load: bench/bench_threads.py
    os.environ.setdefault("OMP_NUM_THREADS", "1" if busy() else str(physical_cores()))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ["OMP_NUM_THREADS"])
    signal.signal(signal.SIGTERM, _stop)
    if arguments == ["train"]:
        from recommender import train  # noqa: PLC0415 - MXNet loads after the variable is set

        return train.main()
    if arguments == ["evaluate"]:
        from recommender import evaluate  # noqa: PLC0415 - as above

        return evaluate.main()
    sys.stderr.write(f"{USAGE}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
