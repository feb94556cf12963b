"""The API's paths, and what a request to none of its routes is answered."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from tagline.api.problem import Problem, not_found

_READ = ("GET", "HEAD")
METHODS: Mapping[str, tuple[str, ...]] = {
    "/": _READ,
    "/page/{file}": _READ,
    "/sign-in": _READ,
    "/openapi.json": _READ,
    "/healthz": _READ,
    "/datasets": _READ,
    "/datasets/{dataset}": _READ,
    "/datasets/{dataset}/champions": _READ,
    "/datasets/{dataset}/compare": _READ,
    "/datasets/{dataset}/lists": (*_READ, "POST"),
    "/datasets/{dataset}/orders": ("POST",),
    "/datasets/{dataset}/rows": _READ,
    "/datasets/{dataset}/runs": _READ,
    "/datasets/{dataset}/runs/{run}": _READ,
    "/datasets/{dataset}/runs/{run}/progress": _READ,
    "/datasets/{dataset}/devices": _READ,
    "/datasets/{dataset}/drift": _READ,
    "/datasets/{dataset}/tags": ("POST",),
    "/datasets/{dataset}/recommendations": _READ,
    "/datasets/{dataset}/feedback": ("POST",),
}


def unknown_route(method: str, path: str) -> Problem:
    """Return a 405 with the methods that a path has, or a 404."""
    for template, methods in METHODS.items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            allowed = ", ".join(methods)
            return Problem(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "unknown_method",
                f"{method[:20]} is not for this path; it has {allowed}.",
                headers={"Allow": allowed},
            )
    return not_found("unknown_route", "There is nothing here; see openapi.json.")
