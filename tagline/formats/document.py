"""What passes between processes: typed documents, checked on reading, numbered by format.

A document is one JSON object in a file. A file of JSON Lines holds one record a line, and its
object's metadata the number of its format. A number that is absent is 1: the files of before
formats were numbered. A key that nobody knows is passed over, so that an older reader takes what a
newer one adds; a higher number is refused by name (CHANGELOG.md has the policy).
"""

from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Any, ClassVar, TypeVar, dataclass_transform

import msgspec

D = TypeVar("D", bound="Document")
E = TypeVar("E", bound="Document")
R = TypeVar("R", bound="Record")
T = TypeVar("T")

_DECODERS: dict[object, msgspec.json.Decoder[Any]] = {}
_WORKING_OUT = Lock()


class UnreadableDocument(ValueError):
    """A document is no JSON, lacks a key, or has a value of another type; it says where."""


class NewerFormat(UnreadableDocument):
    """A document is of a newer format than this version reads."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of a file, or a part of a document."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object that is a file of its own; `format` is the number of its form."""

    FORMAT: ClassVar[int] = 1
    format: int = 1


class _Head(msgspec.Struct):
    format: int = 1
    kind: str = ""


def decode(data: bytes, kind: type[D], where: str) -> D:
    """Return the document in `data`; `where` is its address, for errors.

    Raises UnreadableDocument naming address and key.
    """
    head = _decoded(data, _Head, where)
    check_format(head.format, kind.FORMAT, where)
    return _decoded(data, kind, where)


def decode_either(data: bytes, first: type[D], other: type[E], where: str) -> D | E:
    """Return a document of one of two kinds: `other` where its key `kind` is that of `other`."""
    kind = _decoded(data, _Head, where).kind
    own = next(field.default for field in msgspec.structs.fields(other) if field.name == "kind")
    return decode(data, other, where) if kind == own else decode(data, first, where)


def decode_record(line: bytes, kind: type[R], where: str) -> R:
    """Return the record in one line; `where` is its address, for errors."""
    return _decoded(line, kind, where)


def decode_lines(lines: Iterable[bytes], kind: type[R], where: str) -> Iterator[R]:
    """Yield the records of lines; errors name the line."""
    for number, line in enumerate(lines, 1):
        yield decode_record(line, kind, f"{where}, line {number}")


def decode_array(data: bytes, kind: type[R], where: str) -> list[R]:
    """Return the records of a JSON array."""
    return _decoded(data, list[kind], where)  # type: ignore[valid-type]


def encode(document: Document | list[R]) -> bytes:
    """Return a document as it stands in its file: UTF-8, a key a line."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def encode_on_a_line(document: Document) -> bytes:
    """Return a document of many numbers, of which a line each would be most of the file."""
    return msgspec.json.encode(document) + b"\n"


def encode_record(record: Record) -> bytes:
    """Return a record as one line of JSON."""
    return msgspec.json.encode(record) + b"\n"


def check_format(found: int, known: int, where: str) -> None:
    """Raise NewerFormat for a format above `known`."""
    if not 1 <= found <= known:
        raise NewerFormat(
            f"{where} is of format {found}, and this version of Tagline reads 1 to {known}: "
            "update Tagline"
        )


def convert(value: object, kind: type[T], where: str) -> T:
    """Return plain values, such as an event's, as the type they should have."""
    decoder(kind)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as exc:
        raise UnreadableDocument(f"{where}: {_words(exc)}") from exc


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder of a type, which from then on any thread may decode or convert to.

    msgspec works a type out where it is first met; a thread that meets it half done crashes.
    """
    with _WORKING_OUT:
        if kind not in _DECODERS:
            _DECODERS[kind] = msgspec.json.Decoder(kind)
        return _DECODERS[kind]


def _decoded(data: bytes, kind: type[T], where: str) -> T:
    try:
        return decoder(kind).decode(data)
    except msgspec.ValidationError as exc:
        raise UnreadableDocument(f"{where}: {_words(exc)}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise UnreadableDocument(f"{where} is not JSON: {exc}") from exc


def _words(exc: msgspec.ValidationError) -> str:
    """Say a fault as `key: what is wrong`; msgspec puts the key last, as `$.key`."""
    said, _, path = str(exc).partition(" - at `$")
    key = path.rstrip("`").lstrip(".")
    return f"{key}: {said}" if key else said
