"""Reading `dataset.yaml`: YAML's safe subset, without silent duplicates and without bombs.

Aliases let 400 bytes stand for billions of values, so neither they nor anchors are taken; numbers
are bounded in characters, and nesting in depth, before anything is made of them.
"""

import re
from typing import Any

import yaml

from tagline.settings.errors import InvalidSettings

_MAX_DIGITS = 40  # characters of a number
_MAX_DEPTH = 20  # dataset.yaml has 4
_SHOWN = 60
_INTEGER, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_NUMBERS = {_INTEGER, _FLOAT}
_MERGE = "tag:yaml.org,2002:merge"
# YAML 1.1 has also 0100 for 64, 1:30 for 90, 0x60 and 1_000
_PLAIN = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")


def _is_odd_number(node: yaml.Node) -> bool:
    if node.tag == _INTEGER:
        return _PLAIN.fullmatch(node.value) is None
    return node.tag == _FLOAT and bool({":", "_"} & set(node.value))


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice and reads 1e-4 as a number."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node; refuses anchors, aliases, deep nesting and long numbers by their line."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if name := getattr(event, "anchor", None):
            kind = "alias *" if isinstance(event, yaml.AliasEvent) else "anchor &"
            raise InvalidSettings(
                f"the {kind}{name[:_SHOWN]} is not taken; write the value out", line=line
            )
        if self._depth == _MAX_DEPTH:
            raise InvalidSettings("nested too deeply", line=line)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None and node.tag in _NUMBERS and len(node.value) > _MAX_DIGITS:
            raise InvalidSettings(
                f"a number of {len(node.value):,} characters; at most {_MAX_DIGITS}", line=line
            )
        if node is not None and _is_odd_number(node):
            raise InvalidSettings(
                f"the number {node.value[:_SHOWN]} is not written in decimal digits", line=line
            )
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping of a node; a repeated key is an error, not the last one's win."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                raise InvalidSettings(
                    "<< is not taken; write the values out", line=key_node.start_mark.line + 1
                )
            key = getattr(key_node, "value", None)
            if isinstance(key, str) and key in seen:
                raise InvalidSettings(
                    f"{key[:_SHOWN]}: given twice", line=key_node.start_mark.line + 1
                )
            seen.add(key if isinstance(key, str) else id(key_node))
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 wants a point in a float ("1.0e-4"); people write learning rates without it
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def parse_yaml(text: str | bytes) -> object:
    """Return the one document in `text` (None when empty); raises InvalidSettings."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError) as exc:
        if isinstance(exc, InvalidSettings):
            raise
        mark = getattr(exc, "problem_mark", None)
        problem = getattr(exc, "problem", None) or str(exc).splitlines()[0]
        line = mark.line + 1 if mark else None
        raise InvalidSettings(f"not valid YAML: {problem}", line=line) from exc


def line_of(text: str | bytes, setting: str) -> int | None:
    """Return the line, from 1, of a setting by its dotted name, or of the section it is missing in.

    None where not even that is there. `text` is YAML that has been read.
    """
    node = yaml.compose(text, Loader=_Loader)
    line = None
    for name in setting.split("."):
        if not isinstance(node, yaml.MappingNode):
            break
        found = [pair for pair in node.value if getattr(pair[0], "value", None) == name]
        if not found:
            break
        line, node = found[0][0].start_mark.line + 1, found[0][1]
    return line
