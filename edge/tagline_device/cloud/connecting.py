"""A connection by what device.json says: mTLS with certificates, or a laptop's WebSocket."""

import os
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tagline.formats.devices import DeviceConfig
from tagline_device.cloud.address import signed_path
from tagline_device.errors import Refused

_MTLS, _PLAIN = 8883, 80
_GREENGRASS = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"  # set for its components
KEEPALIVE = 30  # seconds; after half as much again without a word the connection is gone
_PATIENCE = 10.0  # seconds that connecting may take


def client(config: DeviceConfig, folder: Path) -> mqtt.Client:
    """Return a client that is made ready and not connected; raise Refused where files are missing.

    `folder` is where device.json lies, from which its paths lead.
    """
    websocket = config.transport == "websocket"
    made = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=_client_id(config.device, os.environ),
        transport="websockets" if websocket else "tcp",
        reconnect_on_failure=False,
    )
    made.connect_timeout = _PATIENCE
    if websocket:
        made.ws_set_options(_path(config), headers={"Host": config.endpoint})
    else:
        made.tls_set_context(_trusting(config, folder))
    return made


def open_connection(made: mqtt.Client, config: DeviceConfig) -> None:
    """Connect; raise OSError where nobody answers."""
    host, _, port = config.endpoint.partition(":")
    default = _PLAIN if config.transport == "websocket" else _MTLS
    made.connect(host, int(port) if port else default, keepalive=KEEPALIVE)


def _client_id(device: str, environment: Mapping[str, str]) -> str:
    """Return who is connecting: Greengrass has a connection by the thing's name itself."""
    return f"{device}#tagline" if _GREENGRASS in environment else device


def _path(config: DeviceConfig) -> str:
    if config.access_key is None or config.secret_key is None:
        return "/mqtt"
    return signed_path(
        config.endpoint, config.region, config.access_key, config.secret_key, datetime.now(UTC)
    )


def _trusting(config: DeviceConfig, folder: Path) -> ssl.SSLContext:
    """Return a context that proves who the device is and trusts the endpoint's authority alone."""
    told = {name: getattr(config, name) for name in ("certificate", "key", "ca")}
    if missing := [name for name, path in told.items() if path is None]:
        raise Refused(f"device.json: mtls wants {', '.join(missing)} as well")
    files = {name: folder / path for name, path in told.items()}
    try:
        context = ssl.create_default_context(cafile=files["ca"])
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(files["certificate"], files["key"])
    except OSError as exc:  # ssl's own errors are of these, too
        raise Refused(
            f"device.json: {', '.join(map(str, files.values()))} cannot be used: {exc}"
        ) from exc
    return context
