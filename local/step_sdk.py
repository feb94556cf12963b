"""`aws-sdk:<service>:<action>` tasks by boto3, which checks their parameters as an SDK would."""

import json
import re
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from local.clients import Clients
from local.executions import failure
from local.step_shapes import for_states, operation_of


class SdkTasks:
    """The SDK tasks of one service; `prefix` begins the names of its errors."""

    def __init__(self, clients: Clients, service: str, prefix: str) -> None:
        self._clients = clients
        self._service = service
        self._prefix = prefix

    def run(self, resource: str, request: dict[str, Any]) -> Any:
        """Make one API call."""
        client = self._clients.of(self._service)
        operation = operation_of(resource)
        method = getattr(client, _snake(operation), None)
        if method is None:
            raise failure("States.Runtime", f"{resource}: {self._service} has no {operation}")
        try:
            return for_states(method(**_with_text_body(request)))
        except ClientError as exc:
            error = exc.response["Error"]
            code = error["Code"].removesuffix("Exception")
            status = exc.response["ResponseMetadata"]["HTTPStatusCode"]
            cause = f"{error['Message']} (Service: {self._prefix}, Status Code: {status})"
            raise failure(f"{self._prefix}.{code}Exception", cause) from exc
        except ParamValidationError as exc:
            raise failure("States.Runtime", f"{resource}: {exc}") from exc


def _snake(operation: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation).lower()


def _with_text_body(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request with a `Body` given as JSON written out."""
    if "Body" not in request or isinstance(request["Body"], str):
        return request
    return {**request, "Body": json.dumps(request["Body"])}
