"""Where a laptop cloud runs and keeps its state, and whether one does."""

import errno
import os
import socket
from pathlib import Path

import msgspec

from tagline.cli.environments import ROOT
from tagline.cli.errors import Refused
from tagline.formats.document import Record, UnreadableDocument, decode_record

HOST = "127.0.0.1"
STATE = Path(os.environ.get("TAGLINE_STATE") or ROOT / ".tagline").absolute()
CLOUD_FILE = STATE / "cloud.json"
LAPTOP_KEY = "test"
LAPTOP_SECRET = "test"  # noqa: S105 - of a laptop cloud that asks for none


class CloudFile(Record, kw_only=True):
    """What `tagline up` leaves for the other commands while it runs."""

    endpoint: str
    port: int
    pid: int
    outputs: dict[str, str]
    secret_key: str = LAPTOP_SECRET

    def write(self, path: Path) -> None:
        """Write the file in one step, so that no reader sees half of it."""
        make_private(path.parent)
        draft = path.with_suffix(f".{self.pid}.draft")
        draft.touch(0o600)
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
        draft.replace(path)


def make_private(folder: Path) -> None:
    """Make a folder, if need be, that no other account of the machine can enter."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def live_cloud(path: Path | None = None) -> CloudFile | None:
    """Return the laptop cloud that `tagline up` runs now, or None.

    A file left by a killed process names a dead process or a silent port: that is no cloud.
    """
    path = path or CLOUD_FILE
    try:
        cloud = decode_record(path.read_bytes(), CloudFile, path.name)
    except FileNotFoundError:
        return None
    except UnreadableDocument as exc:
        raise Refused(f"{path} is not what `tagline up` writes: remove it ({exc})") from exc
    return cloud if _alive(cloud.pid) and port_taken(cloud.port) else None


def port_taken(port: int) -> bool:
    """Return whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) != errno.ECONNREFUSED  # a slow answer is one too


def free_port() -> int:
    """Return a port that nothing uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's process, but it lives
        return True
    return True
