"""Ends process groups whose owner was killed before it could end them itself.

Reads `+<pid>` and `-<pid>` lines on standard input; at the end of input, which comes with the
owner's death whatever its cause, kills every group that was named and not taken back.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Follow standard input to its end, then kill what is left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # only the owner's end ends this process
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
