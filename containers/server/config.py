"""What the environment says about a server; SageMaker's variables keep their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tagline.formats.machine import cores

_MIB = 1024 * 1024


class WrongSetting(ValueError):
    """An environment variable that cannot be used."""


@dataclass(frozen=True)
class Config:
    """Where the model lies, where to listen, how much at a time.

    `max_body` is in bytes: SageMaker's safe limit of a real-time request is 6 MiB. `workers`
    requests are decoded and scored at once; more may wait as long as their turn comes within
    `patience` seconds, and the rest is told to come back. `threads` compute one answer.
    """

    model: Path
    host: str
    port: int
    max_body: int
    workers: int
    threads: int
    patience: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return the configuration; raise WrongSetting naming a variable that is no number."""
        return cls(
            model=Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "model",
            host=environment.get("TAGLINE_BIND_HOST", "0.0.0.0"),  # noqa: S104 - a container's own
            port=_number(environment, "SAGEMAKER_BIND_TO_PORT", 8080, 65535),
            max_body=_number(environment, "TAGLINE_MAX_BODY_BYTES", 6 * _MIB, 64 * _MIB),
            workers=_number(environment, "TAGLINE_WORKERS", cores(), 256),
            threads=_number(environment, "TAGLINE_THREADS", cores(), 256),
            patience=_number(environment, "TAGLINE_PATIENCE_SECONDS", 2, 60),
        )


def _number(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise WrongSetting(f"{name}: a number from 1 to {most}, not {text[:40]!r}")
    return int(text)
