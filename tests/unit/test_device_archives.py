"""What a device refuses to install, and that it says why; the version that runs goes on."""

import base64
import io
import json
import os
import stat
import threading
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tagline.formats.devices import DeviceConfig
from tagline.formats.document import decode
from tagline.formats.edge import EdgeUpdate, read_statement
from tagline_device.errors import UnusableVersion, UpdateRefused
from tagline_device.model import Model
from tagline_device.updates import installing
from tagline_device.updates.download import fetch
from tagline_device.updates.installing import Installer
from tagline_device.updates.signing import signed
from tagline_device.updates.trying import smoke
from tagline_device.updates.unpacking import unpack
from tagline_device.updates.versions import Versions
from tests.edge.device_world import (
    Signer,
    archive,
    archive_files,
    device_json,
    manifest,
    statement,
    version,
    zipped,
)

SIGNER = Signer()
Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Version 5 runs; smoke images are scored here, where nothing has to be started for it."""
    config = decode(device_json(tmp_path, SIGNER, "x").read_bytes(), DeviceConfig, "device.json")

    def tried(folder: Path) -> None:
        try:
            smoke(folder)
        except UnusableVersion as exc:
            raise UpdateRefused(str(exc)) from exc

    monkeypatch.setattr(installing, "try_out", tried)
    made = Installer(config, Versions(tmp_path / "state"), lambda _: None, wait=lambda _: None)
    _install(made, archive(version(5)), 5)
    return made


def _install(installer: Installer, data: bytes, number: int, **changes: Any) -> str:
    state = installer._versions.state
    path = state / "given.zip"
    path.write_bytes(data)
    told = {"text": statement(data, version(number))} | changes
    signature = told.get("signature") or SIGNER.sign(told["text"])
    return installer.install(path, told["text"], signature)


def _refusal(installer: Installer, data: bytes, number: int = 6, **changes: Any) -> str:
    with pytest.raises(UpdateRefused) as refused:
        _install(installer, data, number, **changes)
    versions = installer._versions
    assert versions.current == version(5)
    assert Model.load(versions.folder(version(5))).manifest.version == version(5)
    assert [path.name for path in (versions.state / "versions").iterdir()] == [version(5)]
    return str(refused.value)


def test_a_newer_version_is_installed_and_the_one_before_kept(installer: Installer) -> None:
    assert _install(installer, archive(version(6)), 6) == version(6)
    assert _install(installer, archive(version(7)), 7) == version(7)
    assert installer._versions.installed == [version(7), version(6)]
    assert installer._versions.previous == version(6)


def test_the_version_before_comes_back_by_the_command_alone(
    installer: Installer, served: Any
) -> None:
    _install(installer, served.data, 6)
    five = archive(version(5))
    with pytest.raises(UpdateRefused, match="is older than"):
        installer.update(EdgeUpdate(**SIGNER.job(five, version(5), served.url)))
    assert _install(installer, five, 5) == version(5)
    assert (installer._versions.current, installer._versions.previous) == (version(5), version(6))


def test_the_same_version_again_is_done_already(installer: Installer) -> None:
    assert _install(installer, archive(version(5)), 5) == version(5)


def test_the_same_version_of_other_bytes_is_refused(installer: Installer) -> None:
    other = archive(version(5), created="2026-11-28T00:00:00Z")
    assert "of another archive" in _refusal(installer, other, 5)


def test_an_older_version_is_refused(installer: Installer) -> None:
    assert "is older than" in _refusal(installer, archive(version(4)), 4)


def test_another_datasets_version_is_refused(installer: Installer) -> None:
    data = archive(version(6), dataset="other")
    text = statement(data, version(6), "other")
    assert "this device is of 'colours'" in _refusal(installer, data, text=text)


@pytest.mark.parametrize(
    "signature",
    ["", "no base64!", base64.b64encode(b"x" * 70).decode(), Signer().sign("something")],
    ids=["empty", "no base64", "no signature", "another key's"],
)
def test_a_wrong_signature_is_refused(installer: Installer, signature: str) -> None:
    with pytest.raises(UpdateRefused, match="signature"):
        signed(statement(b"", version(6)), signature or "AA==", SIGNER.public)
    assert "signature" in _refusal(installer, archive(version(6)), signature=signature or "AA==")


def test_keys_that_are_none_are_refused() -> None:
    text = statement(b"", version(6))
    other = Signer(ec.generate_private_key(ec.SECP384R1()))
    for key in (None, "no key", other.public):
        with pytest.raises(UpdateRefused, match="signing_key"):
            signed(text, SIGNER.sign(text), key)


def test_a_statement_that_is_not_canonical_is_refused() -> None:
    text = statement(b"", version(6)).replace(",", ", ")
    with pytest.raises(UpdateRefused, match="in order"):
        signed(text, SIGNER.sign(text), SIGNER.public)


def test_other_bytes_than_were_signed_are_refused(installer: Installer) -> None:
    data = archive(version(6))
    text = statement(data, version(6))
    assert "SHA-256" in _refusal(installer, data[:-1] + b"\1", text=text)


def _zip_slip(files: dict[str, bytes]) -> None:
    files["../../evil"] = b"x"


def _absolute(files: dict[str, bytes]) -> None:
    files["/tmp/evil"] = b"x"


def _manifest_of(**changes: Any) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | changes).encode()

    return change


def _told_slip(files: dict[str, bytes]) -> None:
    told = json.loads(files["manifest.json"])
    told["files"]["../evil"] = told["files"]["labels.txt"]
    files["manifest.json"] = json.dumps(told).encode()
    files["../evil"] = files["labels.txt"]


def _other_file(files: dict[str, bytes]) -> None:
    files["labels.txt"] = b"RED\ngreen\nblue"[: len(files["labels.txt"])]


def _longer_file(files: dict[str, bytes]) -> None:
    files["labels.txt"] += b"x"


def _no_manifest(files: dict[str, bytes]) -> None:
    del files["manifest.json"]


def _missing(files: dict[str, bytes]) -> None:
    del files["labels.txt"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_zip_slip, "'../../evil' is in the archive only"),
        (_absolute, "'/tmp/evil' is in the archive only"),
        (_told_slip, "archive: manifest.json: Expected"),
        (_other_file, "'labels.txt' is not what its manifest says"),
        (_longer_file, "bytes, and 14 by the manifest"),
        (_missing, "'labels.txt' is in its manifest only"),
        (_no_manifest, "no manifest.json"),
        (_manifest_of(version=version(7)), "manifest.json has version"),
        (_manifest_of(dataset="other"), "manifest.json has dataset 'other'"),
        (_manifest_of(labels=["green", "red", "blue"]), "smoke.json has other labels"),
        (_manifest_of(model={"file": "labels.txt", "precision": "fp32"}), "cannot be loaded"),
        (_manifest_of(model={"file": "none.onnx", "precision": "fp32"}), "not among its files"),
        (_manifest_of(format=9), "update Tagline"),
    ],
)
def test_an_archive_that_is_not_its_manifest_is_refused(
    installer: Installer, change: Change, said: str
) -> None:
    files = archive_files()
    files = {"manifest.json": manifest(files, version(6)), **files}
    change(files)
    assert said in _refusal(installer, zipped(files))


def test_smoke_images_that_score_otherwise_are_refused(installer: Installer) -> None:
    files = archive_files(red=[0.1, 0.2, 0.3])
    data = zipped({"manifest.json": manifest(files, version(6)), **files})
    assert "smoke/red.png scores up to" in _refusal(installer, data)


def _entry(name: str, data: bytes, **changes: Any) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        entry = zipfile.ZipInfo(name)
        for key, value in changes.items():
            setattr(entry, key, value)
        target.writestr(entry, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no zip", "damaged"),
        (archive(version(6))[:-40], "damaged"),
        (_entry("a/", b""), "is no file"),
        (_entry("a", b"b", external_attr=(stat.S_IFLNK | 0o777) << 16), "is no file"),
        (_entry("a", b"b", compress_type=zipfile.ZIP_LZMA), "unknown way"),
        (zipped({f"{n}": b"" for n in range(501)}), "more than 500 files"),
        (_entry("manifest.json", b" " * 5_000_000), "no manifest.json of at most"),
    ],
    ids=["no zip", "cut off", "folder", "link", "lzma", "many", "large manifest"],
)
def test_odd_archives_are_refused(installer: Installer, data: bytes, said: str) -> None:
    assert said in _refusal(installer, data)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    files = archive_files() | {"zeros.bin": b"\0" * 3_000_000}
    data = zipped({"manifest.json": manifest(files, version(6)), **files})
    told = read_statement(statement(data, version(6)), "statement")
    path = tmp_path / "model.zip"
    path.write_bytes(data)
    with pytest.raises(UpdateRefused, match="more than 1000000 bytes unpacked"):
        unpack(path, told, tmp_path / "out", most=1_000_000)
    assert not (tmp_path / "out").exists()


def test_an_entry_that_is_longer_than_it_says_is_refused(installer: Installer) -> None:
    """The archive's directory says fewer bytes than the entry has, and so does the manifest."""
    files = archive_files() | {"zeros.bin": b"\0" * 100_000}
    short = {**files, "zeros.bin": b"\0" * 10}
    data = zipped({"manifest.json": manifest(short, version(6)), **files})
    lied = data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert "archive: " in _refusal(installer, lied)


def test_a_full_disk_is_said(installer: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "SPARE", 1 << 62)
    assert "bytes are free" in _refusal(installer, archive(version(6)))


class _Served(BaseHTTPRequestHandler):
    data, lies, requests = b"", b"", 0

    def do_GET(self) -> None:
        type(self).requests += 1
        begin = int(self.headers.get("Range", "bytes=0-")[6:-1])
        body = (self.lies or self.data)[begin:]
        none = begin > 0 and not body  # S3 refuses a range that begins behind the end
        self.send_response(416 if none else 206 if begin else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(self.data) // 2] if self.requests == 1 else body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served() -> Any:
    """A server whose first answer breaks off in the middle."""
    handler = type("Handler", (_Served,), {"data": archive(version(6))})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}/model.zip"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    server.server_close()


def _update(url: str, data: bytes, **changes: Any) -> EdgeUpdate:
    return EdgeUpdate(**(SIGNER.job(data, version(6), url) | changes))


def test_a_download_that_broke_off_goes_on(installer: Installer, served: Any) -> None:
    assert installer.update(_update(served.url, served.data)) == f"{version(6)} runs"
    assert served.requests == 2
    assert installer.update(_update("http://unasked", served.data)) == f"{version(6)} runs"


def test_what_was_fetched_of_another_file_is_fetched_again(
    installer: Installer, served: Any
) -> None:
    told = read_statement(statement(served.data, version(6)), "statement")
    path = installer._versions.incoming(f"{told.sha256}.zip")
    path.write_bytes(b"x" * 100)
    served.requests = 1
    fetch(served.url, told, path, plain=True, wait=lambda _: None)
    assert path.read_bytes() == served.data
    assert served.requests == 3


def test_fewer_bytes_than_were_signed_are_refused_at_once(
    installer: Installer, served: Any
) -> None:
    served.lies, served.requests = served.data[:100], 1
    with pytest.raises(UpdateRefused, match="fewer than the"):
        installer.update(_update(served.url, served.data))
    assert served.requests == 3
    assert installer._versions.current == version(5)


def test_other_bytes_or_more_of_them_are_refused(installer: Installer, served: Any) -> None:
    data = served.data
    for lies, said in ((b"y" * len(data), "SHA-256"), (data + b"y", "more than")):
        served.lies, served.requests = lies, 1
        with pytest.raises(UpdateRefused, match=said):
            installer.update(_update(served.url, data))
    assert installer._versions.current == version(5)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x"])
def test_other_addresses_are_refused(installer: Installer, url: str) -> None:
    with pytest.raises(UpdateRefused, match="does not begin with"):
        installer.update(_update(url, archive(version(6))))


def test_a_job_that_is_not_what_was_signed_is_refused(installer: Installer) -> None:
    for changes in ({"version": version(7)}, {"dataset": "other"}):
        with pytest.raises(UpdateRefused, match="was signed"):
            installer.update(_update("http://x", archive(version(6)), **changes))


def test_what_updates_left_behind_goes(installer: Installer, served: Any) -> None:
    versions = installer._versions
    versions.emptied(f"{version(3)}.new").joinpath("x").touch()
    versions.incoming("old.zip").touch()
    installer.update(_update(served.url, served.data))
    names = {path.name for path in (versions.state / "versions").iterdir()}
    assert names == {version(5), version(6)}


def test_all_is_on_the_disk_before_it_is_pointed_to(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut keeps what was synchronised: files, then folders, then the link's own folder."""
    synced: list[int] = []
    at_switch: list[set[int]] = []
    fsync, replace = os.fsync, os.replace

    def recorded(handle: int) -> None:
        synced.append(os.fstat(handle).st_ino)
        fsync(handle)

    def switching(source: Path, target: Path) -> None:
        if Path(target).name == "current":
            at_switch.append(set(synced))
            synced.clear()
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded)
    monkeypatch.setattr(os, "replace", switching)
    _install(installer, archive(version(6)), 6)
    versions = installer._versions
    folder = versions.folder(version(6))
    there = {path.stat().st_ino for path in (folder, folder.parent, *folder.rglob("*"))}
    assert there <= at_switch[0]
    assert versions.state.stat().st_ino in synced
