"""What rules have for functions, kept from before a device is told until a function is done.

So neither a stop nor a kill of the cloud loses what a device no longer has: what is left is
delivered at the next start. A function may see an event again, as with Lambda.
"""

import contextvars
import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.journal import Entry, Journal

_AT_ONCE = 4  # invocations of rules' functions; each has a process that stays a while
logger = logging.getLogger("local.rule_deliveries")


class RuleDeliveries:
    """Events on their way from rules to functions, by few threads.

    `deliver` is given the entry that `send` took, and returns once its function is done with it,
    or has given it up to where failed events go.
    """

    def __init__(self, file: Path, deliver: Callable[[Entry], object]) -> None:
        self._kept = Journal(file)
        self._deliver = deliver
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="iot-rule")
        self._left = [(str(entry["name"]), entry["entry"]) for entry in self._kept.records()]
        self._open: set[str] = set()
        self._changed = threading.Condition()
        self._stopped = False

    def send(self, entry: Entry) -> None:
        """Keep an event, and deliver it soon; raises OSError where it cannot be kept."""
        name = uuid.uuid4().hex
        self._kept.keep({name: {"name": name, "entry": entry}}, (), durably=False)
        self._submit(name, entry)

    def take_up(self) -> None:
        """Deliver what was left when the cloud ended last."""
        left, self._left = self._left, []
        if left:
            logger.info("%d messages of devices are delivered that were left", len(left))
        for name, entry in left:
            self._submit(name, entry)

    def finish(self, seconds: float) -> None:
        """Wait until all is delivered, so many seconds at most; what is left stays kept."""
        with self._changed:
            self._changed.wait_for(lambda: not self._open, seconds)
            self._stopped = True
            left = len(self._open)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if left:
            logger.warning("%d messages of devices are delivered at the next start", left)

    def _submit(self, name: str, entry: Entry) -> None:
        with self._changed:
            if self._stopped:
                return
            self._open.add(name)
            self._pool.submit(contextvars.copy_context().run, self._carry_out, name, entry)

    def _carry_out(self, name: str, entry: Entry) -> None:
        try:
            self._deliver(entry)
            if not self._stopped:  # how it ends with its function's runtime says nothing
                self._kept.keep({}, (name,), durably=False)
        finally:
            with self._changed:
                self._open.discard(name)
                self._changed.notify_all()
