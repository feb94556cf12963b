"""A training job's checkpoint folder and its place in S3, kept alike while the job runs.

As SageMaker does it: what lies in S3 is there before the job begins, what the job writes arrives
within seconds, and what it deletes is deleted in S3, too.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from local.objects import Objects
from local.sagemaker import channels

_EVERY = 0.5  # seconds
_Stamp = tuple[int, int]  # time of the last change in nanoseconds, size


class CheckpointSync:
    """Copies down once, then up for as long as a `with` block lasts, and once more at its end.

    Without a place in S3 it does nothing. `failure` is what kept it from copying.
    """

    def __init__(self, objects: Objects, folder: Path, uri: str | None) -> None:
        """Take S3 as the job's role sees it, the folder and the prefix."""
        self._objects, self._folder = objects, folder
        self._uri = uri.rstrip("/") if uri else None
        self._from = uri
        self._known: dict[str, _Stamp] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self.failure: ClientError | BotoCoreError | OSError | None = None

    def __enter__(self) -> Self:
        """Copy what is in S3 into the folder and begin."""
        if self._from:
            if self._objects.list(self._from):
                channels.download(self._objects, self._from, self._folder)
            self._known = self._look()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        """Copy the last changes and end."""
        if self._from:
            self._end.set()
            self._thread.join()
            if kind is None:
                self._copy()

    def _keep(self) -> None:
        while not self._end.wait(_EVERY):
            self._copy()

    def _copy(self) -> None:
        try:
            self._copy_changes()
        except (ClientError, BotoCoreError, OSError) as exc:
            self.failure = exc

    def _copy_changes(self) -> None:
        now = self._look()
        for name, stamp in now.items():
            if self._known.get(name) != stamp:
                with suppress(FileNotFoundError):  # it is gone already, and its object next time
                    self._objects.put(self._folder / name, f"{self._uri}/{name}")
        for name in self._known.keys() - now.keys():
            self._objects.delete(f"{self._uri}/{name}")
        self._known = now

    def _look(self) -> dict[str, _Stamp]:
        found = {}
        for path in self._folder.rglob("*"):
            with suppress(FileNotFoundError):
                if path.is_file() and not path.is_symlink():
                    about = path.stat()
                    name = path.relative_to(self._folder).as_posix()
                    found[name] = (about.st_mtime_ns, about.st_size)
        return found
