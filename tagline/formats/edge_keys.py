"""Where what goes to a dataset's devices lies, and what versions are called."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tagline.formats.names import InvalidName, check_dataset

# Greengrass takes numbers of up to six digits: https://docs.aws.amazon.com/greengrass/v2/developerguide/component-recipe-reference.html
VERSION = re.compile(r"1\.[0-9]{6}\.(?:0|[1-9][0-9]{0,4})")


@dataclass(frozen=True)
class EdgeKeys:
    """Keys below `<dataset>/edge/`."""

    dataset: str

    def __post_init__(self) -> None:
        check_dataset(self.dataset)

    @property
    def prefix(self) -> str:
        """Prefix of all of them."""
        return f"{self.dataset}/edge/"

    def folder(self, version: str) -> str:
        """Return the prefix of a version's files; raises InvalidName."""
        return f"{self.prefix}{check_version(version)}/"

    def model(self, version: str) -> str:
        """Return the key of the archive that devices fetch."""
        return f"{self.folder(version)}model.zip"

    def order(self, version: str) -> str:
        """Return the key of what is to be packaged."""
        return f"{self.folder(version)}order.json"

    def package(self, version: str) -> str:
        """Return the key of what packaging says of the archive."""
        return f"{self.folder(version)}package.json"

    def release(self, version: str) -> str:
        """Return the key of what says where a version went; written last."""
        return f"{self.folder(version)}release.json"


def edge_version(promoted: str) -> str:
    """Return the version of a champion that was promoted then (ISO 8601, UTC).

    1.<year, month and day>.<second of the day>: it grows with promotions.
    """
    at = datetime.fromisoformat(promoted)
    return f"1.{at:%y%m%d}.{at.hour * 3600 + at.minute * 60 + at.second}"


def version_order(version: str) -> tuple[int, ...]:
    """Return what versions are sorted by; raises InvalidName."""
    return tuple(int(part) for part in check_version(version).split("."))


def highest_first(names: Iterable[str]) -> list[str]:
    """Return the names that are versions, the highest first."""
    return sorted(filter(VERSION.fullmatch, names), key=version_order, reverse=True)


def check_version(version: str) -> str:
    """Return `version` unchanged, or raise InvalidName."""
    if not VERSION.fullmatch(version):
        raise InvalidName(f"version {version[:40]!r} is not 1.<yymmdd>.<second of the day>")
    return version


def component_name(dataset: str) -> str:
    """Return the Greengrass component of a dataset."""
    return f"com.tagline.{check_dataset(dataset)}"
