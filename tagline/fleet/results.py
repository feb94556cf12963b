"""A device's results: one object for each sequence, whatever comes twice."""

from datetime import datetime

import msgspec

from tagline.aws.faults import Conflict
from tagline.aws.s3 import JSON, Bucket
from tagline.fleet.messages import Refused
from tagline.formats.devices import DeviceKeys
from tagline.formats.edge_messages import MOST_BYTES, EdgeResult

KEPT_TAG = "tagline=edge-results"
"""By which the bucket's rule deletes results after a time."""


def keep_result(bucket: Bucket, result: EdgeResult, taken: datetime) -> bool:
    """Keep a result where none of its day and sequence is; return whether it was kept now.

    The same result again is passed over. Raises Refused for another one: the first stays.
    """
    key = DeviceKeys(result.dataset).result(result.device, f"{taken:%Y-%m-%d}", result.sequence)
    data = msgspec.json.encode(result)
    try:
        bucket.put_over(key, data, JSON, None, KEPT_TAG)
    except Conflict:
        there = bucket.find_bytes(key, MOST_BYTES)
        if there is None or there.content == data:  # None: it went since, or is being written
            return False
        raise Refused(
            f"sequence {result.sequence}: another result has it already, which stays; a device "
            "that lost its state needs a new name"
        ) from None
    return True
