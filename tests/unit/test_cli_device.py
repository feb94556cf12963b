"""`tagline device` and `tagline devices`: what is made, what is refused, and that nothing stays."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from tagline.cli import device as module
from tagline.cli import devices as devices_module
from tagline.cli import things
from tagline.cli.belongings import _devices, delete_belonging
from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.formats.devices import DeviceConfig, RegisteredDevice
from tagline.formats.document import decode
from tests.unit.cli_stack import BUCKET, OUTPUTS, put, stack

__all__ = ["stack"]
runner = CliRunner()
SHADOWS = "https://data-ats.iot.us-east-1.amazonaws.com"  # where moto has them
RESULT = "trash/edge-results/belt-3/2026-11-27/000000000001.json"


@pytest.fixture
def known(stack: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A stack with the dataset `trash` and the policy of its devices."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(things, "data_address", lambda _: SHADOWS)
    for each in (module, devices_module):  # clients of IoT are slow to make
        monkeypatch.setattr(each, "find_target", lambda _stack, found=stack: found)
    put(stack, "trash/labels.txt", b"compost\n")
    stack.iot.create_policy(policyName="tagline-device", policyDocument="{}")
    return stack


def run(*arguments: str, code: int = 0) -> Result:
    result = runner.invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result


def add(name: str = "belt-3", *more: str, code: int = 0) -> Result:
    return run("device", "add", name, "--dataset", "trash", *more, code=code)


def left(target: Target) -> tuple[list[Any], list[Any]]:
    """Return which things and certificates there are."""
    iot = target.iot
    return iot.list_things()["things"], iot.list_certificates()["certificates"]


def test_a_device_gets_a_thing_a_certificate_the_policy_and_files_of_its_own(
    known: Target, tmp_path: Path
) -> None:
    told = json.loads(add("belt-3", "--group", "belts", "--out", "d", "--json").stdout)

    config = decode((tmp_path / "d/device.json").read_bytes(), DeviceConfig, "here")
    assert (config.device, config.dataset, config.transport) == ("belt-3", "trash", "mtls")
    assert config.endpoint.endswith("-ats.iot.us-east-1.amazonaws.com")
    assert (config.certificate, config.key, config.ca) == (
        "certificate.pem",
        "key.pem",
        "ca.pem",
    )
    assert config.access_key is config.secret_key is None
    assert config.sending.frames_per_day == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "d").iterdir()}
    assert modes == dict.fromkeys(["certificate.pem", "key.pem", "ca.pem", "device.json"], 0o600)
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o700
    assert "PRIVATE KEY" in (tmp_path / "d/key.pem").read_text()
    roots = (tmp_path / "d/ca.pem").read_text()
    assert roots.count("BEGIN CERTIFICATE") == roots.count("END CERTIFICATE") == 4
    iot = known.iot
    thing = iot.describe_thing(thingName="belt-3")
    assert thing["attributes"] == {"tagline-stack": "tagline", "tagline-dataset": "trash"}
    (principal,) = iot.list_thing_principals(thingName="belt-3")["principals"]
    assert iot.list_attached_policies(target=principal)["policies"][0]["policyName"] == (
        "tagline-device"
    )
    assert iot.list_things_in_thing_group(thingGroupName="belts")["things"] == ["belt-3"]
    device = known.bucket.read("trash/devices/belt-3.json", RegisteredDevice)
    assert (device.group, device.certificate) == ("belts", principal.rpartition("/")[2])
    assert told["device"] == "belt-3"


def test_a_device_may_send_as_many_frames_as_the_dataset_wants(
    known: Target, tmp_path: Path
) -> None:
    put(known, "trash/dataset.yaml", b"edge: {frames: 7}\n")
    add()
    config = decode((tmp_path / "belt-3/device.json").read_bytes(), DeviceConfig, "here")
    assert config.sending.frames_per_day == 7
    put(known, "trash/dataset.yaml", b"edge: {frames: many}\n")
    assert "edge.frames" in add("other", code=1).stderr


def test_the_roots_are_amazon_s(known: Target) -> None:
    first = module._amazon_roots().split("-----")[2]
    digest = hashlib.sha256(base64.b64decode(first)).hexdigest()
    # https://www.amazontrust.com/repository/
    assert digest == "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e"


def test_a_device_knows_the_key_that_releases_are_signed_with(
    known: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    arn = key["KeyMetadata"]["Arn"]
    outputs = {**OUTPUTS, module.SIGNING_KEY: arn}
    monkeypatch.setattr(Target, "stack_outputs", lambda _self: outputs)
    add()

    config = decode((tmp_path / "belt-3/device.json").read_bytes(), DeviceConfig, "here")
    assert config.signing_key is not None
    lines = config.signing_key.splitlines()
    assert (lines[0], lines[-1]) == ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")
    der = base64.b64decode("".join(lines[1:-1]))
    assert der == boto3.client("kms").get_public_key(KeyId=arn)["PublicKey"]


REFUSED: list[tuple[list[str], str]] = [
    (["add", "a b", "--dataset", "trash"], "1 to 64 letters"),
    (["add", "../x", "--dataset", "trash"], "1 to 64 letters"),
    (["add", "x" * 65, "--dataset", "trash"], "1 to 64 letters"),
    (["add", "ok"], "--dataset DATASET"),
    (["add", "ok", "--dataset", "nope"], "there are trash"),
    (["add", "ok", "--dataset", "a/b"], "dataset 'a/b'"),
    (["add", "ok", "--dataset", "trash", "--group", "a b"], "thing group's name"),
    (["remove", "nobody"], "has no device nobody"),
    (["remove", "ok", "--out", "x"], "for `device add`"),
]


def test_what_cannot_be_is_refused_and_makes_nothing(known: Target) -> None:
    for arguments, word in REFUSED:
        assert word in run("device", *arguments, code=1).stderr
    assert left(known) == ([], [])


def test_a_name_that_is_taken_is_refused_with_whose_it_is(known: Target, tmp_path: Path) -> None:
    iot = known.iot
    iot.create_thing(thingName="pump")
    iot.create_thing(thingName="cam", attributePayload={"attributes": {"tagline-stack": "other"}})
    add()

    assert "it is of dataset trash" in add("belt-3", "--out", "e", code=1).stderr
    assert "Tagline did not make it" in add("pump", code=1).stderr
    assert "it is stack other's" in add("cam", code=1).stderr
    assert "is there already" in add("belt-4", "--out", "belt-3", code=1).stderr
    assert "not of stack tagline" in run("device", "remove", "cam", code=1).stderr
    assert "not of stack tagline" in run("device", "remove", "pump", code=1).stderr
    assert sorted(each["thingName"] for each in left(known)[0]) == ["belt-3", "cam", "pump"]
    assert not (tmp_path / "e").exists()


def test_a_stack_without_a_policy_for_devices_leaves_nothing(
    stack: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(things, "data_address", lambda _: SHADOWS)
    put(stack, "trash/labels.txt", b"compost\n")
    assert "deploy the current template" in add("x", "--out", f"{tmp_path}/x", code=1).stderr
    assert left(stack) == ([], [])


def test_a_step_that_fails_leaves_nothing(
    known: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(module, "_register", full)
    assert "no space left" in add(code=1).stderr
    assert left(known) == ([], [])
    assert not (tmp_path / "belt-3/device.json").exists()


def test_remove_revokes_and_deletes_and_leaves_what_was_said(known: Target) -> None:
    add("belt-3", "--group", "belts")
    add("belt-4")
    put(known, RESULT, b"{}")
    run("device", "remove", "belt-3")

    seen, certificates = left(known)
    assert [each["thingName"] for each in seen] == ["belt-4"]
    assert len(certificates) == 1
    assert list(known.bucket.keys("trash/devices/")) == ["trash/devices/belt-4.json"]
    assert known.bucket.head(RESULT) is not None
    add("belt-3", "--out", "again")  # its name is free


def test_what_is_left_of_a_device_whose_thing_is_gone_is_removed(known: Target) -> None:
    add()
    things.remove_thing(known, "belt-3")
    run("device", "remove", "belt-3")

    assert not list(known.bucket.keys("trash/devices/"))


def test_devices_tells_versions_and_who_is_there(known: Target) -> None:
    assert "No device is registered" in run("devices").stderr
    add()
    add("x", "--out", "x")
    device = known.bucket.read("trash/devices/x.json", RegisteredDevice)
    stale = {"seen": "2020-01-01T00:00:00Z", "version": "1.200101.1", "fps": 99.5}
    text = json.dumps({**json.loads(json.dumps(_plain(device))), **stale, "problem": "\x1b[31mno"})
    known.s3.put_object(Bucket=BUCKET, Key="trash/devices/x.json", Body=text.encode())

    table = run("devices").stdout
    assert "1.200101.1" in table
    assert "99.5" in table
    assert "\x1b[31mno" not in table
    found = json.loads(run("devices", "trash", "--json").stdout)
    assert [each["device"] for each in found] == ["belt-3", "x"]
    assert [each["online"] for each in found] == [False, False]
    assert "no dataset nope" in run("devices", "nope", code=1).stderr


def test_destroy_takes_devices_and_the_groups_that_were_made_for_them(known: Target) -> None:
    iot = known.iot
    iot.create_thing_group(thingGroupName="theirs")
    add("belt-3", "--group", "belts")
    add("belt-4", "--group", "theirs")

    found = _devices(known)
    assert [(each.kind, each.name) for each in found] == [
        ("device", "belt-3"),
        ("device", "belt-4"),
        ("device group", "belts"),
    ]
    for each in found:
        delete_belonging(known, each)
    assert left(known) == ([], [])
    groups = [each["groupName"] for each in iot.list_thing_groups()["thingGroups"]]
    assert groups == ["theirs"]


def _plain(device: RegisteredDevice) -> dict[str, Any]:
    return {name: getattr(device, name) for name in device.__struct_fields__}
