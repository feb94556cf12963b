"""S3 requests that cannot be carried out are refused, and leave what was there as it was.

ministack changes its memory first, sends the event, and then writes files. Here the files come
before the event, and where they cannot be written memory goes back.
"""

import contextvars
import errno
import functools
import html
import logging
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local import object_bodies, object_listing, patching
from local.context import Cloud
from local.event_listeners import Listeners
from local.events import TOLD
from local.object_bodies import FileBody, may_stay
from local.object_completion import Completion
from local.object_files import ObjectFiles
from local.object_parts import Parts
from local.space import CODE, REFUSED, Space

_S3 = "ministack.services.s3"
_DISPATCH = ("method", "bucket", "key", "headers", "body", "query_params")
_ERROR = ("code", "message", "status", "resource", "extra", "headers")
FIRE = (
    "bucket_name",
    "key",
    "event_name",
    "size",
    "etag",
    "deletion_type",
    "version_id",
    "object_extra",
    "record_extra",
)
_TELLING = 32  # threads
_READS = ("GET", "HEAD", "OPTIONS")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LIST = re.compile(r"[^/]+/(?:lists|ratings)/.+")
_KEYS = re.compile(rb"<Key>(.*?)</Key>", re.DOTALL)
_Response = tuple[int, dict[str, str], bytes | FileBody]
_Event = Callable[[], None]
logger = logging.getLogger("local.object_writes")
_events: contextvars.ContextVar[list[_Event] | None] = contextvars.ContextVar(
    "events", default=None
)
# whether who asked takes a body that lies in a file
streams: contextvars.ContextVar[bool] = contextvars.ContextVar("streams", default=False)


def install(cloud: Cloud, space: Space) -> "Requests":
    """Put every S3 request under the rule."""
    object_bodies.install()
    object_listing.install()
    ObjectFiles().install()
    requests = Requests(space)
    patching.replace(_S3, "_dispatch", requests.answer, *_DISPATCH)
    _tell_when_written()
    parts = Parts(cloud)
    parts.install()
    Completion(parts).install()
    return requests


def _tell_when_written() -> None:
    """Have events wait for the files, and then for a thread that is free.

    ministack starts a thread for each event, and has the request wait until it runs.
    """
    fire = patching.function(_S3, "_fire_s3_event_async", *FIRE)
    tell = patching.function(_S3, "_fire_s3_event", *TOLD)
    sequencer = patching.function(_S3, "_next_event_sequencer", "event_name")
    listeners = Listeners()
    threads = ThreadPoolExecutor(_TELLING, thread_name_prefix="s3-event")

    @functools.wraps(fire)
    def fire_when_written(*arguments: Any, **options: Any) -> None:
        told = {**dict(zip(FIRE, arguments, strict=False)), **options}
        if not listeners.may_be(told["bucket_name"], told["key"]):
            return
        told["sequencer"] = sequencer(told["event_name"])
        events = _events.get()

        def submit() -> None:
            threads.submit(contextvars.copy_context().run, functools.partial(tell, **told))

        if events is None:
            submit()
        else:
            events.append(submit)

    patching.replace(_S3, "_fire_s3_event_async", fire_when_written, *FIRE)


class Requests:
    """ministack's dispatch of S3 requests, each carried out as a whole."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._memory = _Memory()
        self._dispatch = patching.function(_S3, "_dispatch", *_DISPATCH)
        self._error = patching.function(_S3, "_error", *_ERROR)

    def answer(  # noqa: PLR0917 - ministack's own signature
        self,
        method: str,
        bucket: str,
        key: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> _Response:
        """Carry a request out, or refuse it; a body may be bytes in a file where that is wanted."""
        resource = f"/{bucket}/{key}"
        if method in {"PUT", "POST"} and _LIST.fullmatch(key):
            refusal = self._space.refusal()
            if refusal is not None:
                return self._refused(CODE, refusal, REFUSED, resource)
        undo = _nothing
        if method not in _READS:
            undo = self._memory.keep(bucket, _keys(key, body, query_params), query_params)
        events: list[_Event] = []
        token, staying = _events.set(events), may_stay.set(True)
        wanted = streams.get()
        streams.set(False)  # what the events lead to is asked by somebody else
        try:
            answer: _Response = self._dispatch(method, bucket, key, headers, body, query_params)
            if not wanted and isinstance(answer[2], FileBody):
                answer = (*answer[:2], answer[2].whole())
        except OSError as exc:
            undo()
            return self.refused(exc, method, resource)
        finally:
            _events.reset(token)
            may_stay.reset(staying)
        for fire in events:
            fire()
        return answer

    def refused(self, exc: OSError, method: str, resource: str) -> _Response:
        """Return what is answered where the disk does not take something."""
        logger.warning("%s %s is refused: %s", method, resource, exc)
        if exc.errno not in _FULL:
            return self._refused("InternalError", f"The laptop's disk: {exc}", 500, resource)
        self._space.ran_out()
        full = f"The laptop's disk is full, so nothing was changed: {exc}"
        return self._refused(CODE, full, REFUSED, resource)

    def _refused(self, code: str, message: str, status: int, resource: str) -> _Response:
        refused: _Response = self._error(code, message, status, resource)
        return refused


def _nothing() -> None:
    """Undo what was only read."""


def _keys(key: str, body: bytes, query: dict[str, list[str]]) -> list[str]:
    if key:
        return [key]
    found = _KEYS.findall(body) if "delete" in query else []
    return [html.unescape(name.decode("utf-8", errors="replace")) for name in found]


class _Memory:
    """What ministack holds of objects in memory."""

    def __init__(self) -> None:
        self._buckets = patching.member(_S3, "_buckets", object)
        self._versions = patching.member(_S3, "_object_versions", object)
        self._uploads = patching.member(_S3, "_multipart_uploads", object)
        self._has_file = patching.function(
            _S3, "_version_file_exists", "bucket_name", "key", "version_id", "account_id"
        )
        names = ("tags", "acl", "annotations", "retention", "legal_hold")
        self._about = [patching.member(_S3, f"_object_{name}", object) for name in names]

    def keep(
        self, bucket: str, keys: Iterable[str], query: dict[str, list[str]]
    ) -> Callable[[], None]:
        """Return what puts all of the keys, and an upload under way, back as they are now."""
        puts = [self._keep_key(bucket, key) for key in keys]
        puts += [_putter(self._uploads, name) for name in query.get("uploadId", ())]

        def undo() -> None:
            for put in puts:
                put()

        return undo

    def _keep_key(self, bucket: str, key: str) -> Callable[[], None]:
        objects = (self._buckets.get(bucket) or {}).get("objects", {})
        former = dict(objects[key]) if key in objects else None
        versions = [dict(version) for version in self._versions.get((bucket, key)) or ()]
        ids = {None, *(version["version_id"] for version in versions)}
        puts = [_putter(store, (bucket, key, name)) for store in self._about for name in ids]
        current = (former or {}).get("version_id") or "null"

        def undo() -> None:
            if former is None:
                objects.pop(key, None)
            else:
                objects[key] = former
            left = [  # a version may be gone for good: its removal cannot be undone
                version
                for version in versions
                if version.get("is_delete_marker")
                or version["version_id"] == current
                or self._has_file(bucket, key, version["version_id"])
            ]
            if left:
                self._versions[bucket, key] = left
            else:
                self._versions.pop((bucket, key), None)
            for put in puts:
                put()

        return undo


def _putter(store: Any, key: object) -> Callable[[], None]:
    former = store.get(key)
    return lambda: store.pop(key, None) if former is None else store.__setitem__(key, former)
