"""A device's world, made here: a key, archives around the golden model, a film, its process."""

import base64
import hashlib
import io
import json
import os
import signal
import subprocess
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tagline.formats.edge import Statement, statement_text
from tests.integration.serving import GOLDEN_MODEL, picture
from tests.laptop import REPOSITORY, eventually, free_port

COMMAND = REPOSITORY / ".venvs/edge/bin/tagline-device"
DATASET, DEVICE, SIZE = "colours", "cam-1", 32
LABELS = ["red", "green", "blue"]
RED, GREEN, BLUE = (230, 20, 20), (20, 230, 20), (20, 20, 230)
_THRESHOLD = 0.6


def version(number: int) -> str:
    """Return the number-th version of a dataset."""
    return f"1.261127.{number}"


@dataclass
class Signer:
    """A stack's signing key, as KMS keeps one."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public(self) -> str:
        """The public key, PEM."""
        encoded = self.key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return encoded.decode()

    def sign(self, text: str) -> str:
        """Return a text's signature."""
        return base64.b64encode(self.key.sign(text.encode(), ec.ECDSA(SHA256()))).decode()

    def job(self, archive: bytes, version: str, url: str, **changes: Any) -> dict[str, Any]:
        """Return the job's document of an archive; `changes` go in after signing."""
        text = statement(archive, version)
        document = {
            "operation": "tagline-update",
            "dataset": DATASET,
            "version": version,
            "url": url,
            "statement": text,
            "signature": self.sign(text),
        }
        return document | changes


def statement(archive: bytes, version: str, dataset: str = DATASET) -> str:
    """Return what is signed of an archive."""
    digest = hashlib.sha256(archive).hexdigest()
    return statement_text(
        Statement(bytes=len(archive), dataset=dataset, sha256=digest, version=version)
    )


def archive_files(**smoke: list[float]) -> dict[str, bytes]:
    """Return an archive's files but for its manifest: the golden model that tells mean colours."""
    images = {
        f"smoke/{name}.png": picture(colour, size=(SIZE, SIZE))
        for name, colour in (("red", RED), ("blue", BLUE))
    }
    scores = {"red": golden_scores(RED), "blue": golden_scores(BLUE)} | smoke
    told = [{"file": f"smoke/{name}.png", "scores": scores[name]} for name in ("red", "blue")]
    return {
        "model.onnx": GOLDEN_MODEL.read_bytes(),
        "labels.txt": "\n".join(LABELS).encode(),
        "model_card.json": b"{}",
        "smoke.json": json.dumps({"labels": LABELS, "images": told}).encode(),
        **images,
    }


def manifest(files: Mapping[str, bytes], version: str, **changes: Any) -> bytes:
    """Return the manifest of an archive's files."""
    told = {
        "dataset": DATASET,
        "version": version,
        "run": f"{DATASET}-0123456789abcdef",
        "created": "2026-11-27T00:00:00Z",
        "task": "single",
        "labels": LABELS,
        "thresholds": dict.fromkeys(LABELS, _THRESHOLD),
        "image": {"size": SIZE, "mode": "letterbox", "background": "#ffffff"},
        "model": {"file": "model.onnx", "precision": "fp32"},
        "files": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            for name, data in files.items()
        },
        "tolerance": 0.01,
    }
    return json.dumps(told | changes).encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return files as a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def archive(version: str, **changes: Any) -> bytes:
    """Return model.zip of a version."""
    files = archive_files()
    return zipped({"manifest.json": manifest(files, version, **changes), **files})


def film(path: Path, colours: list[tuple[int, int, int]], frames: int = 30) -> Path:
    """Write an MJPEG film, 640 x 480, that shows each colour (RGB) for some frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480))
    assert writer.isOpened()
    for colour in colours:
        frame = np.full((480, 640, 3), colour[::-1], np.uint8)
        for _ in range(frames):
            writer.write(frame)
    writer.release()
    return path


def device_json(folder: Path, signer: Signer, endpoint: str, **changes: Any) -> Path:
    """Write what `tagline device add` writes for a laptop."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "device": DEVICE,
        "dataset": DATASET,
        "region": "us-east-1",
        "endpoint": endpoint,
        "transport": "websocket",
        "signing_key": signer.public,
        "access_key": "test",
        "secret_key": "test",
    }
    path = folder / "device.json"
    path.write_text(json.dumps(told | changes))
    return path


@dataclass
class Device:
    """A `tagline-device` that runs."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def get(self, path: str) -> bytes:
        """Return what its page answers; of /healthz whatever the status is."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=10
            ) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as exc:
            body = exc.read()
        return body

    def health(self) -> dict[str, Any]:
        """Return its health, or {} as long as it does not answer."""
        try:
            told: dict[str, Any] = json.loads(self.get("/healthz"))
        except (OSError, ValueError):
            return {}
        return told

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """End it as systemd does; return its exit code."""
        self.process.terminate()
        return self.process.wait(30)


def start(config: Path, source: Path, *options: str, port: int = 0) -> Device:
    """Start a device; it may not be there yet."""
    port = port or free_port()
    log = config.with_name("device.log")
    with log.open("ab") as file:
        process = subprocess.Popen(
            [COMMAND, "--device", config, "--source", source, "--port", str(port), *options],
            stdout=file,
            stderr=file,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
    return Device(process, port, log)


def install(config: Path, signer: Signer, number: int) -> None:
    """Install a version by the command, as a person does who carries it on a stick."""
    data = archive(version(number))
    path = config.with_name("model.zip")
    path.write_bytes(data)
    text = statement(data, version(number))
    told = ["--statement", text, "--signature", signer.sign(text)]
    subprocess.run([COMMAND, "install", path, "--device", config, *told], check=True)


@contextmanager
def running(config: Path, source: Path, *options: str) -> Iterator[Device]:
    """Run a device for the length of a `with` block, once it answers."""
    device = start(config, source, *options)
    try:
        eventually(device.health, 60)
        yield device
    finally:
        if device.process.poll() is None:
            device.kill()


@cache
def golden_scores(colour: tuple[int, int, int]) -> list[float]:
    """Return what the golden model says of an image of one colour."""
    session = onnxruntime.InferenceSession(GOLDEN_MODEL)
    planes = np.broadcast_to(np.array(colour, np.float32)[:, None, None], (1, 3, SIZE, SIZE)).copy()
    scores: list[float] = session.run(["scores"], {"data": planes})[0][0].tolist()
    return scores
