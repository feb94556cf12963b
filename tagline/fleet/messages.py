"""A device's message, read and held against what may be: its form, whose it is, its clock."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tagline.formats.document import Record, UnreadableDocument, decode_record
from tagline.formats.edge_messages import MOST_BYTES, EdgeFrame, EdgeHealth, EdgeResult
from tagline.formats.fleet_steps import DeviceMessage
from tagline.formats.names import InvalidName, check_dataset
from tagline.formats.printable import printable

AHEAD = timedelta(minutes=10)  # that a device's clock may be
M = TypeVar("M", EdgeResult, EdgeFrame, EdgeHealth)


class Refused(ValueError):
    """A message that is not kept; it says why, in words for who keeps the device."""


class Unknown(Refused):
    """A message of a device that no dataset of this stack has: of another stack's, it may be."""


def read(message: DeviceMessage, kind: type[M]) -> M:
    """Return what a device said; raises Refused for what is no such message, or another's."""
    what = f"tagline/{message.device}/{message.kind}"
    found = _decoded(_bytes(message, what), kind, what)
    if found.device != message.device:
        raise Refused(f"{what}: the message says that it is of {printable(found.device)[:70]}")
    try:
        check_dataset(found.dataset)
    except InvalidName as exc:
        raise Refused(f"{what}: {exc}") from exc
    return found


class _Head(Record):
    dataset: str


def dataset_of(message: DeviceMessage) -> str | None:
    """Return which dataset a message names that is else none, so that its device can be told."""
    try:
        head = decode_record(_bytes(message, ""), _Head, "")
        return check_dataset(head.dataset)
    except (Refused, UnreadableDocument, InvalidName):
        return None


def taken_at(at: str, received: datetime, kept_days: int) -> datetime:
    """Return when a frame was taken; raises Refused for a time that a right clock cannot show.

    Frames wait on a device while it is offline, but not longer than results are kept.
    """
    try:
        taken = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as exc:
        raise Refused(f"at: {printable(at)[:40]} is no time") from exc
    if taken > received + AHEAD:
        raise Refused(f"at: {at} is yet to come: set the device's clock")
    if taken < received - timedelta(days=kept_days):
        raise Refused(
            f"at: {at} is more than {kept_days} days ago, which is as long as results are kept; "
            "if it is not, set the device's clock"
        )
    return taken


def received_at(message: DeviceMessage) -> datetime:
    """Return when the cloud received a message."""
    return datetime.fromtimestamp(message.received / 1000, UTC)


def _bytes(message: DeviceMessage, what: str) -> bytes:
    try:
        data = base64.b64decode(message.payload, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Refused(f"{what}: the rule passed on no base64") from exc
    if len(data) > MOST_BYTES:
        raise Refused(f"{what}: {len(data):,} bytes; {MOST_BYTES:,} go")
    return data


def _decoded(data: bytes, kind: type[M], what: str) -> M:
    try:
        return decode_record(data, kind, what)
    except UnreadableDocument as exc:
        raise Refused(printable(str(exc))[:300]) from exc
