"""What every format is read as: one entry an image, taken or declined, with where it was told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from tagline.converting.paths import Paths
from tagline.formats.reasons import UnusableList


class Unconvertible(UnusableList):
    """A source that nothing can be made of; the message says what, where and what to do."""


class Why(StrEnum):
    """Stable code of an entry that makes no row of the list; programs compare these."""

    NO_PATH = "no_path"
    BAD_PATH = "bad_path"
    ABSOLUTE_PATH = "absolute_path"
    WEB_ADDRESS = "web_address"
    BAD_TAG = "bad_tag"
    BAD_VALUE = "bad_value"
    WRONG_COLUMNS = "wrong_columns"
    BAD_ELEMENT = "bad_element"
    UNKNOWN_IMAGE = "unknown_image"
    UNKNOWN_LABEL = "unknown_label"
    NOT_AN_IMAGE = "not_an_image"
    NOT_ANNOTATED = "not_annotated"
    BAD_ROW = "bad_row"
    MERGED = "merged"


MEANING: Mapping[Why, str] = {
    Why.NO_PATH: "the entry names no image",
    Why.BAD_PATH: "the path holds '..' or control characters, is too long, or names no file",
    Why.ABSOLUTE_PATH: "the path begins at a root; --root makes those below a folder relative",
    Why.WEB_ADDRESS: "the image is a web address; download it and name the file",
    Why.BAD_TAG: "a tag is longer than 128 characters or holds control characters",
    Why.BAD_VALUE: "a value is none that its column, or file, may hold",
    Why.WRONG_COLUMNS: "the line has not as many columns as the first",
    Why.BAD_ELEMENT: "the element is no object of its format",
    Why.UNKNOWN_IMAGE: "an annotation is of an image that the file does not have",
    Why.UNKNOWN_LABEL: "an annotation has a label that the file does not name",
    Why.NOT_AN_IMAGE: "the file is no PNG, JPEG or WebP by its name",
    Why.NOT_ANNOTATED: "nobody has annotated the image yet",
    Why.BAD_ROW: "the list's row is none, as `tagline check` tells",
    Why.MERGED: "the image was named before: its tags were joined there",
}


class Tagged(NamedTuple):
    """An image and its tags, as the source has them. `line` is the line or element, from 1.

    `id` is there where the source is a list, whose ids stay.
    """

    line: int
    path: str
    tags: Sequence[str]
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """An entry that makes no row, and why; `path` is None where it names none."""

    line: int
    path: str | None
    why: Why
    detail: str


Entry = Tagged | Declined


@dataclass(frozen=True)
class Asked:
    """What a person said instead of leaving it to be guessed."""

    file_column: str | None = None
    tags_columns: tuple[str, ...] = ()
    tags_separator: str | None = None
    encoding: str | None = None
    labels: Path | None = None
    paths: Paths = field(default_factory=Paths)


@dataclass
class Reading:
    """A source that is being read.

    `guessed` is what people are shown: each fact that was guessed or told, by its name. `entries`
    can be gone through once; by its end `declared` holds the tags that the source names in an order
    of its own, on images or not, and `notes` what should be known. `unit` is what `line` counts.
    """

    format: str
    guessed: dict[str, str]
    entries: Iterator[Entry]
    unit: str = "line"
    declared: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Format(Protocol):
    """A module that reads one format."""

    def read(self, source: Path, asked: Asked) -> Reading:
        """Return the source's entries; raises Unconvertible, now or on the way."""
