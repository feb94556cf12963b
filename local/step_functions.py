"""Which service a Task state's Resource reaches, where ministack has no or a poor answer.

Optimised integrations: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from typing import Any

from local import executions, patching
from local.clients import Clients
from local.context import Cloud
from local.step_access import StepAccess
from local.step_ecs import ContainerTasks
from local.step_sagemaker import SageMakerCall, SageMakerTasks
from local.step_sdk import SdkTasks

_OPTIMISED = "arn:aws:states:::"
_SDK = "arn:aws:states:::aws-sdk:"
# of these ministack dispatches a part only, or nothing
_BY_BOTO3 = {
    "applicationautoscaling": ("application-autoscaling", "ApplicationAutoScaling"),
    "cloudwatch": ("cloudwatch", "CloudWatch"),
    "s3": ("s3", "S3"),
}


def install(cloud: Cloud, sagemaker: SageMakerCall, access: StepAccess) -> None:
    """Put the integrations first in ministack's dispatch, which goes by prefix."""
    dispatch: dict[str, Any] = patching.member(executions.SFN, "_SERVICE_DISPATCH", dict)
    clients = Clients(cloud)
    jobs = SageMakerTasks(sagemaker, access)
    first: dict[str, Any] = {
        f"{_OPTIMISED}sagemaker:": jobs.optimised,
        f"{_SDK}sagemaker:": jobs.sdk,
        f"{_OPTIMISED}ecs:runTask": ContainerTasks(clients, access).run,
    }
    for name, (service, prefix) in _BY_BOTO3.items():
        first[f"{_SDK}{name}:"] = SdkTasks(clients, service, prefix).run
    rest = {key: handler for key, handler in dispatch.items() if key not in first}
    dispatch.clear()
    dispatch.update(first | rest)
