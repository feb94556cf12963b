"""Write into the laptop cloud's CloudWatch Logs from inside its process, and read by prefix."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from local import patching

_MODULE = "ministack.services.cloudwatch_logs"
_lock = threading.Lock()  # ministack's check for a group and its creation are two steps


def install() -> None:
    """Check the names used here; let FilterLogEvents keep to the streams of a prefix, as AWS does.

    Raises UnexpectedMinistack.
    """
    for name in ("_create_log_group", "_create_log_stream", "_put_log_events"):
        patching.function(_MODULE, name, "data")
    groups = patching.member(_MODULE, "_log_groups", object)
    resolve = patching.function(_MODULE, "_resolve_log_group_name", "data")
    answer = patching.function(_MODULE, "_filter_log_events", "data")

    def of_prefix(data: dict[str, Any]) -> Any:
        prefix, group = data.get("logStreamNamePrefix"), groups.get(resolve(data))
        if prefix and group:
            names = [name for name in group["streams"] if name.startswith(prefix)]
            data = {**data, "logStreamNames": names or [""]}  # none of them
        return answer(data)

    patching.replace(_MODULE, "_filter_log_events", of_prefix, "data")


def append(group: str, stream: str, lines: Iterable[str]) -> None:
    """Append lines to a log stream with the present time; group and stream come to be on demand.

    They are visible to `logs.get_log_events` when this returns.
    """
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line]
    names = {"logGroupName": group, "logStreamName": stream}
    with _lock:
        _call("_create_log_group", {"logGroupName": group})
        _call("_create_log_stream", names)
        if events:
            _call("_put_log_events", {**names, "logEvents": events})


def writer(group: str, stream: str) -> Callable[[str], None]:
    """Return a function that appends one line to a log stream."""
    append(group, stream, [])
    return lambda line: append(group, stream, [line])


def _call(name: str, request: dict[str, Any]) -> None:
    status, _, body = patching.function(_MODULE, name, "data")(request)
    answer = json.loads(body or b"{}")
    if status >= 400 and "AlreadyExists" not in answer.get("__type", ""):  # noqa: PLR2004
        raise RuntimeError(f"CloudWatch Logs refused {name[1:]}: {answer}")
