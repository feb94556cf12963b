"""`tagline device`: a device registered, with all that it needs to connect, or removed again."""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import botocore
import msgspec

from tagline.aws.faults import Conflict
from tagline.cli.errors import Refused
from tagline.cli.output import print_json, say
from tagline.cli.places import make_private
from tagline.cli.target import Target, find_target, is_laptop
from tagline.cli.things import (
    DATASET,
    STACK,
    data_endpoint,
    find_thing,
    make_thing,
    remove_thing,
)
from tagline.fleet.registered import TIME
from tagline.formats.device_options import Sending
from tagline.formats.devices import DeviceConfig, DeviceKeys, RegisteredDevice, check_device
from tagline.formats.document import encode
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import DATASET as DATASET_NAME
from tagline.formats.names import check_dataset
from tagline.planning.inputs import read_settings
from tagline.settings import InvalidSettings

FILE = "device.json"
SIGNING_KEY = "EdgeSigningKeyArn"
"""The stack's output that names the key which releases are signed with."""
_CERTIFICATE, _KEY, _CA = "certificate.pem", "key.pem", "ca.pem"
_GROUP = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_ROOTS = re.compile(
    r'# Label: "Amazon Root CA \d"\n.*?(-----BEGIN.*?END CERTIFICATE-----\n)', re.DOTALL
)


def device(
    action: Literal["add", "remove"],
    name: str,
    *,
    dataset: str | None,
    group: str | None,
    out: Path | None,
    stack: str,
    as_json: bool,
) -> None:
    """Register a device, or remove one."""
    check_device(name)
    if dataset is not None:
        check_dataset(dataset)
    target = find_target(stack)
    if action == "remove":
        if group or out:
            raise Refused("device remove: --group and --out are for `device add`")
        _remove(target, name, dataset, as_json=as_json)
        return
    if dataset is None:
        raise Refused(f"device add: whose model does {name} run? --dataset DATASET")
    if group is not None and not _GROUP.fullmatch(group):
        raise Refused(
            f"--group {group[:60]!r}: a thing group's name is 1 to 128 letters, digits, ':', '_' "
            "or '-'"
        )
    folder = (out or Path(name)).absolute()
    _add(_Asked(target, name, dataset, group), folder, as_json=as_json)


@dataclass(frozen=True)
class _Asked:
    """What is to be registered."""

    target: Target
    name: str
    dataset: str
    group: str | None


def _add(asked: _Asked, folder: Path, *, as_json: bool) -> None:
    target, name = asked.target, asked.name
    if (folder / FILE).exists():
        raise Refused(f"{folder / FILE} is there already: another device's; name another --out")
    _check_known(target, asked.dataset)
    _check_free(target, name)
    sending = Sending(frames_per_day=_frames(target, asked.dataset))
    signing_key = _signing_key(target)
    endpoint = data_endpoint(target)
    make_private(folder)
    made = make_thing(target, name, asked.dataset, asked.group)
    known = RegisteredDevice(
        device=name,
        dataset=asked.dataset,
        thing=made.thing,
        certificate=made.certificate,
        group=asked.group,
        registered=f"{datetime.now(UTC):{TIME}}",
    )
    laptop = is_laptop(target.endpoint)
    credentials = target.session.get_credentials() if laptop else None
    config = DeviceConfig(
        device=name,
        dataset=asked.dataset,
        region=target.session.region_name or "us-east-1",
        endpoint=endpoint,
        transport="websocket" if laptop else "mtls",
        certificate=_CERTIFICATE,
        key=_KEY,
        ca=None if laptop else _CA,
        signing_key=signing_key,
        access_key=credentials.access_key if credentials else None,
        secret_key=credentials.secret_key if credentials else None,
        sending=sending,
    )
    try:
        _write(folder / _CERTIFICATE, made.pem.encode())
        _write(folder / _KEY, made.key.encode())
        if not laptop:
            _write(folder / _CA, _amazon_roots().encode())
        _register(target, known)
        _write(folder / FILE, encode(config))  # last: who finds it finds all
    except BaseException:
        remove_thing(target, name)
        raise
    if as_json:
        print_json({**msgspec.to_builtins(known), "folder": str(folder)})
    else:
        _tell(known, folder, signed=signing_key is not None)


def _tell(known: RegisteredDevice, folder: Path, *, signed: bool) -> None:
    say(f"Registered {known.device}: copy {folder} to it, and nowhere else; {_KEY} is its proof")
    if known.group is None:
        say(
            "It is in no group, so no release reaches it: name one of dataset.yaml's edge.targets "
            "by --group",
            style="yellow",
        )
    if not signed:
        say("The stack signs no releases: the device will install none", style="yellow")
    say(f"Start it there: tagline-device --device {FILE} --source /dev/video0")


def _check_known(target: Target, dataset: str) -> None:
    for _ in target.bucket.keys(f"{dataset}/"):
        return
    known = [name for name in target.bucket.folders("") if DATASET_NAME.fullmatch(name)]
    there = f"there are {', '.join(known[:10])}" if known else "there is none yet"
    raise Refused(f"no dataset {dataset} in s3://{target.bucket.name}: {there}")


def _frames(target: Target, dataset: str) -> int:
    """Return how many unsure frames a day the dataset wants; raises Refused for bad settings."""
    try:
        return read_settings(target.bucket, DatasetKeys(dataset)).edge.frames
    except InvalidSettings as exc:
        raise Refused(f"{dataset}/dataset.yaml: {exc}") from exc


def _check_free(target: Target, name: str) -> None:
    found = find_thing(target, name)
    if found is None:
        return
    whose = (
        f"it is of dataset {found.get(DATASET)}: `tagline device remove {name}` removes it"
        if found.get(STACK) == target.stack
        else f"it is stack {found[STACK]}'s"
        if STACK in found
        else "and Tagline did not make it"
    )
    raise Refused(f"device {name}: a thing of this name is there already; {whose}")


def _register(target: Target, known: RegisteredDevice) -> None:
    key = DeviceKeys(known.dataset).device(known.device)
    try:
        target.bucket.write_over(key, known, None)
    except Conflict:  # of a device that was removed by half
        target.bucket.write(key, known)


def _signing_key(target: Target) -> str | None:
    """Return the public key that releases are signed with, PEM; None where a stack signs none."""
    arn = target.stack_outputs().get(SIGNING_KEY)
    if not arn:
        return None
    public = target.client("kms").get_public_key(KeyId=arn)["PublicKey"]
    return pem_of(public)


def pem_of(der: bytes) -> str:
    """Return a public key's DER as PEM (RFC 7468)."""
    text = base64.b64encode(der).decode()
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""))


def _amazon_roots() -> str:
    """Return the certificates that AWS IoT's endpoints go back to, of those botocore trusts."""
    bundle = Path(botocore.__file__).with_name("cacert.pem").read_text(encoding="utf-8")
    return "".join(_ROOTS.findall(bundle))


def _write(path: Path, data: bytes) -> None:
    """Write a file that its owner alone may read, before there is anything in it."""
    path.touch(0o600)
    path.chmod(0o600)
    path.write_bytes(data)


def _remove(target: Target, name: str, dataset: str | None, *, as_json: bool) -> None:
    found = find_thing(target, name)
    if found is not None and found.get(STACK) != target.stack:
        raise Refused(f"device {name}: the thing of this name is not of stack {target.stack}")
    datasets = [dataset] if dataset else _registered_in(target, name)
    if found is None and not datasets:
        raise Refused(f"stack {target.stack} has no device {name}: `tagline devices` lists them")
    if found is not None:
        whose = found.get(DATASET)
        if dataset and whose != dataset:
            raise Refused(f"device {name} is of dataset {whose}, not of {dataset}")
        remove_thing(target, name)
    for each in datasets:
        key = DeviceKeys(each).device(name)
        target.s3.delete_object(Bucket=target.bucket.name, Key=key)
    if as_json:
        print_json({"device": name, "removed": True, "datasets": datasets})
    else:
        say(f"Removed {name}, and revoked its certificate; what it said stays until it expires")


def _registered_in(target: Target, name: str) -> list[str]:
    return [
        dataset
        for dataset in target.bucket.folders("")
        if DATASET_NAME.fullmatch(dataset)
        and target.bucket.head(DeviceKeys(dataset).device(name)) is not None
    ]
