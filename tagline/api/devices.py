"""GET /datasets/{dataset}/devices: who is there, what runs where, and frames that want labels."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.devices_documents import Devices, DeviceShown, FrameScore, FrameShown
from tagline.api.documents import LINK_SECONDS
from tagline.api.problem import not_found
from tagline.fleet.overview import devices_of, is_online, released
from tagline.formats.devices import RegisteredDevice
from tagline.formats.feedback import Sample
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.keys import DatasetKeys
from tagline.formats.outcomes import Champion
from tagline.formats.owners import owns_run

_FRAMES = 24
_READ, _DAYS = 200, 7  # samples that are looked at for them, and days
_READERS = 16


def devices(bucket: DataBucket, dataset: str, now: datetime | None = None) -> Devices:
    """Return a dataset's devices and its frames; raises a 404 for a dataset that nobody made."""
    found = devices_of(bucket, dataset)
    if not found and not bucket.holds(f"{dataset}/"):
        raise not_found("unknown_dataset", f"There is no dataset {dataset}.")
    champion = bucket.whole(DatasetKeys(dataset).champion, Champion)
    run = champion.run if champion and owns_run(dataset, champion.run) else None
    version = released(bucket, dataset, run)
    moment = now or datetime.now(UTC)
    return Devices(
        dataset=dataset,
        run=run,
        version=version,
        devices=[_shown(device, version, moment) for device in found],
        frames=list(_frames(bucket, dataset)),
    )


def _shown(device: RegisteredDevice, version: str | None, now: datetime) -> DeviceShown:
    known: dict[str, Any] = msgspec.to_builtins(device)
    names = DeviceShown.__struct_fields__
    return DeviceShown(
        **{name: known[name] for name in names if name in known},
        online=is_online(device, now),
        current=None if version is None else device.version == version,
    )


def _frames(bucket: DataBucket, dataset: str) -> Iterator[FrameShown]:
    """Yield the newest frames that nobody has labelled."""
    keys = FeedbackKeys(dataset)
    days = sorted(bucket.folders(keys.sampled), reverse=True)[:_DAYS]
    named = (
        key for day in days for key in bucket.keys(f"{keys.sampled}{day}/") if key.endswith(".json")
    )

    def wanted(key: str) -> Sample | None:
        sample = bucket.whole(key, Sample)
        if sample is None or sample.device is None or sample.dataset != dataset:
            return None
        # what is labelled was copied there
        return None if bucket.holds(f"{keys.images}{sample.sha256}.") else sample

    with ThreadPoolExecutor(_READERS) as pool:
        found = [each for each in pool.map(wanted, islice(named, _READ)) if each is not None]
    for sample in sorted(found, key=lambda each: each.at, reverse=True)[:_FRAMES]:
        asked = {
            "Bucket": bucket.name,
            "Key": sample.key,
            "ResponseContentType": "image/jpeg",
        }
        yield FrameShown(
            hash=sample.sha256,
            device=sample.device or "",
            at=sample.at,
            run=sample.run,
            scores=[
                FrameScore(label=label, score=score)
                for label, score in sorted(sample.scores.items(), key=lambda each: -each[1])
            ],
            bytes=sample.bytes,
            url=bucket.client.generate_presigned_url(
                "get_object", Params=asked, ExpiresIn=LINK_SECONDS
            ),
        )
