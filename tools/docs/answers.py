"""What the operations of openapi.json answer: documents, refusals, and what any may meet."""

from http import HTTPStatus
from typing import Any

import msgspec

Schema = dict[str, Any]
BAD, UNKNOWN = HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND
SAME: Schema = {
    "description": "What If-None-Match names is what there is",
    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
}


def of_all(description: str, media_type: str, schema: Schema) -> Schema:
    """Return the answers of what everybody may read."""
    return {"200": tagged(answer(description, media_type, schema)), "304": SAME}


def of_file() -> Schema:
    """Return the answers of a file of the page, which everybody may read."""
    found = answer("The file", "text/javascript", {"type": "string"})
    found["content"]["text/css"] = {"schema": {"type": "string"}}
    return {"200": tagged(found), "304": SAME, "404": ref("responses/Problem")}


def of_signing_in(kind: type[msgspec.Struct]) -> Schema:
    """Return the answers of how to sign in, which everybody may read."""
    found = known(kind, "How to sign in")
    return {status: said for status, said in found.items() if status not in {"401", "403"}}


def known(kind: type[msgspec.Struct], description: str, *refusals: HTTPStatus) -> Schema:
    """Return the answers of what a caller may have already."""
    found = of(kind, description, *refusals)
    return dict(sorted({**found, "304": SAME}.items()))


def changed(
    status: HTTPStatus, kind: type[msgspec.Struct], description: str, *refusals: HTTPStatus
) -> Schema:
    """Return the answers of what changes something: a document of another status than 200."""
    found = of(kind, description, *refusals)
    del found["200"]
    made = answer(description, "application/json", ref(f"schemas/{kind.__name__}"))
    return {str(int(status)): made} | found


def tagged(said: Schema) -> Schema:
    """Return a 200's answer with its ETag."""
    return {**said, "headers": {"ETag": ref("headers/ETag")}}


def of(kind: type[msgspec.Struct], description: str, *refusals: HTTPStatus) -> Schema:
    """Return an operation's answers: a document, its refusals, and what any operation may meet."""
    problems = sorted({*refusals, HTTPStatus.FORBIDDEN, HTTPStatus.INTERNAL_SERVER_ERROR})
    return {
        "200": tagged(answer(description, "application/json", ref(f"schemas/{kind.__name__}"))),
        "401": ref("responses/Unauthorized"),
        **{str(int(status)): ref("responses/Problem") for status in problems},
        str(int(HTTPStatus.SERVICE_UNAVAILABLE)): ref("responses/Unavailable"),
    }


def answer(description: str, media_type: str, schema: Schema) -> Schema:
    """Return an answer of one media type."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


def ref(name: str) -> Schema:
    """Return a reference to a component such as `schemas/Score`."""
    return {"$ref": f"#/components/{name}"}
