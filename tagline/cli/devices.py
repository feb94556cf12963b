"""`tagline devices`: which devices there are, what they run, when they were last heard of."""

from datetime import UTC, datetime

import msgspec
from rich.text import Text

from tagline.cli.errors import Refused
from tagline.cli.output import emit, print_json, rows_table, say
from tagline.cli.target import Target, find_target
from tagline.fleet.overview import devices_of, is_online, released
from tagline.formats.devices import RegisteredDevice
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import DATASET, check_dataset
from tagline.formats.outcomes import Champion
from tagline.formats.printable import printable


def devices(dataset: str | None, *, stack: str, as_json: bool) -> None:
    """List the devices of a dataset, or of all."""
    if dataset is not None:
        check_dataset(dataset)
    target = find_target(stack)
    now = datetime.now(UTC)
    datasets = [dataset] if dataset else list(filter(DATASET.fullmatch, target.bucket.folders("")))
    rows = [
        (device, version, is_online(device, now))
        for each in datasets
        for device, version in _of(target, each)
    ]
    if dataset and not rows and not any(True for _ in target.bucket.keys(f"{dataset}/")):
        raise Refused(f"no dataset {dataset} in s3://{target.bucket.name}")
    if as_json:
        print_json(
            [
                {**msgspec.to_builtins(device), "champion": version, "online": online}
                for device, version, online in rows
            ]
        )
        return
    if not rows:
        say("No device is registered: `tagline device add NAME --dataset DATASET`")
        return
    columns = ("Device", "Dataset", "Group", "Version", "Champion", "Last seen", ">fps", "Said")
    emit(rows_table(columns, (_row(*row) for row in rows), title="Devices"))


def _of(target: Target, dataset: str) -> list[tuple[RegisteredDevice, str | None]]:
    found = devices_of(target.bucket, dataset)
    if not found:
        return []
    champion = target.bucket.whole(DatasetKeys(dataset).champion, Champion)
    version = released(target.bucket, dataset, champion.run if champion else None)
    return [(device, version) for device in found]


def _row(device: RegisteredDevice, champion: str | None, online: bool) -> tuple[object, ...]:
    behind = champion is not None and device.version != champion
    return (
        device.device,
        device.dataset,
        device.group,
        Text(printable(device.version or "none"), style="yellow" if behind else ""),
        champion or "not released",
        Text(device.seen or "never", style="green" if online else "dim"),
        None if device.fps is None else f"{device.fps:.1f}",
        device.problem or device.update,
    )
