"""What Greengrass remembers, in one file that is replaced whole at each change."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local import durable
from local.context import Cloud
from local.greengrass.errors import GreengrassError
from local.space import CODE, REFUSED

Record = dict[str, Any]
_PARTS = ("components", "deployments", "tags")


class Store:
    """Component versions by ARN, deployments by id, tags by ARN; each in the order it came."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._file = cloud.state_dir / "greengrass.json"
        self._lock = threading.RLock()
        saved = durable.read(self._file, _saved) or {part: {} for part in _PARTS}
        self.components: dict[str, Record] = saved["components"]
        self.deployments: dict[str, Record] = saved["deployments"]
        self.tags: dict[str, dict[str, str]] = saved["tags"]

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource."""
        return f"arn:aws:greengrass:{self._cloud.region}:{self._cloud.account}:{resource}"

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep what the block changes; raises GreengrassError where it cannot be written."""
        with self._lock:
            yield
            saved = {part: getattr(self, part) for part in _PARTS}
            try:
                durable.write(self._file, json.dumps(saved))
            except OSError as exc:
                raise GreengrassError(CODE, f"{self._file} cannot be written", REFUSED) from exc


def page(records: list[Record], request: Record, key: str, most: int = 100) -> Record:
    """Return a page of a listing, and the token of the next one where there is more."""
    begin = int(request.get("nextToken") or 0)
    size = int(request.get("maxResults") or most)
    more = {"nextToken": str(begin + size)} if begin + size < len(records) else {}
    return {key: records[begin : begin + size], **more}


def _saved(text: str) -> dict[str, Any]:
    saved = json.loads(text)
    for part in _PARTS:
        if not isinstance(saved[part], dict):
            raise TypeError(f"its {part} are no object")
    return saved  # type: ignore[no-any-return]
