"""What the state machine hands to its functions, and what they answer.

An execution carries these between states of one deployment, so they have no format of their own;
statemachine/ picks from an answer what later states need.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from tagline.formats.document import Document, Record
from tagline.formats.kinds import Kind
from tagline.formats.outcomes import Decision, Order, Outcome
from tagline.formats.plan import DroppedList
from tagline.formats.rows import Size
from tagline.formats.sagemaker import (
    Container,
    DeploymentConfig,
    ProcessingRequest,
    TrainingRequest,
    TuningRequest,
    Variant,
)
from tagline.formats.shadow import Shadowing

ShardName = Annotated[str, Meta(pattern=r"^[0-9]{1,9}\Z")]


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
    sequencer: str = ""
    """S3's, of the event; empty where it gave none."""


class CreatedObject(Record, rename="kebab"):
    """An object that was written, as EventBridge tells of it: its key is not URL-encoded."""

    key: str
    etag: str
    version_id: str = ""
    sequencer: str = ""


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


class MergeAnswer(Record):
    """MergeCorrections: what it did, in words."""

    dataset: str
    done: str


class PlanAnswer(Record):
    """PlanDataset: small facts, never rows."""

    unchanged: bool
    reason: str
    """Why it is unchanged, or superseded, or neither."""
    rows: Size
    accepted: Size
    rejected: Size
    reused: Size
    train: Size
    validation: Size
    shards: Size
    shards_key: str
    superseded: bool = False
    redeploy: bool = False
    """Whether the champion does not serve, so that it has to be deployed again."""
    test: Size = 0
    kind: Kind = Kind.IMAGES
    """Of ratings nothing is fetched and packed."""
    edge: bool = False
    """Whether nothing changed, and devices wait for the champion, or for another version of it."""
    in_task: bool = False
    """Whether the list is too large for a function: PlanInTask plans it, and is asked then."""


class Planning(Record):
    """What PlanDataset has answered before, of which it takes up one thing."""

    in_task: bool = False


class PlanEvent(RunInput):
    """PlanDataset: an execution's input; the second time, behind PlanInTask, with its answer."""

    plan: Planning = Planning()


class PlannedInTask(Document, kw_only=True):
    """What a container task that planned a run answers: either of the two."""

    answer: PlanAnswer | None = None
    error: str | None = None
    """The name of what is wrong with the list or its settings, such as UnusableList."""
    cause: str | None = None
    """It in a sentence."""


class FetchEvent(RunEvent):
    """FetchShard: which shard."""

    shard: ShardName


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
    job_name: str = ""
    tuning_job: str | None = None
    """ARN of the search whose best trial it is."""


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


class Opponent(Record):
    """The champion that the run was compared with."""

    champion_run: str | None


class DecisionEvent(RunEvent):
    """DecidePromotion: compared with whom."""

    evaluation: Opponent


class DecisionAnswer(Record):
    """DecidePromotion: decision.json, and whether the champion has to be deployed again."""

    promote: bool
    reason: str
    challenger_map: float | None
    champion_map: float | None
    superseded_by: str | None
    redeploy: bool
    metric: str = "mAP"
    challenger_value: float | None = None
    champion_value: float | None = None
    order: Order | None = None
    """A person's, which overrules the gate."""


class Challenger(Record):
    """The model that was compared."""

    artifact: str


class DeploymentEvent(RunEvent):
    """PlanDeployment: which model."""

    evaluation: Challenger
    execution: str = ""
    """The execution's name: another one than the run's carries an order out."""


class Fleet(Record):
    """The machines behind an endpoint."""

    instance_type: str
    instance_count: int


class Scaling(Record, kw_only=True):
    """How an endpoint's instances become more and fewer."""

    resource: str
    """Its variant, as Application Auto Scaling names it."""
    min_instances: int
    max_instances: int
    invocations_per_instance: int
    """A minute, which scaling keeps to."""


class Trial(Record):
    """The endpoint where the challenger is tried before it gets any traffic."""

    endpoint: str
    endpoint_config: str
    """Without the attempt."""
    variant: Variant
    """Of one instance, whatever the fleet."""
    left_over: bool
    """Whether a run that broke off left one of this name."""


class Guards(Record):
    """The alarms that watch a new configuration while traffic moves to it."""

    errors: str
    latency: str
    latency_microseconds: int


class DeploymentAnswer(Record):
    """PlanDeployment: what the deploying states need."""

    action: Literal["create", "update", "replace"]
    """Replace: the endpoint failed, and is deleted and made anew."""
    canary: bool
    """Whether traffic moves in steps; executions of earlier versions' flows pick it."""
    endpoint: str
    alarm: str
    model: str
    """Without the attempt, like `endpoint_config`."""
    endpoint_config: str
    container: Container
    network_isolation: bool
    """Serverless endpoints refuse models that have it."""
    variant: Variant
    serverless: bool
    scaling: Scaling | None
    trial: Trial
    deployment_config: DeploymentConfig
    guards: Guards
    shadow: Shadowing | None = None
    """How the challenger answers unseen first; null where it does not."""


class Served(Record):
    """Where the challenger serves."""

    endpoint: str


class Awaited(Served):
    """What the endpoint is to serve: the model of which run."""

    run: str


class ShadowServes(Served):
    """An endpoint with a shadow: its configuration, and who is champion there."""

    endpoint_config: str
    run: str
    seconds: int
    """Between two looks at an endpoint."""


class Watching(Record):
    """Since when a shadow has been watched: ISO 8601, UTC."""

    since: str


class Judged(Record):
    """Why the gate let the challenger pass."""

    reason: str


class ShadowEvent(RunEvent):
    """WatchShadow: where, since when, and why the challenger is to serve."""

    awaited: ShadowServes
    watched: Watching
    decision: Judged


class ShadowAnswer(Record):
    """WatchShadow: whether the shadow is over, and when to look again."""

    since: str
    done: bool
    reason: str
    """Why the challenger is to serve, with what the shadow showed once it is over."""
    seconds: int


class SmokeEvent(RunEvent):
    """SmokeTest: which endpoint, and whose model it should be."""

    awaited: Awaited


class SmokeAnswer(Record):
    """SmokeTest: images that were answered as evaluated."""

    checked: Size


class Comparison(Record):
    """Which model was compared with which champion, and with which version of champion.json."""

    artifact: str
    champion_run: str | None
    champion_etag: str | None


class Won(Record):
    """What DecidePromotion, or an order, said of the challenger."""

    challenger_map: float | None
    reason: str
    order: Order | None = None
    metric: str = "mAP"
    challenger_value: float | None = None
    """Of the primary metric, `metric`."""


class ChampionEvent(RunEvent):
    """RecordChampion: who, compared with whom, serving where."""

    evaluation: Comparison
    decision: Won
    deployment: Served
    model: str
    endpoint_config: str


class ChampionAnswer(Record):
    """RecordChampion."""

    run: str
    edge: bool = False
    """Whether it goes to devices."""


class PackageAnswer(Record):
    """PlanPackage: the request of the state PackageEdge, and the version that it makes."""

    version: str
    job_name: str
    """Without the attempt."""
    request: ProcessingRequest


class PackagedVersion(Record):
    """What was packaged."""

    version: str


class ReleaseEvent(RunEvent):
    """ReleaseEdge: which version."""

    packaging: PackagedVersion


class ReleaseAnswer(Record):
    """ReleaseEdge: which version went where."""

    version: str
    targets: tuple[str, ...]
    reason: str
    """A sentence for people."""


class Caught(Record, rename="pascal"):
    """What a Catch hands over."""

    error: str
    cause: str = ""


class JobFailure(Record):
    """What a job failed of, and how often the execution had been redriven by then."""

    error: str
    cause: str
    redrives: int


class JudgeEvent(RunEvent):
    """JudgeFailure: what a job failed of, and how often capacity was waited for already."""

    times: int
    redrives: int
    """How often the execution has been redriven by now."""
    failure: JobFailure


class Wait(Record):
    """JudgeFailure's answer: the job is tried again."""

    times: int
    """How often capacity was waited for, this time included."""
    seconds: int
    """How long to wait."""


WayBack = Literal["restore", "create", "replace", "delete", "keep"]


class ModelOfVariant(Record, rename="pascal"):
    """What the flow adds to a variant."""

    model_name: str


class Rebuild(Record):
    """What the champion's model and configuration were made of, should one be gone."""

    model: str
    container: Container
    network_isolation: bool
    variant: Variant
    of_variant: ModelOfVariant


class RollBackAnswer(Record):
    """PlanRollBack: what to do with the endpoint, and why it came to this."""

    action: WayBack
    endpoint: str
    endpoint_config: str | None
    """The one that is to serve; null where none is known."""
    state: str
    reason: str
    run: str | None = None
    """Whose model is to serve."""
    then: Literal["end", "train"] = "end"
    """Whether the run ends after that, or goes on to train its challenger."""
    superseded: bool = False
    model_gone: bool = False
    """Whether the champion's model has to be made again, like `config_gone`."""
    config_gone: bool = False
    rebuild: Rebuild | None = None
    trial: str | None = None
    """A trial's endpoint that has to be deleted."""
    scaling: Scaling | None = None
    """How what serves then scales."""


class Deploying(Served):
    """Where the challenger was to serve, and whether the endpoint was there before."""

    action: Literal["create", "update", "replace"]


class Restore(Served, omit_defaults=True):
    """Given to an execution that only brings the champion back: what has to settle first."""

    settled: bool = False
    """Whether nothing has to: no run is changing it."""


class Watched(Record):
    """What an execution waited for last."""

    of: Literal["trial", "shadow", "challenger", "champion"]


class PlanFacts(Record):
    """What PlanDataset said, as RecordOutcome is told."""

    unchanged: bool
    reason: str
    superseded: bool = False


class DeployingExecution(Record):
    """What an execution held when something went wrong while deploying."""

    deployment: Deploying | None = None
    awaited: Watched | None = None
    evaluation: Opponent | None = None
    restore: Restore | None = None
    plan: PlanFacts | None = None
    decision: Decision | None = None
    rollback: RollBackAnswer | None = None
    """An earlier attempt at it."""
    error: Caught | None = None


class RollBackEvent(RunEvent):
    """PlanRollBack: the execution, and all it holds."""

    execution_arn: str
    execution: DeployingExecution = field(name="state")


class RestoreInput(RunEvent):
    """The input of an execution that brings the champion back after a run broke off."""

    dataset: str
    started: str
    """When the run was, ISO 8601, UTC."""
    restore: Restore


class OrderInput(RunEvent):
    """The input of an execution that makes a run the champion because a person says so."""

    dataset: str
    started: str
    """When the order was given, ISO 8601, UTC."""
    order: Order


class OrderEvent(RunEvent):
    """TakeOrder: to make which run the champion, and why."""

    order: Order


class OrderAnswer(Record):
    """TakeOrder: what an evaluation and a promotion would have said."""

    evaluation: Comparison
    decision: DecisionAnswer


class OutcomeEvent(RunEvent):
    """RecordOutcome: all that an execution holds which did not fail."""

    started: str
    order: Order | None = None
    plan: PlanFacts | None = None
    rollback: RollBackAnswer | None = None
    decision: Decision | None = None
    champion: ChampionAnswer | None = None
    packaging: PackagedVersion | None = None
    edge: ReleaseAnswer | None = None
    edge_error: Caught | None = None
    """Why the champion did not go to devices; its promotion stands."""


class MapItem(Record):
    """A shard, as a child of FetchShards is given it."""

    shard: str = "?"


class MapInput(MapItem):
    """What a child of a Map was given: a shard, or a batch of them."""

    items: tuple[MapItem, ...] = field(name="Items", default=())


class ExecutionDetail(Record, rename="camel"):
    """The detail of EventBridge's "Step Functions Execution Status Change"."""

    execution_arn: str
    name: str
    status: str = ""
    """FAILED, TIMED_OUT or ABORTED."""
    input: str | None = None
    error: str | None = None
    cause: str | None = None


class ExecutionEnded(Record):
    """RecordFailure, from EventBridge, for an execution that ended badly."""

    detail: ExecutionDetail


class RecordedAnswer(Record, omit_defaults=True):
    """RecordFailure's answer to EventBridge."""

    recorded: bool
    outcome: Outcome | None = None


class Scheduled(Record):
    """TellFailures and WatchDrift, from EventBridge, once an hour."""

    time: str


class ToldAnswer(Record):
    """TellFailures' answer."""

    told: int
    """Failures in the digest."""


class WatchedAnswer(Record):
    """WatchDrift's answer."""

    looked: int
    """Datasets that were looked at."""
    drifted: int
    """Those of them that drift."""
