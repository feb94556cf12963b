"""CVAT's XML for images 1.1: tags, and the labels of shapes.

The parser is expat as it is, which asks for no file and no address; a document type, where entities
would be declared, is refused before any of them could grow.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat  # nosec: no document type is taken

from tagline.converting.entries import Asked, Entry, Reading, Tagged, Unconvertible

NAME = "annotations.xml"
_CHUNK = 1 << 18
_MAX_DEPTH = 64
_MAX_TEXT = 1 << 16  # of a label's name
_SHAPES = frozenset(
    {"tag", "box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton"}
)


def read(source: Path, asked: Asked) -> Reading:  # noqa: ARG001 - nothing is guessed
    """Return the images, each with the labels of its tags and shapes."""
    said = {"Images": "image/@name", "Tags": "labels of tags and shapes"}
    reading = Reading("cvat", said, iter(()))
    reading.entries = _Walk(source / NAME if source.is_dir() else source, reading).entries()
    return reading


class _Walk:
    """What expat meets on its way through the file."""

    def __init__(self, source: Path, reading: Reading) -> None:
        self._source = source
        self._reading = reading
        self._done: list[Entry] = []
        self._open: list[str] = []
        self._image: tuple[int, str, list[str]] | None = None
        self._name = ""
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def entries(self) -> Iterator[Entry]:
        try:
            with self._source.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    self._parser.Parse(chunk, False)
                    yield from self._done
                    self._done.clear()
            self._parser.Parse(b"", True)
        except expat.ExpatError as exc:
            raise Unconvertible(f"{self._source}: no sound XML: {exc}") from exc
        yield from self._done

    def _doctype(self, *_: object) -> None:
        raise self._refused("a document type is declared, which CVAT never does; take it out")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name)
        if len(self._open) > _MAX_DEPTH:
            raise self._refused(f"elements lie more than {_MAX_DEPTH} deep")
        if len(self._open) == 1 and name != "annotations":
            raise self._refused(f"the first element is <{name[:40]}>, not <annotations>")
        if self._open == ["annotations", "track"]:
            raise self._refused("a video's tracks; export the task as 'CVAT for images 1.1'")
        if self._open == ["annotations", "image"]:
            self._image = (self._parser.CurrentLineNumber, attributes.get("name", ""), [])
        elif self._image is not None and name in _SHAPES and len(self._open) == 3:  # noqa: PLR2004
            self._image[2].append(attributes.get("label", ""))
        self._name = ""

    def _text(self, data: str) -> None:
        if self._of_label() and len(self._name) < _MAX_TEXT:
            self._name += data

    def _end(self, _name: str) -> None:
        if self._of_label():
            self._reading.declared.append(self._name)
        if self._open == ["annotations", "image"] and self._image is not None:
            self._done.append(Tagged(*self._image))
            self._image = None
        self._open.pop()

    def _of_label(self) -> bool:
        """Return whether the open element names a label of the task or project."""
        return self._open[1:2] == ["meta"] and self._open[-3:] == ["labels", "label", "name"]

    def _refused(self, what: str) -> Unconvertible:
        return Unconvertible(f"{self._source} line {self._parser.CurrentLineNumber}: {what}")
