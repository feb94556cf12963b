"""Everything the service remembers, in one file that is replaced whole at each change.

A change that cannot be written, for want of space, holds in memory and is written later; a new
record that cannot be written is refused.
"""

import copy
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import durable
from local.context import Cloud
from local.sagemaker.errors import SageMakerError, invalid
from local.space import CODE, REFUSED

Record = dict[str, Any]
logger = logging.getLogger("local.sagemaker")


@dataclass(frozen=True)
class Kind:
    """A kind of resource: its word in ARNs, and how AWS says that one is missing."""

    word: str
    missing: str
    missing_code: str = "ValidationException"

    def not_found(self, name: str, arn: str) -> SageMakerError:
        """Return the error for a name that nothing has."""
        return SageMakerError(self.missing_code, self.missing.format(name=name, arn=arn))


TRAINING = Kind("training-job", "Requested resource not found: could not find training job {name}")
TUNING = Kind(
    "hyper-parameter-tuning-job",
    "Could not find a tuning job called {name}",
    missing_code="ResourceNotFound",
)
PROCESSING = Kind("processing-job", "Could not find requested job with name: {name}")
TRANSFORM = Kind("transform-job", "Could not find requested job with name: {name}")
MODEL = Kind("model", 'Could not find model "{arn}".')
ENDPOINT_CONFIG = Kind("endpoint-config", 'Could not find endpoint configuration "{arn}".')
ENDPOINT = Kind("endpoint", 'Could not find endpoint "{arn}".')
KINDS = (TRAINING, TUNING, PROCESSING, TRANSFORM, MODEL, ENDPOINT_CONFIG, ENDPOINT)


class Store:
    """Records by kind and name, and tags by ARN. Safe to use from any thread.

    A record is what the matching Describe operation answers; members that begin with `_` are the
    laptop's own. What goes in and out is copied.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._file = cloud.state_dir / "sagemaker.json"
        self._lock = threading.RLock()
        self._records: dict[str, dict[str, Record]] = {kind.word: {} for kind in KINDS}
        self._tags: dict[str, dict[str, str]] = {}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._unsaved = False
        saved = durable.read(self._file, _saved)
        if saved is not None:
            self._records.update(saved["records"])
            self._tags = saved["tags"]

    def arn(self, kind: Kind, name: str) -> str:
        """Return the resource's ARN; SageMaker writes names in lower case there."""
        at = f"{self._cloud.region}:{self._cloud.account}"
        return f"arn:aws:sagemaker:{at}:{kind.word}/{name.lower()}"

    def add(self, kind: Kind, name: str, record: Record, tags: list[Record] | None = None) -> str:
        """Keep a new record and return its ARN; raises ResourceInUse when the name is taken.

        Names that differ in case alone have the same ARN, so one excludes the other.
        """
        arn = self.arn(kind, name)
        with self._lock:
            if any(other.lower() == name.lower() for other in self._records[kind.word]):
                taken = f"Cannot create already existing {kind.word.replace('-', ' ')} {arn!r}"
                raise SageMakerError("ResourceInUse", taken)
            now = time.time()
            times = {"CreationTime": now, "LastModifiedTime": now}
            self._records[kind.word][name] = {**copy.deepcopy(record), **times}
            if tags:
                self._tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}
            if not self._save():
                del self._records[kind.word][name]
                self._tags.pop(arn, None)
                raise SageMakerError(CODE, f"{self._file} cannot be written", REFUSED)
        return arn

    def get(self, kind: Kind, name: str) -> Record:
        """Return a record; raises the kind's own error when there is none."""
        with self._lock:
            return copy.deepcopy(self._find(kind, name))

    def all(self, kind: Kind) -> list[Record]:
        """Return every record of a kind, oldest first."""
        with self._lock:
            return copy.deepcopy(list(self._records[kind.word].values()))

    @contextmanager
    def edit(self, kind: Kind, name: str, *, persist: bool = True) -> Iterator[Record]:
        """Give the record itself to change while nobody else can; keep it at the end."""
        with self._lock:
            record = self._find(kind, name)
            yield record
            record["LastModifiedTime"] = time.time()
            if persist:
                self._save()

    def update(self, kind: Kind, name: str, **members: Any) -> None:
        """Set members of a record."""
        with self.edit(kind, name) as record:
            record.update(copy.deepcopy(members))

    def remove(self, kind: Kind, name: str) -> Record:
        """Forget a record and its tags; return what it was."""
        with self._lock:
            record = self._find(kind, name)
            del self._records[kind.word][name]
            self._tags.pop(self.arn(kind, name), None)
            self._save()
            return record

    def tags(self, arn: str) -> list[Record]:
        """Return a resource's tags, in the order they came."""
        arn = arn.lower()
        with self._lock:
            self._known(arn)
            return [{"Key": key, "Value": value} for key, value in self._tags.get(arn, {}).items()]

    def add_tags(self, arn: str, tags: list[Record]) -> list[Record]:
        """Add or replace tags and return all of them."""
        arn = arn.lower()
        with self._lock:
            self._known(arn)
            self._tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})
            self._save()
            return self.tags(arn)

    def _find(self, kind: Kind, name: str) -> Record:
        record = self._records[kind.word].get(name)
        if record is None:
            raise kind.not_found(name, self.arn(kind, name))
        return record

    def _known(self, arn: str) -> None:
        for kind in KINDS:
            if any(self.arn(kind, name) == arn for name in self._records[kind.word]):
                return
        raise invalid(f"Could not find resource {arn!r}")

    def save_again(self) -> None:
        """Write what could not be written before."""
        with self._lock:
            if self._unsaved:
                self._save()

    def _save(self) -> bool:
        """Write everything; tell whether that went well. If not, it is for `save_again`."""
        saved = {"records": self._records, "tags": self._tags}
        try:
            durable.write(self._file, json.dumps(saved))
        except OSError as exc:
            logger.warning("%s cannot be written: %s", self._file, exc)
            self._unsaved = True
            return False
        self._unsaved = False
        return True


def _saved(text: str) -> dict[str, Any]:
    saved = json.loads(text)
    for part in ("records", "tags"):
        if not isinstance(saved[part], dict):
            raise TypeError(f"its {part} are no object")
    return saved  # type: ignore[no-any-return]
