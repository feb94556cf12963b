"""Which members of a request the laptop honours.

What `honoured` does not name would change what AWS does, so it is refused instead of being
passed over.
"""

from collections.abc import Iterator
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.honoured import HONOURED, Only, Tree


def check(operation: str, request: dict[str, Any]) -> None:
    """Raise ValidationException naming each member that the laptop cannot honour."""
    found = list(_refused(HONOURED.get(operation), request, operation))
    if found:
        raise invalid("; ".join(found))


def _refused(tree: "Tree | Only | None", value: Any, path: str) -> Iterator[str]:
    if tree is None or _off(value):
        return
    if isinstance(value, list):
        for item in value:
            yield from _refused(tree, item, path)
    elif isinstance(tree, Only):
        if value not in tree.values:
            honoured = " or ".join(repr(item) for item in tree.values)
            yield f"{path} {value!r}: the laptop cloud honours only {honoured}"
    else:
        for name, item in value.items():
            if name in tree:
                yield from _refused(tree[name], item, f"{path}.{name}")
            elif not _off(item):
                yield f"{path}.{name}: the laptop cloud does not support it"


def _off(value: Any) -> bool:
    """Tell whether a member says no more than if it were left out; 0 is a number, not off."""
    return value is None or value is False or value in ([], {})
