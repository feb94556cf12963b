"""The entry point of containers/image-classification: `train` or `serve`."""

import os
import signal
import sys
from types import FrameType

from tagline.formats.machine import busy, physical_cores

USAGE = "usage: python -m trainer.builtin train|serve"


def _stop(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit code: 0 done, 1 failed, 2 wrong usage."""
    os.environ.setdefault("OMP_NUM_THREADS", "1" if busy() else str(physical_cores()))
    signal.signal(signal.SIGTERM, _stop)
    if arguments == ["train"]:
        from trainer.builtin import train  # noqa: PLC0415 - MXNet loads after the variable is set

        return train.main()
    if arguments == ["serve"]:
        from trainer.builtin import serve  # noqa: PLC0415 - as above

        return serve.main()
    sys.stderr.write(f"{USAGE}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
