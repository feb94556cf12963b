"""What the attributes of a type mean: the string literal right after each."""

import ast
import functools
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise

import msgspec


@functools.cache
def meanings(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return what a type says of its attributes, and of those that it inherits, as one line."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, msgspec.Struct) and base.__struct_fields__:
            found |= _said(base)
    return found


def summary(kind: type) -> str:
    """Return a type's docstring as one line."""
    return " ".join(inspect.getdoc(kind).split())  # type: ignore[union-attr]


def _said(kind: type[msgspec.Struct]) -> Iterator[tuple[str, str]]:
    [made] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(made, ast.ClassDef)  # noqa: S101 - a class's source is a class
    for node, after in pairwise(made.body):
        match node, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(text))):
                yield name, " ".join(text.split())
