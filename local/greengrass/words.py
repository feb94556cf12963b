"""Values of which AWS knows a few words alone; botocore sends any, and AWS refuses the others."""

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape


def unknown_words(shape: Shape, value: Any, place: str = "") -> Iterator[str]:
    """Yield, in AWS's words, each text in a value that is none of those its shape has."""
    if value is None:
        return
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from unknown_words(member, value.get(name), f"{place}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from unknown_words(shape.member, item, f"{place}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from unknown_words(shape.value, item, f"{place}.{key}.member")
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield (
            f"Value '{value[:200]}' at '{place}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        )
