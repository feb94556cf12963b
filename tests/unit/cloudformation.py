"""The templates as data: tags become the functions they stand for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "template.yaml", *sorted((ROOT / "templates").glob("*.yaml"))]


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms."""


def _short_form(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


yaml.add_multi_constructor("!", _short_form, Loader)


def load(path: Path) -> dict[str, Any]:
    """Return a template."""
    content = yaml.load(path.read_text(encoding="utf-8"), Loader)
    assert isinstance(content, dict)
    return content


TEMPLATES = {path.stem: load(path) for path in FILES}


def resources(kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return template, logical name and resource of all resources of a type."""
    for template, content in TEMPLATES.items():
        for name, resource in content["Resources"].items():
            if resource["Type"] == kind:
                yield template, name, resource


def variables(folder: str) -> set[str]:
    """Return the environment variables that the function in a folder of functions/ is given."""
    for template, _, resource in resources("AWS::Serverless::Function"):
        if Path(resource["Properties"]["CodeUri"]).name == folder:
            shared = TEMPLATES[template]["Globals"]["Function"]["Environment"]["Variables"]
            own = resource["Properties"].get("Environment", {}).get("Variables", {})
            return {*shared, *own}
    raise LookupError(folder)


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return whose it is, and each statement that an identity is allowed by."""
    for kind in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine"):
        for _, name, resource in resources(kind):
            for policy in resource["Properties"].get("Policies", ()):
                yield from ((name, s) for s in _flat(policy["Statement"]))
    for _, name, resource in resources("AWS::IAM::Role"):
        for policy in resource["Properties"].get("Policies", ()):
            yield from ((name, s) for s in _flat(policy["PolicyDocument"]["Statement"]))
    for template, policy in attached():
        document = policy["Properties"]["PolicyDocument"]
        yield from ((owner_of(template, policy), s) for s in _flat(document["Statement"]))


def attached() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return template and resource of policies that are apart from the role they belong to."""
    for template, _, policy in resources("AWS::IAM::Policy"):
        yield template, policy


def owner_of(template: str, policy: dict[str, Any]) -> str:
    """Return the function whose role a policy is attached to."""
    (role,) = policy["Properties"]["Roles"]
    (owner,) = (
        name
        for where, name, function in resources("AWS::Serverless::Function")
        if where == template
        and function["Properties"].get("Role", {}).get("Fn::GetAtt")
        in (f"{role['Ref']}.Arn", [role["Ref"], "Arn"])
    )
    return owner


def _flat(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for statement in found:
        yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def listed(value: object) -> list[Any]:
    """Return a value that may stand alone as a list."""
    return value if isinstance(value, list) else [value]


def actions(owner: str) -> set[str]:
    """Return everything that an identity may do."""
    return {a for who, s in statements() if who == owner for a in listed(s["Action"])}
