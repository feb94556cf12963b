"""Application Auto Scaling: what is registered is kept, and the laptop's one process stays one.

Requests are held against botocore's own description of the API, as AWS would.
"""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from local import durable, patching
from local.context import Cloud

_TARGET = "AnyScaleFrontendService."
_KEY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
_ROLE = "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com"
Record = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]


class _Refused(Exception):
    """An error answer: AWS's code and a message for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Scaling:
    """Scalable targets, each with its policies."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._file = cloud.state_dir / "scaling.json"
        self._lock = threading.Lock()
        self._targets: list[Record] = durable.read(self._file, _saved) or []
        self._model = botocore.session.get_session().get_service_model("application-autoscaling")
        self._operations: dict[str, Callable[[Record], Record]] = {
            "RegisterScalableTarget": self._register,
            "DeregisterScalableTarget": self._deregister,
            "DescribeScalableTargets": self._describe,
            "PutScalingPolicy": self._put_policy,
        }

    async def handle(
        self, _method: str, _path: str, headers: dict[str, str], body: bytes, _query: object
    ) -> Answer:
        """Answer a request that ministack routed here."""
        content = {"Content-Type": "application/x-amz-json-1.1"}
        try:
            answer = self.call(headers["x-amz-target"].removeprefix(_TARGET), json.loads(body))
        except _Refused as exc:
            told = {"__type": exc.code, "message": str(exc)}
            return 400, content, json.dumps(told).encode()
        return 200, content, json.dumps(answer).encode()

    def call(self, operation: str, request: Record) -> Record:
        """Carry out an operation and return its answer."""
        act = self._operations.get(operation)
        if act is None:
            raise _Refused(
                "UnknownOperationException",
                f"Application Auto Scaling {operation}: the laptop cloud does not support it",
            )
        shape = self._model.operation_model(operation).input_shape
        report = ParamValidator().validate(request, shape) if shape is not None else None
        if report is not None and report.has_errors():
            raise _Refused("ValidationException", report.generate_report())
        with self._lock:
            answer = act(request)
            durable.write(self._file, json.dumps(self._targets))
        return answer

    def _register(self, request: Record) -> Record:
        found = self._find(request)
        if found is None and not {"MinCapacity", "MaxCapacity"} <= set(request):
            raise _Refused(
                "ValidationException", "a new scalable target needs MinCapacity and MaxCapacity"
            )
        if found is None:
            role = f"arn:aws:iam::{self._cloud.account}:{_ROLE}/AWSServiceRoleFor"
            role += "ApplicationAutoScaling_SageMakerEndpoint"
            found = {"CreationTime": time.time(), "RoleARN": role, "_policies": {}}
            self._targets.append(found)
        found.update({key: value for key, value in request.items() if key != "Tags"})
        return {}

    def _deregister(self, request: Record) -> Record:
        found = self._find(request)
        if found is None:
            raise _Refused(
                "ObjectNotFoundException",
                "No scalable target found for service namespace: {}, resource ID: {}, "
                "scalable dimension: {}".format(*(request[key] for key in _KEY)),
            )
        self._targets.remove(found)
        return {}

    def _describe(self, request: Record) -> Record:
        names = set(request.get("ResourceIds", []))
        return {
            "ScalableTargets": [
                {key: value for key, value in target.items() if not key.startswith("_")}
                for target in self._targets
                if target["ServiceNamespace"] == request["ServiceNamespace"]
                and (not names or target["ResourceId"] in names)
            ]
        }

    def _put_policy(self, request: Record) -> Record:
        found = self._find(request)
        if found is None:
            raise _Refused("ObjectNotFoundException", "No scalable target is registered for it")
        found["_policies"][request["PolicyName"]] = request
        at = f"{self._cloud.region}:{self._cloud.account}"
        name = f"{request['ResourceId']}:policyName/{request['PolicyName']}"
        return {"PolicyARN": f"arn:aws:autoscaling:{at}:scalingPolicy:0:resource/{name}"}

    def _find(self, request: Record) -> Record | None:
        asked = [request[key] for key in _KEY]
        return next(
            (found for found in self._targets if [found[key] for key in _KEY] == asked), None
        )


def install(cloud: Cloud) -> None:
    """Put the service into ministack."""
    handlers = patching.member("ministack.app", "SERVICE_HANDLERS", dict)
    patterns = patching.member("ministack.core.router", "SERVICE_PATTERNS", dict)
    handlers["application-autoscaling"] = Scaling(cloud).handle
    patterns["application-autoscaling"] = {
        "target_prefixes": [_TARGET],
        "host_patterns": [r"application-autoscaling\."],
    }


def _saved(text: str) -> list[Record]:
    saved = json.loads(text)
    if not isinstance(saved, list):
        raise TypeError("not a list of scalable targets")
    return saved
