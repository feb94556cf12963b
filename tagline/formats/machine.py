"""What the machine that a process runs on gives it."""

import os


def cores() -> int:
    """Return how many cores this process may use; how many there are where no system call tells."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
