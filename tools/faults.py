"""Small faults of the kinds that people make, put into a module's source one at a time.

A fault changes one node of the syntax tree: a comparison's bound, `and` for `or`, a number off by
one, an argument left out. Docstrings, annotations and the words of errors are left alone.
"""

import ast
import copy
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_SKIPPED = {"annotation", "returns", "decorator_list"}  # fields of nodes
_MARK = "~"  # what a text constant has too many
_SHORT = 70  # characters of a piece of code in a fault's name


@dataclass(frozen=True)
class Fault:
    """One change: its line, `function: was -> becomes`, and the whole wrong module."""

    line: int
    name: str
    source: str


def faults(source: str) -> Iterator[Fault]:
    """Yield every fault of a module's source; no two have one name."""
    tree = ast.parse(source)
    names: dict[str, int] = {}
    for place in _places(tree, ""):
        sound = place.node
        for becomes, wrong in _wrong(sound):
            place.put(wrong)
            text = ast.unparse(ast.fix_missing_locations(tree))
            place.put(sound)
            shown = sound.test if isinstance(sound, ast.If | ast.IfExp | ast.While) else sound
            name = f"{place.function}: {_code(shown)} -> {becomes or _code(wrong)}"
            names[name] = names.get(name, 0) + 1
            again = f" ({names[name]})" if names[name] > 1 else ""
            line = (sound.target if isinstance(sound, ast.comprehension) else sound).lineno
            yield Fault(line, name + again, text + "\n")


@dataclass(frozen=True)
class _Place:
    """A node that stands on a line, and where the tree holds it."""

    node: ast.stmt | ast.expr | ast.comprehension
    function: str
    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _places(parent: ast.AST, function: str) -> Iterator[_Place]:
    for name, value in ast.iter_fields(parent):
        if name in _SKIPPED:
            continue
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(node, ast.AST) or _is_left_alone(node, parent):
                continue
            if isinstance(node, ast.stmt | ast.expr | ast.comprehension):
                at = index if isinstance(value, list) else None
                yield _Place(node, function or "module", parent, name, at)
            inside = function
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                inside = f"{function}.{node.name}".strip(".")
            yield from _places(node, inside)


def _is_left_alone(node: ast.AST, parent: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):  # a docstring
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Call(func=ast.Name(id="TypeVar")) | ast.keyword(arg="kw_only"):  # types alone
            return True
        case ast.Call() | ast.JoinedStr():  # an error's words
            return isinstance(parent, ast.Raise)
        case ast.keyword():
            return _is_guard(parent)
    return False


Wrong = Iterator[tuple[str, ast.AST]]  # what is wrong in words, or "" for its code


@functools.singledispatch
def _wrong(_: ast.AST) -> Wrong:
    """Yield what could stand wrongly in a node's place."""
    yield from ()


@_wrong.register
def _comparison(node: ast.Compare) -> Wrong:
    for other in _COMPARISONS[type(node.ops[0])]:
        yield "", _with(node, ops=[other(), *node.ops[1:]])


@_wrong.register
def _and_or(node: ast.BoolOp) -> Wrong:
    yield "", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for rest in _all_but_one(node.values):
        yield "", _with(node, values=rest)


@_wrong.register(ast.BinOp)
@_wrong.register(ast.AugAssign)
def _arithmetic(node: ast.BinOp | ast.AugAssign) -> Wrong:
    if other := _ARITHMETIC.get(type(node.op)):
        yield "", _with(node, op=other())


@_wrong.register
def _sign(node: ast.UnaryOp) -> Wrong:
    yield "", node.operand


@_wrong.register
def _constant(node: ast.Constant) -> Wrong:
    match node.value:
        case bool(value):
            yield "", ast.Constant(not value)
        case int(value):
            yield "", ast.Constant(value + 1)
        case float(value):
            yield "", ast.Constant(value * 2 or 1.0)
        case str(value):
            yield "", ast.Constant(value + _MARK)
        case bytes(value):
            yield "", ast.Constant(value + _MARK.encode())


@_wrong.register(ast.If)
@_wrong.register(ast.IfExp)
def _branch(node: ast.If | ast.IfExp) -> Wrong:
    for forced in (True, False):
        yield f"if {forced}", _with(node, test=ast.Constant(forced))


@_wrong.register
def _loop(node: ast.While) -> Wrong:
    yield "never", _with(node, test=ast.Constant(value=False))


@_wrong.register
def _filter(node: ast.comprehension) -> Wrong:
    if node.ifs:
        yield "without if", _with(node, ifs=[])


def _is_guard(node: ast.AST) -> bool:
    """Return whether a call's keywords make nothing but an error: `zip(…, strict=True)`."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "zip"


@_wrong.register
def _call(node: ast.Call) -> Wrong:
    if _is_guard(node):
        return
    for keyword, rest in zip(node.keywords, _all_but_one(node.keywords), strict=True):
        yield f"without {keyword.arg or '**'}", _with(node, keywords=rest)


@_wrong.register
def _entries(node: ast.Dict) -> Wrong:
    rests = zip(_all_but_one(node.keys), _all_but_one(node.values), strict=True)
    for key, (keys, values) in zip(node.keys, rests, strict=True):
        yield f"without {_code(key) if key else '**'}", _with(node, keys=keys, values=values)


@_wrong.register
def _answer(node: ast.Return) -> Wrong:
    if node.value and not isinstance(node.value, ast.Constant):
        yield "return None", ast.Return(ast.Constant(None))


@_wrong.register(ast.Raise)
@_wrong.register(ast.Continue)
@_wrong.register(ast.Break)
def _deed(_: ast.AST) -> Wrong:
    yield "pass", ast.Pass()


@_wrong.register
def _called(node: ast.Expr) -> Wrong:
    if isinstance(node.value, ast.Call):
        yield "pass", ast.Pass()


def _all_but_one(items: list[Any]) -> Iterator[list[Any]]:
    return (items[:at] + items[at + 1 :] for at in range(len(items)))


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    wrong = copy.copy(node)
    for name, value in fields.items():
        setattr(wrong, name, value)
    return wrong


def _code(node: ast.AST) -> str:
    code = " ".join(ast.unparse(node).split())
    return code if len(code) <= _SHORT else f"{code[:_SHORT]}…"
