"""What the machine that a process runs on gives it."""

import os
from pathlib import Path

_PROCESSORS = Path("/sys/devices/system/cpu")


def cores() -> int:
    """Return how many cores this process may use; how many there are where no system call tells."""
    return len(_usable()) or os.cpu_count() or 1


def physical_cores() -> int:
    """Return how many of them are cores of their own, the threads of one core counted once.

    Where the machine does not tell, that is all.
    """
    found = set()
    for number in _usable():
        siblings = _PROCESSORS / f"cpu{number}/topology/thread_siblings_list"
        try:
            found.add(siblings.read_text().strip())
        except OSError:
            found.add(str(number))
    return len(found) or cores()


def busy() -> bool:
    """Tell whether, over the last minute, there was as much to do as the cores can."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] >= physical_cores()


def _usable() -> set[int]:
    if hasattr(os, "sched_getaffinity"):  # Linux
        return os.sched_getaffinity(0)
    return set()
