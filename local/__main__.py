"""`python -m local --port P --state-dir D`: run the laptop cloud in the foreground."""

import argparse
import fcntl
import os
import socket
import sys
import time
from pathlib import Path
from typing import TextIO

from local import settings
from local.context import HOST, Cloud
from local.durable import Damaged
from local.persistence import NotAStateDirectory, prepare, take_up
from tagline.formats.arguments import Arguments
from tagline.formats.printable import printable_lines

_DYING_SECONDS = 2.0
_LONGEST_OWNER = 100  # characters
SECRET = "TAGLINE_SECRET_KEY"  # noqa: S105 - the variable's name


def main() -> int:
    """Check that nothing is in the way, then serve until told to stop."""
    os.umask(0o077)  # buckets, logs and keys are their owner's
    options = _parse()
    cloud = Cloud(
        options.port,
        options.state_dir.resolve(),
        options.root.resolve(),
        free_floor=options.free_floor << 20,
        secret_key=_secret() if options.locked else "test",
        locked=options.locked,
    )
    busy = _port_problem(cloud.port)
    if busy:
        return _refuse(f"{HOST}:{cloud.port} {busy}; choose another with --port")
    cloud.state_dir.parent.mkdir(parents=True, exist_ok=True)
    lock = cloud.state_dir.with_name(f"{cloud.state_dir.name}.lock").open("a+")
    if not _is_ours(lock):
        return _refuse(f"another laptop cloud is using {cloud.state_dir}{_owner(lock)}")
    lock.truncate(0)
    lock.write(f"{cloud.port} {options.parent_pid or os.getpid()}\n")
    lock.flush()
    try:
        prepare(cloud, fresh=options.fresh)
    except NotAStateDirectory as exc:
        return _refuse(str(exc))
    cloud.state_dir.chmod(0o700)  # it may be older than this rule
    settings.apply(cloud)
    print(f"opening {cloud.state_dir}", flush=True)  # whoever waits may write there from now on
    from local import patching, server  # noqa: PLC0415 - ministack reads its settings at import

    server.configure_logging(cloud)
    try:
        take_up(cloud)
        server.run(cloud, options.parent_pid)
    except (patching.UnexpectedMinistack, Damaged) as exc:
        return _refuse(str(exc))
    return 0


def _parse() -> argparse.Namespace:
    parser = Arguments(prog="python -m local", description=__doc__)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--state-dir", type=Path, default=Path(".tagline/cloud"))
    parser.add_argument("--fresh", action="store_true", help="start empty, forgetting all state")
    parser.add_argument(
        "--free-floor",
        type=int,
        default=os.environ.get("TAGLINE_FREE_FLOOR_MIB", "512"),
        metavar="MIB",
        help="begin nothing new with less free on the disk (default: $TAGLINE_FREE_FLOOR_MIB, 512)",
    )
    parser.add_argument(
        "--locked",
        action="store_true",
        help=f"take only requests that were signed with the secret key in ${SECRET}",
    )
    parser.add_argument("--parent-pid", type=int, help="stop when this process ends")
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(__file__).parents[1],
        help="the folder with containers/ and .venvs/ (default: this repository)",
    )
    return parser.parse_args()


def _secret() -> str:
    """Take the secret key out of the environment, which every account may not read."""
    try:
        return os.environ.pop(SECRET)
    except KeyError:
        sys.exit(_refuse(f"--locked needs a secret key in ${SECRET}"))


def _is_ours(lock: TextIO) -> bool:
    """Take a lock; one that was just killed may hold it for a moment more."""
    deadline = time.monotonic() + _DYING_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _owner(lock: TextIO) -> str:
    """Return where the cloud that holds a lock listens and how it is stopped, if it says so."""
    lock.seek(0)
    port, _, pid = lock.read(_LONGEST_OWNER).strip().partition(" ")
    if not (port.isdecimal() and pid.isdecimal()):  # of an older version, or not written yet
        return ""
    return (
        f": it listens at http://{HOST}:{port}, and Ctrl-C in its terminal, or `kill {pid}`, "
        "stops it; --state-dir names another folder"
    )


def _port_problem(port: int) -> str | None:
    """Return why the port cannot be listened on, or None."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as exc:
            return f"cannot be used ({exc.strerror})"
    return None


def _refuse(reason: str) -> int:
    print(printable_lines(f"laptop cloud: {reason}"), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
