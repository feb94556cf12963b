"""Which operation a request asks for, of services that tell by method and path, as IoT's do.

botocore's own models say which paths there are (https://smithy.io/2.0/spec/http-bindings.html).
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import botocore.session

SERVICES = {
    "greengrass": "greengrassv2",
    **{name: name for name in ("iot", "iot-data", "iot-jobs-data")},
}
"""botocore's names, by ministack's."""
_LABEL = re.compile(r"\{(\w+)(\+?)\}")


def read(
    service: str, method: str, path: str, query: Mapping[str, list[str]], body: bytes
) -> tuple[str, dict[str, Any]] | None:
    """Return operation and parameters, by the API's names; None for what is not known.

    A body that is no object, as that of a message, is not looked at. Raises ValueError for one that
    should be JSON and is not.
    """
    for route in _routes(SERVICES[service]):
        match = route.pattern.fullmatch(path) if route.method == method else None
        if match:
            labels = {name: unquote(value) for name, value in match.groupdict().items()}
            given = json.loads(body) if body and not route.raw else {}
            queried = {
                name: query[wire][0] for name, wire in route.queried.items() if wire in query
            }
            return route.operation, {
                **(given if isinstance(given, dict) else {}),
                **queried,
                **labels,
            }
    return None


class _Route:
    def __init__(self, operation: Any) -> None:
        self.operation: str = operation.name
        self.method: str = operation.http["method"]
        path = operation.http["requestUri"].partition("?")[0]
        self.literal = len(_LABEL.sub("", path))
        parts = _LABEL.split(path)
        pattern = re.escape(parts[0])
        for name, greedy, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            pattern += f"(?P<{name}>{'.+' if greedy else '[^/]+'}){re.escape(rest)}"
        self.pattern = re.compile(pattern)
        shape = operation.input_shape
        payload = shape.serialization.get("payload") if shape else None
        self.raw = bool(payload and shape.members[payload].type_name == "blob")
        self.queried = {
            name: member.serialization["name"]
            for name, member in (shape.members if shape else {}).items()
            if member.serialization.get("location") == "querystring"
        }


@functools.cache
def _routes(service: str) -> tuple[_Route, ...]:
    """Return a service's routes, those with the most letters of their own first."""
    model = botocore.session.Session().get_service_model(service)
    routes = (_Route(model.operation_model(name)) for name in model.operation_names)
    return tuple(sorted(routes, key=lambda route: -route.literal))
