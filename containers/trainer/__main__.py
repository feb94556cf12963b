"""The container's entry point: `train`, `evaluate`, `package`, or `serve` for an endpoint."""

import os
import signal
import sys
from types import FrameType

from tagline.formats.machine import busy, physical_cores

USAGE = "usage: python -m trainer train|evaluate|package|serve"


def _stop(signum: int, _frame: FrameType | None) -> None:
    # the first process of a container gets no default handlers, so SIGTERM would be ignored
    sys.exit(128 + signum)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code: 0 done, 1 failed, 2 wrong usage."""
    if arguments == ["serve"]:
        # the program of the server's image takes this process's place, in its own environment
        python = os.environ["SERVER_PYTHON"]
        os.execv(python, [python, "-m", "server", "serve"])  # noqa: S606
    # MXNet reads the variable when it loads, and uses one core without it; threads that do not get
    # a core each wait for one another: bench/bench_threads.py
    os.environ.setdefault("OMP_NUM_THREADS", "1" if busy() else str(physical_cores()))
    signal.signal(signal.SIGTERM, _stop)
    if arguments == ["train"]:
        from trainer import train  # noqa: PLC0415 - MXNet loads after the variable is set

        return train.main()
    if arguments == ["evaluate"]:
        from trainer import evaluate  # noqa: PLC0415 - as above

        return evaluate.main()
    if arguments == ["package"]:
        from trainer.edge import package  # noqa: PLC0415 - as above

        return package.main()
    sys.stderr.write(f"{USAGE}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
