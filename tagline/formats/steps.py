"""What the state machine hands to its functions, and what they answer.

An execution carries these between states of one deployment, so they have no format of their own;
statemachine/ picks from an answer what later states need.
"""

from typing import Literal

from tagline.formats.document import Document, Record
from tagline.formats.outcomes import Decision, Outcome
from tagline.formats.plan import DroppedList
from tagline.formats.rows import Size
from tagline.formats.sagemaker import (
    Container,
    DeploymentConfig,
    ProcessingRequest,
    TrainingRequest,
    TuningRequest,
)


class RunEvent(Record):
    """What every step is told: the data bucket and the run."""

    bucket: str
    run: str


class RunInput(RunEvent):
    """An execution's input: the run, its dataset, and the version of the list that was dropped."""

    dataset: str
    list: DroppedList
    started: str
    """ISO 8601, UTC."""


class CreatedObject(Record, rename="kebab"):
    """An object that was written, as EventBridge tells of it: its key is not URL-encoded."""

    key: str
    etag: str
    version_id: str = ""


class BucketName(Record):
    """The bucket it was written to."""

    name: str


class CreatedDetail(Record):
    """The detail of EventBridge's "Object Created"."""

    bucket: BucketName
    object: CreatedObject


class ObjectCreated(Record):
    """StartRun, from EventBridge: an object was written."""

    time: str
    detail: CreatedDetail


class StartAnswer(Record, omit_defaults=True):
    """Whether a dropped object started a run, and why not."""

    started: bool
    run: str | None = None
    reason: str | None = None


class PlanAnswer(Record):
    """PlanDataset: small facts, never rows."""

    unchanged: bool
    reason: str
    rows: Size
    accepted: Size
    rejected: Size
    reused: Size
    train: Size
    validation: Size
    shards: Size
    shards_key: str


class FetchEvent(RunEvent):
    """FetchShard: which shard."""

    shard: str


class FetchAnswer(Record):
    """What became of a shard: rows fetched, rejected, reused and left to do; bytes of images."""

    shard: str
    fetched: Size
    rejected: Size
    reused: Size
    left: Size
    bytes: Size


class TrainPlan(Document, kw_only=True, tag_field="mode", tag="train"):
    """PlanTraining, and the file training.json: the request of the state Train."""

    job_name: str
    """Without the attempt, which the state appends."""
    timeout: int
    """Seconds that the state may take."""
    request: TrainingRequest


class TunePlan(Document, kw_only=True, tag_field="mode", tag="tune"):
    """PlanTraining, and the file training.json: the request of the state Tune."""

    job_name: str
    """Without the attempt, which the state appends."""
    timeout: int
    """Seconds that the state may take."""
    request: TuningRequest


class Trained(Record):
    """The model that Train, or the best trial, left."""

    artifact: str
    """S3 URI of its model.tar.gz."""


class EvaluationEvent(RunEvent):
    """PlanEvaluation: which model."""

    trained: Trained


class EvaluationAnswer(Record):
    """PlanEvaluation: the request of the state Evaluate, and whom it compares with."""

    job_name: str
    champion_run: str | None
    champion_etag: str | None
    """Of champion.json as it was read."""
    artifact: str
    request: ProcessingRequest


class Compared(Record):
    """Who was compared with whom."""

    champion_run: str | None = None
    champion_etag: str | None = None
    artifact: str = ""
    """The challenger's."""


class DecisionEvent(RunEvent):
    """DecidePromotion, PlanDeployment: who was compared."""

    evaluation: Compared


class Fleet(Record):
    """The machines behind an endpoint."""

    instance_type: str
    instance_count: int


class DeploymentAnswer(Record):
    """PlanDeployment: what the deploying states need."""

    action: Literal["create", "update"]
    canary: bool
    endpoint: str
    alarm: str
    model: str
    """Without the attempt, like `endpoint_config`."""
    endpoint_config: str
    container: Container
    fleet: Fleet
    deployment_config: DeploymentConfig


class Deployed(Record):
    """Where the challenger was deployed."""

    endpoint: str
    action: Literal["create", "update"] = "update"


class SmokeEvent(RunEvent):
    """SmokeTest: which endpoint."""

    deployment: Deployed


class SmokeAnswer(Record):
    """SmokeTest: images that were answered as evaluated."""

    checked: Size


class Judged(Record):
    """What DecidePromotion said, as RecordChampion is told."""

    challenger_map: float | None
    reason: str


class ChampionEvent(RunEvent):
    """RecordChampion: who, compared with whom, serving where."""

    evaluation: Compared
    decision: Judged
    deployment: Deployed
    model: str
    endpoint_config: str


class ChampionAnswer(Record):
    """RecordChampion."""

    run: str


class Caught(Record, rename="pascal"):
    """What a Catch hands over."""

    error: str
    cause: str = ""


class RollBackAnswer(Record):
    """PlanRollBack: what to do with the endpoint, and why it came to this."""

    action: Literal["restore", "delete", "keep"]
    endpoint: str
    endpoint_config: str | None
    """The one that is to serve; null where none is known."""
    state: str
    reason: str


class DeployingState(Record):
    """The execution's state when something went wrong while deploying."""

    deployment: Deployed
    evaluation: Compared = Compared()
    rollback: RollBackAnswer | None = None
    """An earlier attempt at it."""
    error: Caught | None = None


class RollBackEvent(RunEvent):
    """PlanRollBack: the execution, and its state."""

    dataset: str
    execution_arn: str
    state: DeployingState


class PlanFacts(Record):
    """What PlanDataset said, as RecordOutcome is told."""

    unchanged: bool
    reason: str


class FinishedState(RunEvent):
    """RecordOutcome: the whole state of an execution that did not fail."""

    started: str
    plan: PlanFacts
    rollback: RollBackAnswer | None = None
    decision: Decision | None = None
    champion: ChampionAnswer | None = None


class OutcomeAnswer(Record):
    """RecordOutcome: how the run ended."""

    outcome: Outcome
    state: str
    reason: str


class FailureEvent(RunEvent):
    """RecordFailure, from the state machine's Catch."""

    started: str
    execution_arn: str
    error: Caught


class FailureAnswer(OutcomeAnswer):
    """RecordFailure: how the run ended, and the name of the execution's error."""

    error: str


class ExecutionDetail(Record, rename="camel"):
    """The detail of EventBridge's "Step Functions Execution Status Change"."""

    execution_arn: str
    name: str
    input: str | None = None
    error: str | None = None
    cause: str | None = None


class ExecutionEnded(Record):
    """RecordFailure, from EventBridge, for an execution that broke off."""

    detail: ExecutionDetail


class RecordedAnswer(Record, omit_defaults=True):
    """RecordFailure's answer to EventBridge."""

    recorded: bool
    outcome: Outcome | None = None
