"""A state machine calls by its own role: each task's calls are judged before they are made."""

from collections.abc import Mapping
from typing import Any

from local import patching
from local.access.authority import AccessDenied, Authority
from local.access.calls import Call
from local.access.sessions import session_of
from local.executions import SFN, current_attempt, failure
from local.step_shapes import operation_of, waits

_OPTIMISED = "arn:aws:states:::"
_SDK = "arn:aws:states:::aws-sdk:"
_FUNCTION = ":function:"
_IAM_PREFIX = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sfn": "states",
}
_JUDGED_ELSEWHERE = {"ecs", "sagemaker"}  # they make several calls: each is judged where it is made
_DENIED = {  # how the service's own Access Denied is named: Lambda's general exception, SNS's own
    "lambda": "Lambda.AWSLambdaException",
    "sns": "SNS.AuthorizationErrorException",
}
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-iam
_MANAGED_RULES = {
    "createHyperParameterTuningJob": "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    "createProcessingJob": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "createTrainingJob": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "runTask": "StepFunctionsGetEventsForECSTaskRule",
}


class StepAccess:
    """What the machine of an execution may do."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def require(
        self,
        service: str,
        operation: str,
        request: Mapping[str, Any],
        execution: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise AccessDenied unless the machine may make a call.

        It is the machine of `execution`, or of the task that this thread works on.
        """
        attempt = current_attempt()
        running = execution or (attempt.execution if attempt else None)
        if running is None:
            raise RuntimeError(f"{service}:{operation} is called outside of an execution")
        key = session_of(_role_of(running), "StepFunctions").access_key
        self._authority.require(key, Call(service, operation, request))

    def require_wait(self, resource: str) -> None:
        """Raise AccessDenied unless the machine may have the rule by which `.sync` waits."""
        rule = _MANAGED_RULES.get(resource.rpartition(":")[2].partition(".")[0])
        if rule is not None and waits(resource):
            self.require("events", "PutRule", {"Name": rule})
            self.require("events", "DescribeRule", {"Name": rule})
            self.require("events", "PutTargets", {"Rule": rule})


def install(access: StepAccess) -> None:
    """Judge the tasks that ministack carries out within its own process."""
    invoke = patching.function(SFN, "_invoke_resource", "resource", "input_data")

    def invoke_if_allowed(resource: str, input_data: Any) -> Any:
        judged = _call(resource, input_data)
        if judged is not None:
            service, operation, parameters = judged
            try:
                access.require(service, operation, parameters)
            except AccessDenied as exc:
                if exc.refusal.unknown:
                    raise failure("States.Runtime", f"{resource}: {exc}") from exc
                name = _DENIED.get(service, f"{service.capitalize()}.AccessDeniedException")
                raise failure(name, str(exc)) from exc
        return invoke(resource, input_data)

    patching.replace(SFN, "_invoke_resource", invoke_if_allowed, "resource", "input_data")


def _call(resource: str, request: Any) -> tuple[str, str, Mapping[str, Any]] | None:
    """Return the call that a task makes, or None where it is judged elsewhere or makes none."""
    if resource.startswith(_SDK):
        service, operation = resource.removeprefix(_SDK).split(":")[0], operation_of(resource)
        called = _IAM_PREFIX.get(service, service), operation, request
    elif resource.startswith(_OPTIMISED):
        service = resource.removeprefix(_OPTIMISED).split(":")[0]
        called = service, operation_of(resource), request
    elif _FUNCTION in resource:
        called = "lambda", "Invoke", {"FunctionName": resource}
    else:
        return None
    return None if called[0] in _JUDGED_ELSEWHERE else called


def _role_of(execution: Mapping[str, Any]) -> str:
    """Return the role of the machine of an execution, or of a map run's child."""
    machine = ":".join(execution["stateMachineArn"].split(":")[:7]).partition("/")[0]
    found = patching.member(SFN, "_state_machines", object).get(machine.partition("#")[0])
    if found is None:
        raise RuntimeError(f"the state machine {machine} is gone")
    role: str = found["roleArn"]
    return role
