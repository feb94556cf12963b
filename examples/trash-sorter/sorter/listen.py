"""`python -m sorter.listen DEVICE.JSON COUNT`: what a device tells by MQTT, a line a result.

It connects as the laptop cloud lets anybody who has its keys; on AWS a listener needs rights of its
own, and no device's certificate is one.
"""

import queue
import sys
from collections.abc import Sequence
from pathlib import Path

import paho.mqtt.client as mqtt
from msgspec import structs

from tagline.formats.devices import DeviceConfig
from tagline.formats.document import decode
from tagline.formats.edge_messages import results_topic
from tagline_device.cloud.connecting import client, open_connection

_PATIENCE = 60.0  # seconds without a result


def main(arguments: Sequence[str]) -> int:
    """Print so many results as they come; 1 where none comes."""
    path, count = Path(arguments[0]), int(arguments[1])
    config = decode(path.read_bytes(), DeviceConfig, str(path))
    heard: queue.Queue[bytes] = queue.Queue()
    listener = client(structs.replace(config, device=f"{config.device}-listener"), path.parent)

    def ask(*_: object) -> None:
        listener.subscribe(results_topic(config.device), 1)

    def hear(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        heard.put(bytes(message.payload))

    listener.on_connect, listener.on_message = ask, hear
    open_connection(listener, config)
    listener.loop_start()
    try:
        for _ in range(count):
            print(heard.get(timeout=_PATIENCE).decode().strip(), flush=True)
    except queue.Empty:
        print(f"{results_topic(config.device)}: no result in {_PATIENCE:g} s", file=sys.stderr)
        return 1
    finally:
        listener.loop_stop()
        listener.disconnect()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
