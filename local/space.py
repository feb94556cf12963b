"""How much room the disk has, and what is refused when it has little.

Below a floor nothing new is begun: no list is taken, no run and no training is started. What is
under way may write on, so that it ends with a status, until the disk is full.
"""

import shutil
import threading

from local.context import Cloud

REFUSED = 507  # Insufficient Storage; AWS never runs out, so no client tries again by itself
CODE = "InsufficientStorage"
_MIB = 1 << 20


class Space:
    """The disk that the state directory lies on."""

    def __init__(self, cloud: Cloud) -> None:
        self._folder = cloud.state_dir
        self._floor = cloud.free_floor
        self._short = threading.Event()

    def refusal(self) -> str | None:
        """Return why nothing new may be begun now, or None."""
        free = self._free()
        if free >= self._floor:
            return None
        self._short.set()
        return (
            f"The laptop's disk has {free // _MIB} MiB free at {self._folder}, and below "
            f"{self._floor // _MIB} MiB nothing new is begun: free some space, then try again."
        )

    def ran_out(self) -> None:
        """Note that something could not be written."""
        self._short.set()

    def regained(self) -> bool:
        """Tell, once, that there is room again after there was none."""
        if self._short.is_set() and self._free() >= self._floor:
            self._short.clear()
            return True
        return False

    def _free(self) -> int:
        return shutil.disk_usage(self._folder).free
