"""A device: what it is given to connect with, and what a dataset knows of it."""

from dataclasses import dataclass
from typing import Literal

from tagline.formats.device_options import Sending
from tagline.formats.document import Document
from tagline.formats.edge_messages import DEVICE
from tagline.formats.names import InvalidName, check_dataset

_SEQUENCE = 12  # digits in a key: keys sort as sequences do


class DeviceConfig(Document, kw_only=True):
    """`device.json`: all that `tagline-device` has to know to connect as itself, and nothing else.

    Over `mtls` the certificate is the device's proof, and there are no keys of an account. Over
    `websocket`, which is the laptop's way, it connects to `ws://<endpoint>/mqtt`, and signs that
    address as AWS IoT wants it (Signature Version 4 in the query, service `iotdevicegateway`).
    """

    device: str
    """Its name: the thing's, and the MQTT client id."""
    dataset: str
    """Whose model it runs."""
    region: str
    endpoint: str
    """Host of MQTT, and on a laptop its port behind a colon; 8883 otherwise."""
    transport: Literal["mtls", "websocket"]
    certificate: str | None = None
    """PEM file, as the two below: a path from the folder that this file lies in."""
    key: str | None = None
    """Of the certificate; nobody else has it."""
    ca: str | None = None
    """Of the endpoint."""
    signing_key: str | None = None
    """The public key, PEM, that what is installed has to be signed with; null where a stack has
    none: nothing is installed then."""
    access_key: str | None = None
    """Of the laptop cloud, like the secret; null on AWS."""
    secret_key: str | None = None
    sending: Sending = Sending()
    """What it sends, and how much it keeps while it is offline."""


class RegisteredDevice(Document, kw_only=True):
    """A device of a dataset, and what was last heard of it."""

    device: str
    dataset: str
    thing: str
    """ARN."""
    certificate: str | None = None
    """Its id; null on a laptop, where none is asked for."""
    group: str | None = None
    """The thing group that it is updated with."""
    registered: str
    """ISO 8601, UTC, like `seen`."""
    seen: str | None = None
    """When it was last heard of, by the cloud's clock, to the minute; null: never."""
    version: str | None = None
    """Of the model that it runs; null as long as it runs none."""
    fps: float | None = None
    """Frames a second that it classifies."""
    temperature: float | None = None
    """Degrees Celsius, where it can tell."""
    uptime: float | None = None
    """Seconds."""
    buffered: int | None = None
    """Results that wait on the device to be sent."""
    dropped: int | None = None
    """Results that it had no room for, ever."""
    camera: bool | None = None
    """Whether frames come."""
    update: str | None = None
    """What came of its last update, in its own words."""
    problem: str | None = None
    """Why something that it sent was last refused."""
    problem_at: str | None = None
    """When that was: ISO 8601, UTC."""


def check_device(device: str) -> str:
    """Return `device` unchanged, or raise InvalidName with the rule it breaks."""
    if not DEVICE.fullmatch(device):
        raise InvalidName(
            f"device {device[:70]!r}: a name is 1 to 64 letters, digits, '-' or '_', "
            "beginning and ending with a letter or digit"
        )
    return device


@dataclass(frozen=True)
class DeviceKeys:
    """Keys of what a dataset knows of its devices."""

    dataset: str

    def __post_init__(self) -> None:
        check_dataset(self.dataset)

    @property
    def devices(self) -> str:
        """Prefix of the registered devices."""
        return f"{self.dataset}/devices/"

    def device(self, device: str) -> str:
        """Return the key of a registered device."""
        return f"{self.devices}{check_device(device)}.json"

    @property
    def results(self) -> str:
        """Prefix of what devices said of what they saw; it expires."""
        return f"{self.dataset}/edge-results/"

    def result(self, device: str, day: str, sequence: int) -> str:
        """Return the key of a device's result of a day (2026-11-27), one for each sequence."""
        return f"{self.results}{check_device(device)}/{day}/{sequence:0{_SEQUENCE}d}.json"
