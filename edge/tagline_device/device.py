"""The device put together: camera, page, results, connection, updates."""

import logging
import threading
from collections import deque
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tagline.formats.devices import DeviceConfig
from tagline_device.clock import stamp
from tagline_device.cloud.jobs import Jobs
from tagline_device.cloud.messenger import Messenger
from tagline_device.errors import UnusableVersion
from tagline_device.health import Health
from tagline_device.model import Model
from tagline_device.results.outbox import Outbox
from tagline_device.results.telling import Teller
from tagline_device.updates.installing import Installer
from tagline_device.updates.versions import Versions
from tagline_device.video.loop import Loop, Seen
from tagline_device.video.sources import open_source
from tagline_device.web.server import Pages, Server

log = logging.getLogger(__name__)
_LATEST = 10  # results on the page
_LAST_WORDS = 10.0  # seconds to hand over what waits when a film is over
OUTBOX = "results.sqlite"


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    source: str
    state: Path
    folder: Path
    host: str
    port: int
    loop: bool
    fps_limit: float | None


def run(config: DeviceConfig, options: Options, stop: threading.Event) -> None:
    """Run until somebody says stop, or the film is over; raise Refused where it cannot begin."""
    with ExitStack() as closing:
        versions = Versions(options.state)
        outbox = Outbox(
            options.state / OUTBOX, config.sending.buffer_rows, config.sending.buffer_bytes
        )
        closing.callback(outbox.close)
        messenger = Messenger(config, options.folder, outbox)
        teller = Teller(config.device, config.sending, outbox, messenger.post)
        latest = _Latest()

        def told(seen: Seen) -> None:
            latest.see(seen)
            teller.tell(seen)

        source = open_source(options.source, loop=options.loop)
        loop = Loop(source, told, fps_limit=options.fps_limit)
        health = Health(config, loop, outbox, messenger)
        pages = _pages(loop, health, messenger, latest)
        server = closing.enter_context(Server(options.host, options.port, pages))
        start_with(versions, loop, health)
        installer = Installer(config, versions, loop.use)
        messenger.add(health)
        jobs = Jobs(config.device, installer.update, messenger.post, health.say)
        messenger.add(jobs)
        threading.Thread(target=server.serve_forever, name="page", daemon=True).start()
        closing.callback(server.shutdown)
        messenger.start()
        threading.Thread(target=health.keep_saying, args=(stop,), daemon=True).start()
        log.info("the page is at http://%s:%d/", options.host, server.server_port)
        try:
            if source.ends:
                loop.await_model(stop)
            loop.run(stop)
            if not stop.is_set():
                jobs.settle(_LAST_WORDS)  # the film may be over before its model's job is
        finally:
            stop.set()
            teller.close()
            messenger.close(_LAST_WORDS)


def start_with(versions: Versions, loop: Loop, health: Health) -> None:
    """Load the current version, or where that is damaged the one before it; or none."""
    current = versions.current
    for version in versions.candidates():
        try:
            loop.use(Model.load(versions.folder(version)))
        except UnusableVersion as exc:
            log.warning("version %s: %s", version, exc)
            health.update = f"{version} cannot be used: {exc}"
            continue
        if version != current:
            versions.switch(version)
        versions.prune()
        return


class _Latest:
    """The last results of which each says another thing than the one before."""

    def __init__(self) -> None:
        self._said: object = None
        self._rows: deque[dict[str, Any]] = deque(maxlen=_LATEST)

    def see(self, seen: Seen) -> None:
        said = (seen.version, seen.answer.said)
        if said != self._said:
            self._said = said
            told = {"at": stamp(seen.at), "version": seen.version}
            self._rows.appendleft(told | asdict(seen.answer))

    def rows(self) -> list[dict[str, Any]]:
        return list(self._rows)


def _pages(loop: Loop, health: Health, messenger: Messenger, latest: _Latest) -> Pages:
    def well() -> bool:
        return loop.alive and loop.model is not None

    def status() -> dict[str, Any]:
        return {
            "health": health.look(),
            "well": well(),
            "online": messenger.online,
            "results": latest.rows(),
        }

    return Pages({"/device": loop.device, "/project": loop.project}, status, well)
