"""JudgeFailure: wait for machines that are short, or fail the run of what its job failed of."""

from tagline.aws import clients
from tagline.aws.step import step
from tagline.formats.steps import JudgeEvent, Wait
from tagline.outcomes.capacity import judge


@step
def handler(event: JudgeEvent) -> Wait:
    """Return how long to wait; raises JobFailed where waiting does not help."""
    return judge(event, clients.sagemaker())
