"""`sagemaker:*` and `aws-sdk:sagemaker:*` tasks, with `.sync` for the jobs."""

import json
import time
from collections.abc import Callable
from typing import Any

from local.access.authority import AccessDenied
from local.executions import current_attempt, failure
from local.sagemaker.errors import SageMakerError
from local.step_access import StepAccess
from local.step_shapes import for_states, operation_of, waits

SageMakerCall = Callable[[str, dict[str, Any]], dict[str, Any]]
_JOBS = {
    "CreateHyperParameterTuningJob": "HyperParameterTuningJob",
    "CreateProcessingJob": "ProcessingJob",
    "CreateTrainingJob": "TrainingJob",
}
_OPTIMISED = {*_JOBS, "CreateEndpoint", "CreateEndpointConfig", "CreateModel", "UpdateEndpoint"}
_MODELLED = {  # every other code is named by the service's general exception
    "ConflictException": "ConflictException",
    "ResourceInUse": "ResourceInUseException",
    "ResourceLimitExceeded": "ResourceLimitExceededException",
    "ResourceNotFound": "ResourceNotFoundException",
}
_ENDED = {"Completed", "Failed", "Stopped"}
_LOOK, _CHANGING = "DescribeEndpoint", {"Creating", "Updating", "SystemUpdating", "RollingBack"}
_PATIENCE = 1.0  # seconds of a look, where AWS answers at once: a change is over soon here
_POLL = 0.1  # seconds


class SageMakerTasks:
    """Tasks on the laptop cloud's SageMaker, with errors named as Step Functions names them."""

    def __init__(self, call: SageMakerCall, access: StepAccess) -> None:
        self._call = call
        self._access = access

    def sdk(self, resource: str, request: dict[str, Any]) -> Any:
        """Make one API call of `aws-sdk:sagemaker:`."""
        if waits(resource):
            raise failure("States.Runtime", f"{resource}: aws-sdk tasks have no .sync")
        operation = operation_of(resource)
        patience = time.monotonic() + _PATIENCE
        while True:
            answer = self._named(operation, request, "SageMakerException")
            changing = operation == _LOOK and answer["EndpointStatus"] in _CHANGING
            if not changing or time.monotonic() > patience:
                return for_states(answer)
            time.sleep(_POLL)

    def optimised(self, resource: str, request: dict[str, Any]) -> Any:
        """Make one API call of `sagemaker:` and, for `.sync`, wait for the job that it starts."""
        operation = operation_of(resource)
        if operation not in _OPTIMISED or (waits(resource) and operation not in _JOBS):
            raise failure(
                "States.Runtime",
                f"{resource} is no integration that the laptop cloud has; "
                "single calls are made by arn:aws:states:::aws-sdk:sagemaker:",
            )
        answer = self._named(operation, request, "AmazonSageMakerException", resource)
        if waits(resource):
            kind = _JOBS[operation]
            return self._wait(kind, request[f"{kind}Name"])
        return for_states(answer)

    def _wait(self, kind: str, name: str) -> Any:
        named = {f"{kind}Name": name}
        attempt = current_attempt()
        while True:
            job = self._named(f"Describe{kind}", named, "AmazonSageMakerException")
            if job[f"{kind}Status"] in _ENDED:
                break
            if attempt is not None and attempt.abandoned:
                self._named(f"Stop{kind}", named, "AmazonSageMakerException")
                raise failure("States.Timeout", f"{kind} {name} is stopped: {attempt.abandoned}")
            time.sleep(_POLL)
        if job[f"{kind}Status"] != "Completed":
            raise failure("States.TaskFailed", json.dumps(for_states(job)))
        return for_states(job)

    def _named(
        self, operation: str, request: dict[str, Any], general: str, waiting: str = ""
    ) -> dict[str, Any]:
        try:
            self._access.require_wait(waiting)
            self._access.require("sagemaker", operation, request)
            return self._call(operation, request)
        except AccessDenied as exc:
            told = "(Service: SageMaker; Status Code: 400; Error Code: AccessDeniedException)"
            raise failure(f"SageMaker.{general}", f"{exc} {told}") from exc
        except SageMakerError as exc:
            name = _MODELLED.get(exc.code, general)
            raise failure(
                f"SageMaker.{name}",
                f"{exc.message} (Service: SageMaker; Status Code: {exc.status}; "
                f"Error Code: {exc.code})",
            ) from exc
