"""A dataset's devices as people want to see them: who is there, and who runs the champion."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from tagline.aws.s3 import Bucket
from tagline.fleet.registered import TIME
from tagline.formats.devices import DeviceKeys, RegisteredDevice
from tagline.formats.edge import EdgeRelease
from tagline.formats.edge_keys import EdgeKeys, highest_first

ONLINE = timedelta(minutes=5)  # after it was last heard of; devices say how they are each minute
MOST_DEVICES = 1000
_AT_ONCE = 16
_LOOKED_AT = 10  # versions


def devices_of(bucket: Bucket, dataset: str) -> list[RegisteredDevice]:
    """Return a dataset's devices by their names, the first MOST_DEVICES.

    One that cannot be read is left out, with a warning in the log.
    """
    keys = []
    for key in bucket.keys(DeviceKeys(dataset).devices):
        keys.append(key)
        if len(keys) == MOST_DEVICES:
            break
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda key: bucket.whole(key, RegisteredDevice), keys)
        return [device for device in found if device is not None]


def released(bucket: Bucket, dataset: str, run: str | None) -> str | None:
    """Return the version that a champion was released to devices as; None where it was not."""
    keys = EdgeKeys(dataset)
    versions = highest_first(bucket.folders(keys.prefix)) if run else []
    for version in versions[:_LOOKED_AT]:
        release = bucket.whole(keys.release(version), EdgeRelease)
        if release is not None and release.run == run:
            return version
    return None


def is_online(device: RegisteredDevice, now: datetime) -> bool:
    """Tell whether a device was heard of in the last minutes."""
    if device.seen is None:
        return False
    return now - datetime.strptime(device.seen, TIME).replace(tzinfo=UTC) < ONLINE
