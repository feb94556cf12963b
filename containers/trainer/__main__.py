"""The container's entry point: `train` or `evaluate`."""

import os
import signal
import sys
from types import FrameType

USAGE = "usage: python -m trainer train|evaluate"


def _stop(signum: int, _frame: FrameType | None) -> None:
    # the first process of a container gets no default handlers, so SIGTERM would be ignored
    sys.exit(128 + signum)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code: 0 done, 1 failed, 2 wrong usage."""
    # MXNet reads the variable when it loads, and uses one core without it
    os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
    signal.signal(signal.SIGTERM, _stop)
    if arguments == ["train"]:
        from trainer.train import main as command  # noqa: PLC0415 - MXNet loads after the variable
    elif arguments == ["evaluate"]:
        from trainer.evaluate import main as command  # noqa: PLC0415 - as above
    else:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    return command()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
