"""CloudWatch Logs' events: bounded in memory, appended to files as they come.

ministack keeps every line, makes a stream an invocation, and would have all of it in the state
that is written every few seconds.
"""

import copy
import json
import logging
import threading
from itertools import islice
from pathlib import Path
from typing import Any

from local import patching

_APP = "ministack.app"
_LOGS = "ministack.services.cloudwatch_logs"
MOST_EVENTS = 10_000  # a stream
MOST_STREAMS = 1_000  # a group
MOST_BYTES = 8 << 20  # a file, of which there are two
_SLACK = 1.1  # what is above a limit goes in one piece
_RECORDS = 10_000  # pointers of GetLogRecord and Insights
_EVENTS = {"log_groups", "log_records", "queries"}  # of the state
logger = logging.getLogger("local.log_files")
_Event = dict[str, Any]


class LogFiles:
    """The newest events, in two files that take turns."""

    def __init__(self, folder: Path) -> None:
        self._new = folder / "logs.jsonl"
        self._old = folder / "logs.old.jsonl"
        self._lock = threading.Lock()
        self._stream = self._new.open("a", encoding="utf-8")
        self._groups = patching.member(_LOGS, "_log_groups", object)
        self._records = patching.member(_LOGS, "_log_records", object)
        self._guard = patching.member(_LOGS, "_log_events_lock", object)
        self._append = patching.function(_LOGS, "_append_log_events", "stream", "events")
        self._noted = 0
        self._create = patching.function(_LOGS, "_create_log_stream", "data")

    def install(self) -> None:
        """Take each event from where subscriptions get it; keep them out of ministack's state."""
        names = ("group_name", "stream_name", "events")
        hand_on = patching.function(_LOGS, "_fanout_to_subscription_filters", *names)

        def hand_on_and_keep(group_name: str, stream_name: str, events: list[_Event]) -> None:
            self._keep(group_name, stream_name, events)
            hand_on(group_name, stream_name, events)

        patching.replace(_LOGS, "_fanout_to_subscription_filters", hand_on_and_keep, *names)
        get_state = patching.function(_LOGS, "get_state")
        others = {
            name: patching.member(_LOGS, f"_{name}", object) for name in set(get_state()) - _EVENTS
        }
        kind = type(self._groups)

        def without_events() -> dict[str, Any]:
            groups = kind()
            for (account, region, name), group in self._groups.all_items():
                groups.set_scoped(account, region, name, {**group, "streams": {}})
            empty = {name: kind() for name in _EVENTS}
            return {**empty, **copy.deepcopy({**others, "log_groups": groups})}

        patching.replace(_LOGS, "get_state", without_events)
        load = patching.function(_APP, "_load_persisted_state")

        def load_with_events() -> None:
            load()
            self._take_up()

        patching.replace(_APP, "_load_persisted_state", load_with_events)

    def _take_up(self) -> None:
        """Put the kept events back into the groups that are still there."""
        for file in (self._old, self._new):
            if file.exists():
                with file.open(encoding="utf-8", errors="replace") as lines:
                    for line in lines:
                        self._restore(line)

    def _restore(self, line: str) -> None:
        try:
            group_name, stream_name, events = json.loads(line)
        except ValueError:  # the cloud was killed in the middle of it
            return
        group = self._groups.get(group_name)
        if group is None:
            return
        self._create({"logGroupName": group_name, "logStreamName": stream_name})
        stream = group["streams"][stream_name]
        self._append(stream, [{"ingestionTime": event["timestamp"], **event} for event in events])
        self._bound(group, stream)

    def _keep(self, group_name: str, stream_name: str, events: list[_Event]) -> None:
        group = self._groups.get(group_name) or {"streams": {}}
        stream = group["streams"].get(stream_name)
        if stream is not None:
            self._bound(group, stream)
        kept = [{key: event[key] for key in ("timestamp", "message")} for event in events]
        with self._lock:
            try:
                self._stream.write(json.dumps([group_name, stream_name, kept]) + "\n")
                self._stream.flush()
                if self._stream.tell() > MOST_BYTES:
                    self._stream.close()
                    self._new.replace(self._old)
                    self._stream = self._new.open("a", encoding="utf-8")
            except OSError as exc:
                logger.debug("log events are kept in memory only: %s", exc)

    def _bound(self, group: dict[str, Any], stream: dict[str, Any]) -> None:
        with self._guard:
            if len(stream["events"]) > MOST_EVENTS * _SLACK:
                del stream["events"][:-MOST_EVENTS]
            streams = group["streams"]
            if len(streams) > MOST_STREAMS * _SLACK:
                for name in list(islice(streams, len(streams) - MOST_STREAMS)):
                    del streams[name]
            self._noted += 1
            if self._noted > _RECORDS:
                self._records.clear()
                self._noted = 0
