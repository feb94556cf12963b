"""How Step Functions writes what other services answer: PascalCase keys, times in milliseconds."""

import datetime as dt
from typing import Any


def operation_of(resource: str) -> str:
    """Return the API operation of a Resource: `CreateModel` for `…:sagemaker:createModel`."""
    action = resource.rsplit(":", 1)[-1].split(".", 1)[0]
    if resource.endswith(".sync:2"):
        action = resource.rsplit(":", 2)[-2].split(".", 1)[0]
    return action[:1].upper() + action[1:]


def waits(resource: str) -> bool:
    """Tell whether the task ends only when the job it starts has ended."""
    return ".sync" in resource


def capitalised(value: Any) -> Any:
    """Return a value whose dictionaries' keys begin with a capital letter."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: capitalised(item) for key, item in value.items()}
    return [capitalised(item) for item in value] if isinstance(value, list) else value


def lower_camel(value: Any) -> Any:
    """Return a value whose dictionaries' keys begin with a small letter, as ECS has them."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_camel(item) for key, item in value.items()}
    return [lower_camel(item) for item in value] if isinstance(value, list) else value


def for_states(value: Any, key: str = "") -> Any:
    """Return an answer as JSON: times as milliseconds since 1970, streams as text."""
    if isinstance(value, dict):
        return {
            name: for_states(item, name)
            for name, item in value.items()
            if name != "ResponseMetadata"
        }
    if isinstance(value, list):
        return [for_states(item, key) for item in value]
    if isinstance(value, dt.datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, float) and key.endswith("Time"):  # seconds, the services' own JSON
        return int(value * 1000)
    return value.read().decode() if hasattr(value, "read") else value
