"""IoT jobs: one update after the other, each finished exactly once.

A job is IN_PROGRESS from when it is started until its end is reported. A device that is ended in
between asks again when it is back, is given the same job, and goes on from what is on its disk.
"""

import json
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from tagline.formats.document import Record, UnreadableDocument, convert, decode_record
from tagline.formats.edge import UPDATE, EdgeUpdate
from tagline_device.errors import UpdateRefused

log = logging.getLogger(__name__)
_MOST_REASON = 1000  # characters; IoT takes 1,024


class _Execution(Record, kw_only=True):
    """A job as this device has to carry it out."""

    jobId: str = ""  # noqa: N815 - IoT's name
    jobDocument: Any = None  # noqa: N815


class _Answer(Record, kw_only=True):
    """What is answered to asking for the next job, and told when there is one."""

    execution: _Execution | None = None


class Jobs:
    """Hears of jobs, carries them out in a thread of its own, and reports until that was heard.

    `carry_out` returns what to say of an update that is done and raises UpdateRefused otherwise;
    `post` sends a message where there is a connection; `after` is called once it is decided.
    """

    def __init__(
        self,
        device: str,
        carry_out: Callable[[EdgeUpdate], str],
        post: Callable[[str, bytes], object],
        after: Callable[[str], object],
    ) -> None:
        self._base = f"$aws/things/{device}/jobs"
        self.topics: tuple[str, ...] = (
            f"{self._base}/notify-next",
            f"{self._base}/start-next/accepted",
            f"{self._base}/+/update/accepted",
            f"{self._base}/+/update/rejected",
        )
        self._carry_out, self._post, self._after = carry_out, post, after
        self._lock = threading.Condition()
        self._job: str | None = None  # the one that is carried out, or whose report was not heard
        self._report: dict[str, Any] | None = None
        self._refused: str | None = None  # whose report was: given again, it would be for ever
        self._queue: queue.Queue[_Execution] = queue.Queue()
        threading.Thread(target=self._work, name="updates", daemon=True).start()

    def connected(self) -> None:
        """Report what could not be reported, or ask for the next job."""
        with self._lock:
            job, report, self._refused = self._job, self._report, None
        if job is None:
            self._ask()
        elif report is not None:
            self._tell(job, report)

    def hear(self, topic: str, payload: bytes) -> None:
        """Hear that there is a job, which one, or that a report arrived."""
        verb = topic.removeprefix(f"{self._base}/")
        if verb.endswith(("/update/accepted", "/update/rejected")):
            self._heard(verb.split("/")[0], verb, payload)
            return
        try:
            execution = _execution(payload)
        except UnreadableDocument as exc:
            log.warning("%s", exc)
            return
        if execution is None:
            return
        if verb == "notify-next":
            with self._lock:
                busy = self._job is not None
            if not busy:
                self._ask()
            return
        with self._lock:
            if self._job is not None or execution.jobId == self._refused:
                return
            self._job = execution.jobId
        self._queue.put(execution)

    def settle(self, seconds: float) -> None:
        """Wait until no job is carried out or waits for its report, so many seconds at most."""
        with self._lock:
            self._lock.wait_for(lambda: self._job is None, seconds)

    def _ask(self) -> None:
        self._post(f"{self._base}/start-next", b"{}")

    def _heard(self, job: str, verb: str, payload: bytes) -> None:
        """Forget a report that arrived; one that is refused was of a job that ended otherwise."""
        with self._lock:
            if job != self._job or self._report is None:
                return
            self._job = self._report = None
            self._lock.notify_all()
            self._refused = job if verb.endswith("rejected") else None
        if verb.endswith("rejected"):
            log.warning(
                "the report of job %s is refused: %.300s", job, payload.decode("utf-8", "replace")
            )
        self._ask()

    def _work(self) -> None:
        while True:
            execution = self._queue.get()
            status, said = self._carried_out(execution.jobDocument)
            log.info("job %s: %s, %s", execution.jobId, status, said)
            self._after(said)
            report = {"status": status, "statusDetails": {"reason": _plain(said)}}
            with self._lock:
                self._report = report
            self._tell(execution.jobId, report)

    def _carried_out(self, document: Any) -> tuple[str, str]:
        try:
            return "SUCCEEDED", self._carry_out(_update(document))
        except UpdateRefused as exc:
            return "FAILED", str(exc)
        except Exception as exc:  # whatever it is, the old version runs on and the job has an end
            log.exception("an update ended by an error of this program")
            return "FAILED", f"{type(exc).__name__}: {exc}"

    def _tell(self, job: str, report: dict[str, Any]) -> None:
        self._post(f"{self._base}/{job}/update", json.dumps(report).encode())


def _execution(payload: bytes) -> _Execution | None:
    """Return the job of a message; IoT says {} of none."""
    execution = decode_record(payload, _Answer, "IoT's answer about jobs").execution
    return execution if execution and execution.jobId else None


def _update(document: Any) -> EdgeUpdate:
    """Return a job's document as an update; raise UpdateRefused where it is none."""
    operation = document.get("operation") if isinstance(document, dict) else None
    if operation != UPDATE:
        raise UpdateRefused(
            f"job: operation {str(operation)[:60]!r} is unknown; {UPDATE!r} is done"
        )
    try:
        return convert(document, EdgeUpdate, "job")
    except UnreadableDocument as exc:
        raise UpdateRefused(str(exc)) from exc


def _plain(reason: str) -> str:
    """Return a reason as IoT takes it: no control characters, not too long."""
    text = "".join(letter if letter.isprintable() else " " for letter in reason)
    return text[:_MOST_REASON] or "no reason given"
