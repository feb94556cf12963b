"""The service `greengrassv2` within the laptop cloud: its operations, over HTTP."""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from local import patching
from local.access import rest_calls
from local.clients import Clients
from local.context import Cloud
from local.greengrass.components import Components
from local.greengrass.deployments import Deployments
from local.greengrass.errors import GreengrassError, absent, invalid, unsupported
from local.greengrass.store import Record, Store
from local.greengrass.words import unknown_words

NAME = "greengrass"  # what requests are signed for, those of its first version as well
_NUMBERS = ("maxResults",)
_THREADS = 8
Answer = tuple[int, dict[str, str], bytes]


class Greengrass:
    """Everything the service does."""

    def __init__(self, cloud: Cloud) -> None:
        clients, self._store = Clients(cloud), Store(cloud)
        components = Components(self._store, clients)
        deployments = Deployments(self._store, components, clients)
        self._model = botocore.session.get_session().get_service_model(rest_calls.SERVICES[NAME])
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=NAME)
        self._operations: dict[str, Callable[[Record], Record]] = {
            "CreateComponentVersion": components.create,
            "GetComponent": components.get,
            "DescribeComponent": components.describe,
            "ListComponents": components.listed,
            "ListComponentVersions": components.versions,
            "DeleteComponent": components.delete,
            "CreateDeployment": deployments.create,
            "GetDeployment": deployments.get,
            "ListDeployments": deployments.listed,
            "CancelDeployment": deployments.cancel,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    async def handle(
        self,
        method: str,
        path: str,
        _headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, list[str]],
    ) -> Answer:
        """Answer a request that ministack routed here."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._answer, method, path, body, query)

    def call(self, operation: str, request: Record) -> Record:
        """Carry out an operation and return its answer; raises GreengrassError."""
        act = self._operations.get(operation)
        if act is None:
            raise unsupported(operation)
        shape = self._model.operation_model(operation).input_shape
        checked = {**request, "inlineRecipe": b""} if "inlineRecipe" in request else request
        report = ParamValidator().validate(checked, shape) if shape is not None else None
        if report is not None and report.has_errors():
            raise invalid(report.generate_report())
        if shape is not None and (found := [*unknown_words(shape, checked)]):
            errors = "error" if len(found) == 1 else "errors"
            raise invalid(f"{len(found)} validation {errors} detected: {'; '.join(found)}")
        return act(request)

    def _answer(
        self, method: str, path: str, body: bytes, query: Mapping[str, list[str]]
    ) -> Answer:
        content = {"Content-Type": "application/json"}
        try:
            named = rest_calls.read(NAME, method, path, query, body)
            if named is None:
                raise unsupported(f"{method} {path}")
            operation, request = named
            request.update({key: int(request[key]) for key in _NUMBERS if key in request})
            if operation == "UntagResource":
                request["tagKeys"] = query["tagKeys"]
            answer = self.call(operation, request)
        except GreengrassError as exc:
            error = exc
        except (ValueError, KeyError) as exc:
            error = invalid(f"the request cannot be read: {exc}")
        else:
            status = int(self._model.operation_model(operation).http.get("responseCode", 200))
            text = b"" if status == HTTPStatus.NO_CONTENT else json.dumps(answer).encode()
            return status, content, text
        told = {"message": error.message, "__type": error.code}
        headers = {**content, "x-amzn-errortype": error.code}
        return int(error.status), headers, json.dumps(told).encode()

    def _tag(self, request: Record) -> Record:
        with self._store.changing():
            self._tags(request["resourceArn"]).update(request["tags"])
        return {}

    def _untag(self, request: Record) -> Record:
        with self._store.changing():
            tags = self._tags(request["resourceArn"])
            for key in request["tagKeys"]:
                tags.pop(key, None)
        return {}

    def _list_tags(self, request: Record) -> Record:
        return {"tags": self._tags(request["resourceArn"])}

    def _tags(self, arn: str) -> dict[str, str]:
        found = self._store.tags.get(arn)
        if found is None:
            raise absent(f"{arn} does not exist")
        return found


def install(cloud: Cloud) -> None:
    """Put the service into ministack."""
    handlers: Any = patching.member("ministack.app", "SERVICE_HANDLERS", dict)
    patterns: Any = patching.member("ministack.core.router", "SERVICE_PATTERNS", dict)
    handlers[NAME] = Greengrass(cloud).handle
    patterns[NAME] = {"host_patterns": [r"greengrass\."]}
