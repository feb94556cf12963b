"""From an image's URI to the command that stands for it on this machine.

`…/im2rec:tag` is the folder `containers/im2rec` run in the environment `.venvs/im2rec`, which is
made from the same lock file as the image. Entry point and variables come from its Dockerfile, so
that image and laptop run the same thing.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from local.context import Cloud
from local.dockerfile import Dockerfile, read_dockerfile
from local.environment import container_environment

IMAGE_VENV = "/opt/venv"
_OTHER_VENVS = "/opt/venvs/"  # of other programs in the same image, by the name of theirs
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class UnknownImage(ValueError):
    """The image has no folder, no usable Dockerfile or no environment on this machine."""


@dataclass(frozen=True)
class LocalCommand:
    """What to start in place of a container: arguments, complete environment, working folder."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path


def image_name(image_uri: str) -> str:
    """Return the last part of an image's repository: `im2rec` for `host:80/team/im2rec:1.0`."""
    name = image_uri.rsplit("/", 1)[-1].split("@", 1)[0].split(":", 1)[0]
    if not _NAME.fullmatch(name):
        raise UnknownImage(f"image {image_uri!r}: {name!r} is no repository name")
    return name


def command_of(
    image_uri: str, arguments: list[str], entrypoint: list[str] | None = None, *, cloud: Cloud
) -> LocalCommand:
    """Return the local command of an image.

    `entrypoint` replaces the image's ENTRYPOINT and drops its CMD; otherwise CMD is used when
    `arguments` is empty, as a container engine does. Raises UnknownImage, saying what is missing.
    """
    name = image_name(image_uri)
    folder = cloud.root / "containers" / name
    try:
        image = read_dockerfile(folder / "Dockerfile")
    except FileNotFoundError as exc:
        raise UnknownImage(
            f"image {image_uri!r}: the laptop cloud runs images by their folder, and "
            f"{folder / 'Dockerfile'} does not exist"
        ) from exc
    except ValueError as exc:
        raise UnknownImage(f"image {image_uri!r}: {folder / 'Dockerfile'}: {exc}") from exc
    venv = cloud.root / ".venvs" / name
    words = _words(image, arguments, entrypoint)
    if not words:
        raise UnknownImage(
            f"image {image_uri!r}: {folder / 'Dockerfile'} has no ENTRYPOINT, and no command came"
        )
    argv = [_on_laptop(word, venv) for word in words]
    argv[0] = _executable(argv[0], venv, image_uri)
    image_env = {key: _on_laptop(value, venv) for key, value in image.env.items()}
    return LocalCommand(argv, container_environment(cloud, image_env), cloud.root)


def _words(image: Dockerfile, arguments: list[str], entrypoint: list[str] | None) -> list[str]:
    if entrypoint:
        return [*entrypoint, *arguments]
    return [*image.entrypoint, *(arguments or image.cmd)]


def _on_laptop(word: str, venv: Path) -> str:
    word = re.sub(rf"{re.escape(IMAGE_VENV)}(?=/|$)", str(venv), word)
    return word.replace(_OTHER_VENVS, f"{venv.parent}/")


def _executable(word: str, venv: Path, image_uri: str) -> str:
    path = Path(word) if "/" in word else venv / "bin" / word
    if not path.exists():
        raise UnknownImage(f"image {image_uri!r}: {path} does not exist; `make install` makes it")
    return str(path)
