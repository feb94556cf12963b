"""A version's smoke images, scored in a process of its own: what crashes there harms nobody.

`python -m tagline_device.updates.trying FOLDER` ends with 0, or says what is wrong and ends with 1.
"""

import os
import subprocess
import sys
from pathlib import Path

from tagline_device.errors import UnusableVersion, UpdateRefused

SECONDS = 180  # a slow board loads a large network in some ten


def try_out(folder: Path) -> None:
    """Raise UpdateRefused unless the version in a folder gives the scores that are expected."""
    command = [sys.executable, "-m", "tagline_device.updates.trying", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, check=False, errors="replace"
        )
    except subprocess.TimeoutExpired as exc:
        raise UpdateRefused(f"smoke images: not done after {SECONDS} s") from exc
    if done.returncode:
        said = done.stdout.strip().splitlines()
        raise UpdateRefused(
            f"smoke images: {said[-1] if said else f'the process ended with {done.returncode}'}"
        )


def smoke(folder: Path) -> None:
    """Raise UnusableVersion where an image's scores are not those that smoke.json expects."""
    from tagline.formats.document import UnreadableDocument, decode  # noqa: PLC0415 - see `_main`
    from tagline.formats.edge import SMOKE, EdgeSmoke  # noqa: PLC0415
    from tagline.imaging import ImageError, preprocess  # noqa: PLC0415
    from tagline_device.model import Model  # noqa: PLC0415

    model = Model.load(folder)
    manifest = model.manifest
    if SMOKE not in manifest.files:
        raise UnusableVersion(f"{SMOKE} is not among the archive's files")
    try:
        expected = decode((folder / SMOKE).read_bytes(), EdgeSmoke, SMOKE)
    except UnreadableDocument as exc:
        raise UnusableVersion(str(exc)) from exc
    if tuple(expected.labels) != tuple(manifest.labels):
        raise UnusableVersion(f"{SMOKE} has other labels than the manifest")
    for image in expected.images:
        if image.file not in manifest.files or len(image.scores) != len(manifest.labels):
            raise UnusableVersion(f"{SMOKE}: {image.file} is not in the archive, or lacks scores")
        try:
            pixels = preprocess((folder / image.file).read_bytes(), manifest.image)
        except ImageError as exc:
            raise UnusableVersion(f"{image.file}: {exc.detail}") from exc
        far = max(
            abs(found - told)
            for found, told in zip(model.scores(pixels).tolist(), image.scores, strict=True)
        )
        if far > manifest.tolerance:
            raise UnusableVersion(
                f"{image.file} scores up to {far:.4f} off what is expected; {manifest.tolerance} "
                "is let be"
            )


def _main() -> int:
    os.nice(10)  # the camera goes first; before the libraries, which take longest
    try:
        smoke(Path(sys.argv[1]))
    except UnusableVersion as exc:
        print(exc)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
