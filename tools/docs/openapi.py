"""functions/datasets/openapi.json from the API's types, limits and routes (OpenAPI 3.1)."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from tagline.api import documents, requests, scopes
from tools.docs.answers import Schema, answer, ref
from tools.docs.attributes import meanings, summary
from tools.docs.routes import paths

_SCHEMA = "#/components/schemas/"
_NAMED = ("DatasetName", "RunName", "Score")  # text and numbers that have a schema of their own
_OPEN = {documents.ProblemDocument}  # RFC 9457: a reader passes over members it does not know
_API = Path(documents.__file__).parent
# documents.py and feedback_documents.py, …: the types of each subject
_MODULES = [
    import_module(f"tagline.api.{path.stem}") for path in sorted(_API.glob("*documents.py"))
]
_TYPES: dict[str, type[msgspec.Struct]] = {
    name: kind
    for module in _MODULES
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
}


def openapi_text() -> str:
    """Return the file's content."""
    return json.dumps(_document(), indent=2, ensure_ascii=False) + "\n"


def _document() -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tagline",
            "version": "1.0.0",
            "summary": "Tags of images, and the datasets and runs the taggers come from.",
            "description": (
                "Errors are problem documents (RFC 9457) with a stable `code`. Requests above "
                "some 4.7 MB are refused by API Gateway itself with a plain 413."
            ),
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ".", "description": "The folder this document was read from"}],
        "security": [{}, {"token": []}, {"signature": []}],
        "paths": paths(),
        "components": {
            "securitySchemes": _security(),
            "headers": {
                "ETag": {
                    "description": "Names these very bytes",
                    "required": True,
                    "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
                }
            },
            "parameters": _parameters(),
            "responses": _responses(),
            "schemas": _schemas(),
        },
    }


def _security() -> Schema:
    return {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": (
                "Where the stack's ApiAuth is jwt: a token of its issuer for its audience, with "
                f"the scope {scopes.PREFIX}<dataset> for each dataset, or {scopes.EVERY} for all."
            ),
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "Where it is iam: AWS Signature Version 4 for execute-api.",
        },
    }


def _parameters() -> Schema:
    limit = {"type": "integer", "minimum": 1, "maximum": requests.MAX_PAGE}
    return {
        "dataset": _path_parameter("dataset", "DatasetName"),
        "run": _path_parameter("run", "RunName"),
        "file": {
            "name": "file",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": r"^[a-z_]+\.(css|js)$"},
        },
        "known": {
            "name": "If-None-Match",
            "in": "header",
            "description": "ETags that the caller has the answers of",
            "schema": {"type": "string"},
        },
        "limit": {
            "name": "limit",
            "in": "query",
            "description": "Entries a page has at most",
            "schema": limit | {"default": requests.DEFAULT_PAGE},
        },
        "nextDataset": _next("DatasetName"),
        "nextRun": _next("RunName"),
    }


def _next(name: str) -> Schema:
    return {
        "name": "next",
        "in": "query",
        "description": "The `next` of the page before",
        "schema": ref(f"schemas/{name}"),
    }


def _path_parameter(name: str, schema: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": ref(f"schemas/{schema}")}


def _responses() -> Schema:
    problem = ref("schemas/ProblemDocument")
    seconds = {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}}
    message = {"type": "object", "required": ["message"], "additionalProperties": False,
               "properties": {"message": {"type": "string"}}}  # fmt: skip
    unauthorized = answer(
        "A token is wanted, and there is none that is good: API Gateway's answer on AWS, a problem "
        "document on the laptop",
        "application/problem+json",
        problem,
    )
    unauthorized["content"]["application/json"] = {"schema": message}
    return {
        "Unauthorized": unauthorized,
        "Problem": answer("What is wrong, and what to do", "application/problem+json", problem),
        "Unavailable": {
            **answer(
                "A service behind the API is changing, busy or broken; try again later",
                "application/problem+json",
                problem,
            ),
            "headers": {"Retry-After": seconds},
        },
    }


def _schemas() -> Schema:
    asked = json.dumps([paths(), _responses()])
    wanted = [kind for name, kind in _TYPES.items() if f'"{_SCHEMA}{name}"' in asked]
    _, found = msgspec.json.schema_components(wanted, ref_template=_SCHEMA + "{name}")
    named: Schema = {}
    for name in found.keys() & _TYPES.keys():
        kind, schema = _TYPES[name], found[name]
        schema["description"] = summary(kind)
        if kind not in _OPEN:
            schema["additionalProperties"] = False
        for key, text in meanings(kind).items():
            schema["properties"][key]["description"] = text
    plain = {name: _plain(schema, named) for name, schema in found.items()}
    return dict(sorted((plain | named).items()))


def _plain(node: Any, named: Schema) -> Any:
    """Move each named text or number to a schema of its own; drop titles, which repeat names."""
    if isinstance(node, list):
        return [_plain(item, named) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _plain(value, named)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }
    title = node.get("title")
    if title not in _NAMED:
        return kept
    said = {"description": kept.pop("description")} if "description" in kept else {}
    named[title] = kept
    return ref(f"schemas/{title}") | said
