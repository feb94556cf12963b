"""PlanPackage: what is made of the champion for devices."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.edge.packaging import plan_package
from tagline.formats.steps import PackageAnswer, RunEvent
from tagline.jobs.limits import limits, parameter
from tagline.jobs.sagemaker import Stack


@step
def handler(event: RunEvent) -> PackageAnswer:
    """Write order.json; return the version and its job's request. Raises NotReleased."""
    here = environment()
    kind = here.evaluation_instance_type
    limits(here).check_type(kind, parameter("EvaluationInstanceType"))
    stack = Stack(here.stack, event.bucket, here.trainer_image, kind)
    return plan_package(Bucket(clients.s3(), event.bucket), event.run, stack)
