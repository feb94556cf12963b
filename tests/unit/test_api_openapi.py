"""The published description against itself, the template's routes and the recorded events."""

import json
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tagline.api.routes import METHODS
from tests.unit.api_world import OPENAPI, ROOT

DESCRIBED = {
    f"{method.upper()} {path}"
    for path, item in OPENAPI["paths"].items()
    for method in item
    if method != "parameters"
}


def test_the_template_has_a_route_for_each_described_operation() -> None:
    template = cfn_yaml.load(str(ROOT / "templates/api.yaml"))
    events = [
        event["Properties"]
        for resource in template["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    routes = {f"{event['Method']} {event['Path']}" for event in events}
    assert routes - {"ANY $default"} == DESCRIBED


def test_what_no_route_is_for_is_told_the_methods_of_the_description() -> None:
    described: dict[str, set[str]] = {}
    for method, path in map(str.split, DESCRIBED):
        described.setdefault(path, set()).add(method)
    assert {path: set(methods) for path, methods in METHODS.items()} == described


def test_each_operation_has_a_recorded_event() -> None:
    recorded = Path(ROOT / "tests/events").glob("http_api_*.json")
    routes = {json.loads(path.read_text())["routeKey"] for path in recorded}
    assert routes == {route for route in DESCRIBED if not route.startswith("HEAD ")}


def test_every_schema_is_a_schema_and_every_reference_leads_somewhere() -> None:
    for schema in OPENAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(OPENAPI):
        found = OPENAPI
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert isinstance(found, dict)


def test_every_schema_is_used() -> None:
    used = {reference.rsplit("/", 1)[1] for reference in references(OPENAPI)}
    assert set(OPENAPI["components"]["schemas"]) <= used


def test_path_parameters_are_declared() -> None:
    for path, item in OPENAPI["paths"].items():
        declared = {entry["$ref"].rsplit("/", 1)[1] for entry in item.get("parameters", [])}
        assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [ref for value in node.values() for ref in references(value)]
    if isinstance(node, list):
        return [ref for value in node for ref in references(value)]
    return []
