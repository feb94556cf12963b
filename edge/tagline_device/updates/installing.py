"""A version from its signed statement to being the current one; a failure leaves the old one."""

import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tagline.formats.devices import DeviceConfig
from tagline.formats.edge import EdgeUpdate, Statement
from tagline.formats.edge_keys import version_order
from tagline.formats.names import InvalidName
from tagline_device.errors import UnusableVersion, UpdateRefused
from tagline_device.model import Model, check_files, read_manifest
from tagline_device.updates.download import fetch
from tagline_device.updates.signing import signed
from tagline_device.updates.trying import try_out
from tagline_device.updates.unpacking import MOST_UNPACKED, unpack
from tagline_device.updates.versions import Versions

MOST_BYTES = 512 * 1024 * 1024
SPARE = 32 * 1024 * 1024  # bytes that stay free on the disk


class Installer:
    """Installs versions of one device's dataset; `use` gets the model of each that is switched to.

    One update at a time.
    """

    def __init__(
        self,
        config: DeviceConfig,
        versions: Versions,
        use: Callable[[Model], object],
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._config = config
        self._versions = versions
        self._use = use
        self._wait = wait

    def update(self, update: EdgeUpdate) -> str:
        """Fetch and install what a job asks for; return what to say of it, or raise UpdateRefused.

        What was installed already, because the program was ended between switching and saying so,
        is said to be.
        """
        statement = self._checked(update.statement, update.signature)
        for key in ("dataset", "version"):
            asked, told = getattr(update, key), getattr(statement, key)
            if asked != told:
                raise UpdateRefused(f"{key}: the job has {asked!r}, and {told!r} was signed")
        if self._runs(statement, update.statement):
            self._versions.forget_half_done()
            return f"{statement.version} runs"
        path = self._versions.incoming(f"{statement.sha256}.zip")
        self._versions.forget_half_done(keep=path)
        self._room(statement.bytes - (path.stat().st_size if path.exists() else 0))
        fetch(
            update.url,
            statement,
            path,
            plain=self._config.transport == "websocket",
            wait=self._wait,
        )
        try:
            self._install(path, statement, update.statement)
        finally:
            path.unlink(missing_ok=True)
        return f"{statement.version} runs"

    def install(self, archive: Path, statement: str, signature: str) -> str:
        """Install an archive that lies here; return its version, or raise UpdateRefused.

        The version before the current one may come back so, as Greengrass does where a deployment
        fails: who can start programs here is not who an old job could be played to.
        """
        told = self._checked(statement, signature)
        if told.version == self._versions.previous and self._was(told.version, statement):
            self._versions.switch(told.version)
        elif not self._runs(told, statement):
            self._versions.forget_half_done()
            with archive.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if (found, archive.stat().st_size) != (told.sha256, told.bytes):
                raise UpdateRefused("archive: SHA-256 or size are not those that were signed")
            self._room(told.bytes)
            self._install(archive, told, statement)
        return told.version

    def _checked(self, text: str, signature: str) -> Statement:
        statement = signed(text, signature, self._config.signing_key)
        if statement.dataset != self._config.dataset:
            raise UpdateRefused(
                f"dataset: this device is of {self._config.dataset!r}, and {statement.dataset!r} "
                "was signed"
            )
        if not 0 < statement.bytes <= MOST_BYTES:
            raise UpdateRefused(f"archive: {statement.bytes} bytes; at most {MOST_BYTES} are taken")
        return statement

    def _runs(self, statement: Statement, text: str) -> bool:
        """Return whether the version is the current one; raise UpdateRefused for an older one."""
        current = self._versions.current
        if current is None:
            return False
        try:
            older = version_order(statement.version) < version_order(current)
        except InvalidName as exc:
            raise UpdateRefused(str(exc)) from exc
        if older:
            raise UpdateRefused(
                f"version: {statement.version} is older than {current}, which runs; to go back, "
                "promote the older run again, which gives it a version of its own"
            )
        if statement.version != current:
            return False
        if not self._was(current, text):
            raise UpdateRefused(f"version: {current} runs already, of another archive")
        return True

    def _was(self, version: str, text: str) -> bool:
        """Return whether a version was installed by the same statement."""
        return self._versions.statement(version) == text

    def _room(self, more: int) -> None:
        """Raise UpdateRefused where so many bytes more leave no room on the disk."""
        free = shutil.disk_usage(self._versions.state).free
        if free < more + SPARE:
            raise UpdateRefused(f"disk: {free} bytes are free, too few for {more} more")

    def _install(self, archive: Path, statement: Statement, text: str) -> None:
        version = statement.version
        place = self._versions.folder(version)
        if not self._was(version, text) or not _whole(place):
            folder = self._versions.emptied(f"{version}.new")
            try:
                free = shutil.disk_usage(folder).free - SPARE
                unpack(archive, statement, folder, most=min(MOST_UNPACKED, free))
                try_out(folder)
                place = self._versions.place(folder, version, text)
            except OSError as exc:
                raise UpdateRefused(f"disk: {exc.strerror or exc}") from exc
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        try:
            model = Model.load(place)
        except UnusableVersion as exc:
            raise UpdateRefused(str(exc)) from exc
        self._versions.switch(version)
        self._use(model)
        self._versions.prune()


def _whole(folder: Path) -> bool:
    """Return whether all files of a version are there as they should be."""
    try:
        check_files(folder, read_manifest(folder))
    except UnusableVersion:
        return False
    return True
