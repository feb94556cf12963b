"""`tagline-device`: run, install a version from a file, go back to the one before, tell of it."""

import argparse
import json
import logging
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tagline.formats.devices import DeviceConfig
from tagline.formats.document import UnreadableDocument, decode
from tagline_device.disk import alone
from tagline_device.errors import Refused, UnusableVersion

_PORT = 8090


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code: 2 for what is refused."""
    asked = _parsed(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        done: int = asked.do(asked)
    except (Refused, UnusableVersion) as exc:
        print(f"tagline-device: {exc}", file=sys.stderr)
        return 2
    return done


def _run(asked: argparse.Namespace) -> int:
    from tagline_device.device import Options, run  # noqa: PLC0415 - `--help` needs no camera

    config = _config(asked)
    options = Options(
        source=asked.source,
        state=_state(asked),
        folder=asked.device.parent,
        host=asked.host,
        port=asked.port,
        loop=asked.loop,
        fps_limit=asked.fps_limit,
    )
    try:
        with alone(options.state), _until_a_signal() as stop:
            run(config, options, stop)
    except OSError as exc:
        raise Refused(f"{exc.filename or f'{asked.host}:{asked.port}'}: {exc.strerror}") from exc
    except sqlite3.Error as exc:
        raise Refused(f"{options.state}: results cannot be kept there: {exc}") from exc
    return 0


@contextmanager
def _until_a_signal() -> Iterator[threading.Event]:
    """Give what says stop when somebody ends the program by SIGTERM or Ctrl-C."""
    stop, before = threading.Event(), {}
    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _install(asked: argparse.Namespace) -> int:
    from tagline_device.updates.installing import Installer  # noqa: PLC0415
    from tagline_device.updates.versions import Versions  # noqa: PLC0415

    config = _config(asked)
    installer = Installer(config, Versions(_state(asked)), lambda _: None)
    if not asked.archive.is_file():
        raise Refused(f"{asked.archive}: no such file")
    with alone(_state(asked)):
        version = installer.install(asked.archive, _text(asked.statement), _text(asked.signature))
    print(f"{version} is installed")
    return 0


def _back(asked: argparse.Namespace) -> int:
    from tagline_device.model import Model  # noqa: PLC0415
    from tagline_device.updates.versions import Versions  # noqa: PLC0415

    versions = Versions(_state(asked))
    if (version := versions.previous) is None:
        raise Refused("there is no version before the current one")
    with alone(versions.state):
        Model.load(versions.folder(version))
        versions.switch(version)
    print(f"{version} is current")
    return 0


def _status(asked: argparse.Namespace) -> int:
    from tagline_device.device import OUTBOX  # noqa: PLC0415
    from tagline_device.results.outbox import Outbox  # noqa: PLC0415
    from tagline_device.updates.versions import Versions  # noqa: PLC0415

    config, state = _config(asked), _state(asked)
    versions = Versions(state)
    outbox = Outbox(state / OUTBOX, config.sending.buffer_rows, config.sending.buffer_bytes)
    said = {
        "device": config.device,
        "dataset": config.dataset,
        "version": versions.current,
        "previous": versions.previous,
        "installed": versions.installed,
        "buffered": outbox.waiting,
        "dropped": outbox.dropped,
    }
    outbox.close()
    print(json.dumps(said, indent=1))
    return 0


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what was asked: running, unless the first word is another command."""
    others: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
        "install": (_install, "Install a signed version that lies here."),
        "back": (_back, "Make the version before the current one again."),
        "status": (_status, "Say which versions are here, and what waits to be delivered."),
    }
    name = arguments[0] if arguments and arguments[0] in others else None
    do, words = others[name] if name else (_run, "Tags what a camera sees, on this device.")
    parser = argparse.ArgumentParser(
        prog=" ".join(filter(None, ("tagline-device", name))),
        description=words,
        epilog=None if name else f"Also: {', '.join(others)}; each with --help.",
    )
    parser.set_defaults(do=do)
    parser.add_argument(
        "--device",
        type=Path,
        default=Path("device.json"),
        help="what `tagline device add` wrote; %(default)s",
    )
    parser.add_argument("--state", type=Path, help="where versions and results lie: beside it")
    parser.add_argument("--dataset", help="whose model; has to be the registered one")
    if name is None:
        _running(parser)
    if name == "install":
        parser.add_argument("archive", type=Path, help="model.zip")
        parser.add_argument("--statement", required=True, help="the signed text, or @FILE")
        parser.add_argument("--signature", required=True, help="base64, or @FILE")
    return parser.parse_args(arguments[1:] if name else arguments)


def _running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", required=True, help="where frames come from: a film, /dev/video0, rtsp://…"
    )
    parser.add_argument("--loop", action="store_true", help="begin a film again when it is over")
    parser.add_argument("--fps-limit", type=_positive, metavar="N", help="frames a second at most")
    parser.add_argument("--host", default="127.0.0.1", help="who may see the page; %(default)s")
    parser.add_argument("--port", type=int, default=_PORT, help="of the page; %(default)s")


def _positive(text: str) -> float:
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError("more than 0")
    return number


def _config(asked: argparse.Namespace) -> DeviceConfig:
    """Return what device.json says; raise Refused where it is not there, wrong, or of another."""
    path: Path = asked.device
    try:
        config = decode(path.read_bytes(), DeviceConfig, str(path))
    except OSError as exc:
        raise Refused(
            f"{path}: {exc.strerror}; `tagline device add NAME --dataset D --out FOLDER` writes it"
        ) from exc
    except UnreadableDocument as exc:
        raise Refused(str(exc)) from exc
    if asked.dataset not in (None, config.dataset):
        raise Refused(
            f"--dataset {asked.dataset}: this device is registered for {config.dataset!r}; "
            "`tagline device add` registers it for another"
        )
    return config


def _state(asked: argparse.Namespace) -> Path:
    state: Path = asked.state or asked.device.parent / "state"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state


def _text(told: str) -> str:
    """Return an argument, or what is in the file that it names with an @ in front."""
    try:
        return Path(told[1:]).read_text().strip() if told.startswith("@") else told
    except OSError as exc:
        raise Refused(f"{told[1:]}: {exc.strerror}") from exc
