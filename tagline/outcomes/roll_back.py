"""Back to the champion: what to do with an endpoint whose new model did not hold."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tagline.aws.s3 import Bucket
from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.keys import RunKeys
from tagline.formats.names import run_of_job, trial_name
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion, serving_endpoint
from tagline.formats.plan import Plan
from tagline.formats.steps import DeployingExecution, RollBackAnswer, RollBackEvent, WayBack
from tagline.outcomes.execution_history import failed_state, newest_events
from tagline.outcomes.failures import reason, unwrap
from tagline.planning.standing import find_champion, overtaken_by
from tagline.serving.endpoints import BROKEN, Endpoint, ailment, describe
from tagline.serving.machines import Hosting, scaling_of
from tagline.serving.rebuilding import look_for

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

_HANDLERS = ("PlanRollBack",)
_THE_STACKS = EndpointSettings()
_GIVEN_WAY = {"Overtaken", "ChampionChanged"}
_DEPLOYING: set[WayBack] = {"restore", "create", "replace"}


class RollBackFailed(RuntimeError):
    """The champion could not be brought back; the message says what serves and what to do."""


@dataclass(frozen=True)
class Found:
    """What stands when the way back is planned."""

    name: str
    """The endpoint's."""
    endpoint: Endpoint | None
    champion: Champion | None
    failed: str | None = None
    """The state whose error led here; None: the endpoint itself did not come up, or is ill."""
    rival: str | None = None
    """Another run that deployed to it meanwhile: what it made serves and is its own to keep."""
    newer: str | None = None
    """The run of a list that was dropped later."""
    trial: Endpoint | None = None
    """The endpoint where challengers are tried, if there is one."""
    trial_left: bool = False
    """Whether nobody but this run has to do with it."""
    settings: EndpointSettings = _THE_STACKS
    """Of the run that is champion."""


def roll_back(
    event: RollBackEvent,
    bucket: Bucket,
    sagemaker: "SageMakerClient",
    stepfunctions: "SFNClient",
    *,
    stack: str,
    hosting: Hosting,
) -> RollBackAnswer:
    """Look at champion, endpoint and history as they stand, and plan the way back.

    Raises RollBackFailed.
    """
    dataset = RunKeys(event.run).dataset
    champion = find_champion(bucket, dataset)
    if champion:
        check_champion(champion, dataset, bucket.name, stack)
    name = serving_endpoint(stack, dataset, champion)
    endpoint = describe(sagemaker, name)
    failed = None
    if event.execution.error is not None:
        failed = failed_state(newest_events(stepfunctions, event.execution_arn), _HANDLERS)
    rival = _rival(event, champion, endpoint, bucket, stack)
    newer = overtaken_by(bucket, event.run)
    trial = describe(sagemaker, trial_name(stack, dataset))
    found = Found(
        *(name, endpoint, champion, failed, rival, newer),
        trial=trial,
        trial_left=trial is not None and _left(event, trial, bucket, stack),
        settings=_settings(bucket, champion),
    )
    planned = plan_roll_back(event.execution, found)
    if champion is None or planned.action not in _DEPLOYING:
        return planned
    gone = look_for(champion, bucket, sagemaker, hosting)
    if gone is None:
        return planned
    return replace(planned, model_gone=gone.model, config_gone=gone.config, rebuild=gone.rebuild)


def _settings(bucket: Bucket, champion: Champion | None) -> EndpointSettings:
    """Return what the champion serves on; as the stack has it where its plan cannot be read."""
    plan = bucket.whole(RunKeys(champion.run).plan, Plan) if champion else None
    return plan.settings.endpoint if plan else _THE_STACKS


def plan_roll_back(execution: DeployingExecution, found: Found) -> RollBackAnswer:
    """Return what to do with the endpoint, which configuration is to serve, and why.

    Raises RollBackFailed when a roll-back was tried already. A champion that could not be brought
    back before the training is left as it is: the challenger may take its place.
    """
    before, trial = execution.rollback, found.trial
    left = trial.name if trial and found.trial_left else None
    if before is not None and _before_training(execution):
        return replace(
            before, action="keep", model_gone=False, config_gone=False, trial=left, scaling=None
        )
    if before is not None and before.then == "end":
        raise RollBackFailed(_twice(execution, before, found))
    champion, endpoint = found.champion, found.endpoint
    action: WayBack = "keep"
    config = champion.endpoint_config if champion else None
    if found.rival is not None and endpoint is not None:
        config = endpoint.config
    elif champion is None:
        if endpoint and endpoint.status != "Deleting":
            action = "delete"
    else:
        action = _to_champion(champion, endpoint, found.settings.mode == "serverless")
    step = _step(execution, found)
    kind = execution.error.error if execution.error else None
    return RollBackAnswer(
        action=action,
        endpoint=found.name,
        endpoint_config=config,
        run=champion.run if champion else None,
        state=step,
        reason=_why(execution, found, step),
        then="train" if _before_training(execution) else "end",
        superseded=found.newer is not None
        and (found.rival is not None or kind in _GIVEN_WAY or _trying(execution)),
        trial=left,
        scaling=scaling_of(found.name, found.settings) if champion and not found.rival else None,
    )


def _to_champion(champion: Champion, endpoint: Endpoint | None, serverless: bool) -> WayBack:
    if endpoint is None or endpoint.status == "Deleting":
        return "create"  # which is retried until the endpoint is gone
    if endpoint.status in BROKEN or endpoint.serverless != serverless:
        return "replace"
    in_service = endpoint.status == "InService" and endpoint.config == champion.endpoint_config
    return "keep" if in_service else "restore"


def _trying(execution: DeployingExecution) -> bool:
    return execution.awaited is not None and execution.awaited.of == "trial"


def _before_training(execution: DeployingExecution) -> bool:
    plan = execution.plan
    return (
        plan is not None
        and not plan.unchanged
        and execution.decision is None
        and execution.deployment is None
    )


def _step(execution: DeployingExecution, found: Found) -> str:
    if found.failed:
        return found.failed
    if _trying(execution):
        return "CreateTrial"
    if execution.awaited is not None and execution.awaited.of == "shadow":
        return "StartShadow"
    if execution.deployment:
        verb = "Update" if execution.deployment.action == "update" else "Create"
        return f"{verb}Endpoint"
    if execution.restore:
        return "DescribeEndpoint"
    return "DecidePromotion" if execution.decision else "PlanDataset"


def _rival(
    event: RollBackEvent,
    champion: Champion | None,
    endpoint: Endpoint | None,
    bucket: Bucket,
    stack: str,
) -> str | None:
    """Return the run that deployed to the endpoint after this one did, if there is one."""
    evaluation = event.execution.evaluation
    compared = evaluation.champion_run if evaluation else champion and champion.run
    other = run_of_job(stack, RunKeys(event.run).dataset, (endpoint and endpoint.config) or "")
    if other is None or other in {event.run, compared}:
        return None
    if champion and champion.run == other:
        return other
    return None if bucket.head(RunKeys(other).status) else other


def _left(event: RollBackEvent, trial: Endpoint, bucket: Bucket, stack: str) -> bool:
    """Return whether a trial's endpoint is this run's, or of none that goes on."""
    if trial.status == "Deleting":
        return False
    run = run_of_job(stack, RunKeys(event.run).dataset, trial.config or "")
    return run is None or run == event.run or bucket.head(RunKeys(run).status) is not None


def _why(execution: DeployingExecution, found: Found, step: str) -> str:
    endpoint, champion = found.endpoint, found.champion
    if _trying(execution):
        endpoint = found.trial
    if execution.error is not None:
        return reason(step, unwrap(execution.error.error, execution.error.cause))
    if execution.deployment is None:
        ill = ailment(champion, endpoint) if champion else None
        return f"the champion's endpoint {ill or 'serves'}: the champion is deployed again"
    if found.rival is not None and not _trying(execution):
        said = f"run {found.rival}, of another list of this dataset, took the endpoint over"
    elif endpoint is None:
        said = "the endpoint disappeared while it was awaited"
    elif endpoint.failure:
        said = endpoint.failure
    elif endpoint.status == "InService" and _trying(execution):
        said = "another run of this dataset took the trial's endpoint over"
    elif endpoint.status == "InService":
        said = "SageMaker went back to the endpoint's former configuration: an alarm went off"
    else:
        said = f"the endpoint is still {endpoint.status} after two hours"
    return reason(step, unwrap(step, said))


def _twice(execution: DeployingExecution, before: RollBackAnswer, found: Found) -> str:
    status = found.endpoint.status if found.endpoint else "gone"
    error = execution.error
    told = f" ({unwrap(error.error, error.cause).message})" if error and found.failed else ""
    return (
        f"Endpoint {found.name} is {status} and did not come back to "
        f"{before.endpoint_config}{told}: look at it in the SageMaker console. "
        f"It began with: {before.reason}"
    )
