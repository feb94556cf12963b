"""The parts of SageMaker's requests that are planned: fields as its API names them.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html; what a request needs besides
(its name, its role, its tags) the state machine adds.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET, UnsetType, field

from tagline.formats.document import Record

InputMode = Literal["File", "FastFile"]
Distribution = Literal["FullyReplicated", "ShardedByS3Key"]


class S3Data(Record, kw_only=True, rename="pascal"):
    """Where a channel's objects lie: every key that begins with the URI's."""

    s3_data_type: Literal["S3Prefix"] = "S3Prefix"
    s3_uri: str
    s3_data_distribution_type: Distribution = "FullyReplicated"
    """ShardedByS3Key: each machine gets files of its own."""


class DataSource(Record, kw_only=True, rename="pascal"):
    """Where a channel's data comes from."""

    s3_data_source: S3Data


class Channel(Record, kw_only=True, rename="pascal"):
    """An input channel of a training job."""

    channel_name: str
    content_type: str
    input_mode: InputMode = "File"
    """FastFile: files come from S3 as they are read."""
    data_source: DataSource


class MetricDefinition(Record, kw_only=True, rename="pascal"):
    """A metric, and the expression that finds it in the job's log."""

    name: str
    regex: str


class AlgorithmSpecification(Record, kw_only=True, rename="pascal"):
    """What trains."""

    training_image: str
    training_input_mode: Literal["File"] = "File"
    metric_definitions: tuple[MetricDefinition, ...] | UnsetType = UNSET
    """Those of SageMaker's own algorithms are its own."""


class Cluster(Record, kw_only=True, rename="pascal"):
    """The machine of a job."""

    instance_count: int = 1
    instance_type: str
    volume_size_in_gb: int = field(name="VolumeSizeInGB")


class OutputData(Record, kw_only=True, rename="pascal"):
    """Where a training job leaves its model."""

    s3_output_path: str = field(name="S3OutputPath")


class StoppingCondition(Record, kw_only=True, rename="pascal", omit_defaults=True):
    """When a job is stopped."""

    max_runtime_in_seconds: int
    max_wait_time_in_seconds: int | None = None
    """With spot capacity: to run, and to wait for it."""


class Checkpoints(Record, kw_only=True, rename="pascal"):
    """Where SageMaker keeps what a job that is interrupted goes on from."""

    s3_uri: str


class Job(Record, kw_only=True, rename="pascal"):
    """What a training job and each trial of a search have in common."""

    algorithm_specification: AlgorithmSpecification
    input_data_config: tuple[Channel, ...]
    output_data_config: OutputData
    resource_config: Cluster
    stopping_condition: StoppingCondition
    enable_managed_spot_training: bool = False
    checkpoint_config: Checkpoints | UnsetType = UNSET
    """Jobs of earlier versions had none."""


class TrainingRequest(Job, kw_only=True, rename="pascal"):
    """Of CreateTrainingJob."""

    hyper_parameters: Mapping[str, str]


class NumberRange(Record, kw_only=True, rename="pascal"):
    """The range of a number, in SageMaker's strings."""

    name: str
    min_value: str
    max_value: str
    scaling_type: Literal["Linear", "Logarithmic"]


class ChoiceRange(Record, kw_only=True, rename="pascal"):
    """The values of a choice."""

    name: str
    values: tuple[str, ...]


class ParameterRanges(Record, kw_only=True, rename="pascal"):
    """What is searched."""

    continuous_parameter_ranges: tuple[NumberRange, ...]
    integer_parameter_ranges: tuple[NumberRange, ...]
    categorical_parameter_ranges: tuple[ChoiceRange, ...]


class Objective(Record, kw_only=True, rename="pascal"):
    """What a search is after."""

    type: Literal["Maximize", "Minimize"]
    metric_name: str


class ResourceLimits(Record, kw_only=True, rename="pascal"):
    """How many trials there are, and how many at a time."""

    max_number_of_training_jobs: int
    max_parallel_training_jobs: int


class HyperbandResources(Record, kw_only=True, rename="pascal"):
    """Values of the objective that Hyperband gives to a trial: one an epoch, one of the model."""

    min_resource: int
    max_resource: int


class StrategyConfig(Record, kw_only=True, rename="pascal"):
    """What a strategy wants to know besides."""

    hyperband_strategy_config: HyperbandResources


class Search(Record, kw_only=True, rename="pascal"):
    """How a tuning job searches."""

    strategy: str
    strategy_config: StrategyConfig | UnsetType = UNSET
    hyper_parameter_tuning_job_objective: Objective
    resource_limits: ResourceLimits
    parameter_ranges: ParameterRanges
    training_job_early_stopping_type: Literal["Off", "Auto"] = "Off"
    random_seed: int


class Trial(Job, kw_only=True, rename="pascal"):
    """The training job that each trial is."""

    static_hyper_parameters: Mapping[str, str]
    role_arn: str
    enable_network_isolation: Literal[True] = True


class TuningRequest(Record, kw_only=True, rename="pascal"):
    """Of CreateHyperParameterTuningJob."""

    hyper_parameter_tuning_job_config: Search
    training_job_definition: Trial


class AppSpecification(Record, kw_only=True, rename="pascal"):
    """What a processing job runs."""

    image_uri: str
    container_arguments: tuple[str, ...]


class S3Input(Record, kw_only=True, rename="pascal"):
    """Objects that a processing job finds in a folder."""

    s3_uri: str
    local_path: str
    s3_data_type: Literal["S3Prefix"] = "S3Prefix"
    s3_input_mode: Literal["File"] = "File"
    s3_data_distribution_type: Literal["FullyReplicated"] = "FullyReplicated"


class ProcessingInput(Record, kw_only=True, rename="pascal"):
    """An input of a processing job."""

    input_name: str
    s3_input: S3Input


class S3Output(Record, kw_only=True, rename="pascal"):
    """A folder that a processing job uploads at its end."""

    s3_uri: str
    local_path: str
    s3_upload_mode: Literal["EndOfJob"] = "EndOfJob"


class ProcessingOutput(Record, kw_only=True, rename="pascal"):
    """An output of a processing job."""

    output_name: str
    s3_output: S3Output


class ProcessingOutputs(Record, kw_only=True, rename="pascal"):
    """The outputs of a processing job."""

    outputs: tuple[ProcessingOutput, ...]


class ProcessingResources(Record, kw_only=True, rename="pascal"):
    """The machine of a processing job."""

    cluster_config: Cluster


class ProcessingRequest(Record, kw_only=True, rename="pascal"):
    """Of CreateProcessingJob."""

    app_specification: AppSpecification
    environment: Mapping[str, str]
    processing_inputs: tuple[ProcessingInput, ...]
    processing_output_config: ProcessingOutputs
    processing_resources: ProcessingResources
    stopping_condition: StoppingCondition


class Container(Record, kw_only=True, rename="pascal"):
    """The container of a model."""

    image: str
    model_data_url: str
    mode: Literal["SingleModel"] = "SingleModel"


class ServerlessConfig(Record, kw_only=True, rename="pascal"):
    """What an endpoint without a machine of its own is given."""

    memory_size_in_mb: int = field(name="MemorySizeInMB")
    max_concurrency: int


class Variant(Record, kw_only=True, rename="pascal"):
    """What an endpoint runs on: instances, or serverless; its model the flow adds."""

    variant_name: str = "AllTraffic"
    initial_variant_weight: float = 1
    """Of a shadow: the share of the requests that it is given, where the other has 1."""
    instance_type: str | UnsetType = UNSET
    initial_instance_count: int | UnsetType = UNSET
    serverless_config: ServerlessConfig | UnsetType = UNSET


class VariantOfModel(Variant, kw_only=True, rename="pascal"):
    """A variant whose model is known."""

    model_name: str


class CaptureOption(Record, kw_only=True, rename="pascal"):
    """What of a request is captured: the answer, never the image."""

    capture_mode: Literal["Output"] = "Output"


class CapturedTypes(Record, kw_only=True, rename="pascal"):
    """Which answers are captured as the text that they are."""

    json_content_types: tuple[str, ...] = ("application/json",)


class DataCapture(Record, kw_only=True, rename="pascal"):
    """What SageMaker writes down of the requests to an endpoint."""

    enable_capture: bool = True
    initial_sampling_percentage: int = 100
    destination_s3_uri: str = field(name="DestinationS3Uri")
    capture_options: tuple[CaptureOption, ...] = (CaptureOption(),)
    capture_content_type_header: CapturedTypes = CapturedTypes()


class FleetSize(Record, kw_only=True, rename="pascal"):
    """How many instances traffic moves to at a time."""

    type: Literal["INSTANCE_COUNT"] = "INSTANCE_COUNT"
    value: int


class TrafficRouting(Record, kw_only=True, rename="pascal", omit_defaults=True):
    """How traffic moves from the old fleet to the new."""

    type: Literal["ALL_AT_ONCE", "CANARY", "LINEAR"]
    canary_size: FleetSize | None = None
    linear_step_size: FleetSize | None = None
    wait_interval_in_seconds: int


class BlueGreenPolicy(Record, kw_only=True, rename="pascal"):
    """How the new fleet takes the old one's place."""

    traffic_routing_configuration: TrafficRouting
    termination_wait_in_seconds: int
    maximum_execution_timeout_in_seconds: int


class Alarm(Record, kw_only=True, rename="pascal"):
    """An alarm that brings the old fleet back."""

    alarm_name: str


class AutoRollback(Record, kw_only=True, rename="pascal"):
    """What brings the old fleet back."""

    alarms: tuple[Alarm, ...]


class DeploymentConfig(Record, kw_only=True, rename="pascal", omit_defaults=True):
    """Of UpdateEndpoint."""

    blue_green_update_policy: BlueGreenPolicy
    auto_rollback_configuration: AutoRollback | None = None
