"""Back to the champion: what to do with an endpoint whose new model did not hold."""

from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import endpoint_name, run_of_job
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion
from tagline.formats.steps import DeployingExecution, RollBackAnswer, RollBackEvent, WayBack
from tagline.outcomes.execution_history import failed_state, newest_events
from tagline.outcomes.failures import reason, unwrap
from tagline.serving.endpoints import Endpoint, describe

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

_HANDLERS = ("PlanRollBack", "RecordFailure")
_GONE = "Deleting"


class RollBackFailed(RuntimeError):
    """The champion could not be brought back; the message says what serves and what to do."""


def roll_back(
    event: RollBackEvent,
    bucket: Bucket,
    sagemaker: "SageMakerClient",
    stepfunctions: "SFNClient",
    stack: str,
) -> RollBackAnswer:
    """Look at champion, endpoint and history as they stand, and plan the way back.

    Raises RollBackFailed.
    """
    dataset = RunKeys(event.run).dataset
    found = bucket.find(DatasetKeys(dataset).champion, Champion)
    champion = found.content if found else None
    if champion:
        check_champion(champion, dataset, bucket.name, stack)
    endpoint = describe(sagemaker, endpoint_name(stack, dataset))
    failed = None
    if event.execution.error is not None:
        failed = failed_state(newest_events(stepfunctions, event.execution_arn), _HANDLERS)
    rival = _rival(event, champion, endpoint, bucket)
    return plan_roll_back(event.execution, champion, endpoint, failed, rival)


def plan_roll_back(
    execution: DeployingExecution,
    champion: Champion | None,
    endpoint: Endpoint | None,
    failed: str | None,
    rival: str | None = None,
) -> RollBackAnswer:
    """Return what to do with the endpoint, which configuration is to serve, and why.

    `failed` is the state whose error led here; None means that the endpoint itself did not come
    up. `rival` is another run that deployed to it meanwhile: what it made serves and is its own to
    keep. Raises RollBackFailed when a roll-back was tried already.
    """
    deployment, before = execution.deployment, execution.rollback
    if before is not None:
        status = endpoint.status if endpoint else "gone"
        raise RollBackFailed(
            f"Endpoint {deployment.endpoint} is {status} and did not come back to "
            f"{before.endpoint_config}: look at it in the SageMaker console. "
            f"The roll-back began with: {before.reason}"
        )
    step = failed or f"{deployment.action.capitalize()}Endpoint"
    action: WayBack = "keep"
    config = champion.endpoint_config if champion else None
    if rival is not None and endpoint is not None:
        config = endpoint.config
    elif champion is None:
        if endpoint and endpoint.status != _GONE:
            action = "delete"
    elif not (endpoint and endpoint.status == "InService" and endpoint.config == config):
        action = "restore"
    return RollBackAnswer(
        action=action,
        endpoint=deployment.endpoint,
        endpoint_config=config,
        state=step,
        reason=_why(execution, endpoint, step, rival),
    )


def _rival(
    event: RollBackEvent, champion: Champion | None, endpoint: Endpoint | None, bucket: Bucket
) -> str | None:
    """Return the run that deployed to the endpoint after this one did, if there is one."""
    other = run_of_job(RunKeys(event.run).dataset, (endpoint and endpoint.config) or "")
    if other is None or other in {event.run, event.execution.evaluation.champion_run}:
        return None
    if champion and champion.run == other:
        return other
    return None if bucket.head(RunKeys(other).status) else other


def _why(
    execution: DeployingExecution, endpoint: Endpoint | None, step: str, rival: str | None
) -> str:
    if execution.error is not None:
        return reason(step, unwrap(execution.error.error, execution.error.cause))
    if rival is not None:
        said = f"run {rival}, of another list of this dataset, took the endpoint over meanwhile"
    elif endpoint is None:
        said = "the endpoint disappeared while it was awaited"
    elif endpoint.failure:
        said = endpoint.failure
    elif endpoint.status == "InService":
        said = "SageMaker went back to the endpoint's former configuration: an alarm went off"
    else:
        said = f"the endpoint is still {endpoint.status} after two hours"
    return reason(step, unwrap(step, said))
