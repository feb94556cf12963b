"""What the laptop does about each member of a request: a tree for each operation.

`None`: honoured, or of no consequence on one machine (networks, keys, instance types). `Only`:
honoured for these values alone. `IDLE`: accepted as AWS accepts it, and nothing comes of it. A
member that is missing here is refused.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Only:
    """The member is honoured for these values alone."""

    values: tuple[Any, ...]


Tree = dict[str, "Tree | Only | None"]
# The debugger and the profiler, which SageMaker's SDK asks for by itself: they would write what
# they see of a job to S3, where something looks for it, and a job trains the same without them
IDLE = None

_FILE = Only(("File", "FastFile"))  # FastFile shows the same folder, only filled lazily
_ONE = Only((1,))
_FEW = Only((1, 2, 3, 4))  # machines that are processes beside each other

_ALGORITHM: Tree = {
    "TrainingImage": None,
    "TrainingInputMode": _FILE,
    "MetricDefinitions": None,
}
_CHANNELS: Tree = {
    "ChannelName": None,
    "DataSource": {
        "S3DataSource": {
            "S3DataType": Only(("S3Prefix",)),
            "S3Uri": None,
            "S3DataDistributionType": Only(("FullyReplicated", "ShardedByS3Key")),
        }
    },
    "ContentType": None,
    "CompressionType": Only(("None",)),
    "RecordWrapperType": Only(("None",)),
    "InputMode": _FILE,
}
_CHECKPOINTS = Only(("/opt/ml/checkpoints", "/opt/ml/checkpoints/"))
_TRAINING: Tree = {
    "RoleArn": None,
    "InputDataConfig": _CHANNELS,
    "OutputDataConfig": {
        "S3OutputPath": None,
        "KmsKeyId": None,
        "CompressionType": Only(("GZIP",)),
    },
    "ResourceConfig": {
        "InstanceType": None,
        "InstanceCount": _FEW,
        "VolumeSizeInGB": None,
        "VolumeKmsKeyId": None,
        "KeepAlivePeriodInSeconds": None,
    },
    "StoppingCondition": {
        "MaxRuntimeInSeconds": None,
        "MaxWaitTimeInSeconds": None,
        "MaxPendingTimeInSeconds": None,
    },
    "VpcConfig": None,
    "EnableNetworkIsolation": None,
    "EnableInterContainerTrafficEncryption": None,
    "EnableManagedSpotTraining": None,
    "CheckpointConfig": {"S3Uri": None, "LocalPath": _CHECKPOINTS},
    "RetryStrategy": None,  # retries the service's own failures, of which there are none
    "Environment": None,
}
_TRIALS_MACHINES: Tree = {
    "InstanceType": None,
    "InstanceCount": _FEW,
    "VolumeSizeInGB": None,
    "VolumeKmsKeyId": None,
    "AllocationStrategy": None,  # of several kinds of machines there always are those named first
    "InstanceConfigs": {"InstanceType": None, "InstanceCount": _FEW, "VolumeSizeInGB": None},
}
_RANGES: Tree = {
    "IntegerParameterRanges": None,
    "ContinuousParameterRanges": None,
    "CategoricalParameterRanges": None,
}
_CONTAINER: Tree = {
    "ContainerHostname": None,
    "Image": None,
    "Mode": Only(("SingleModel",)),
    "ModelDataUrl": None,
    "ModelDataSource": {
        "S3DataSource": {
            "S3Uri": None,
            "S3DataType": Only(("S3Object",)),
            "CompressionType": Only(("Gzip",)),
        }
    },
    "Environment": None,
}
_BATCH_INPUT: Tree = {
    "DataSource": {"S3DataSource": {"S3DataType": Only(("S3Prefix",)), "S3Uri": None}},
    "ContentType": None,
    "CompressionType": Only(("None",)),
    "SplitType": Only(("None", "Line")),
}
_VARIANT: Tree = {
    "VariantName": None,
    "ModelName": None,
    "InitialInstanceCount": None,  # one process answers, whatever the number
    "InstanceType": None,
    "InitialVariantWeight": None,
    "VolumeSizeInGB": None,
    "ModelDataDownloadTimeoutInSeconds": None,
    "ContainerStartupHealthCheckTimeoutInSeconds": None,
    "ServerlessConfig": None,
}
_DEPLOYMENT: Tree = {
    "BlueGreenUpdatePolicy": None,
    "AutoRollbackConfiguration": None,
}

HONOURED: dict[str, Tree] = {
    "CreateTrainingJob": {
        **_TRAINING,
        "TrainingJobName": None,
        "HyperParameters": None,
        "AlgorithmSpecification": {
            **_ALGORITHM,
            "EnableSageMakerMetricsTimeSeries": None,
            "ContainerEntrypoint": None,
            "ContainerArguments": None,
        },
        "ExperimentConfig": None,
        "DebugHookConfig": IDLE,
        "ProfilerConfig": IDLE,
        "Tags": None,
    },
    "CreateHyperParameterTuningJob": {
        "HyperParameterTuningJobName": None,
        "HyperParameterTuningJobConfig": {
            "Strategy": Only(("Random", "Bayesian", "Hyperband", "Grid")),
            "StrategyConfig": {
                "HyperbandStrategyConfig": {"MinResource": None, "MaxResource": None}
            },
            "HyperParameterTuningJobObjective": None,
            "ResourceLimits": None,
            "ParameterRanges": _RANGES,
            "TrainingJobEarlyStoppingType": Only(("Off", "Auto")),
            "TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": None},
            "RandomSeed": None,
        },
        "TrainingJobDefinition": {
            **_TRAINING,
            "DefinitionName": None,
            "StaticHyperParameters": None,
            "HyperParameterTuningResourceConfig": _TRIALS_MACHINES,
            "AlgorithmSpecification": _ALGORITHM,
        },
        "Tags": None,
    },
    "CreateProcessingJob": {
        "ProcessingJobName": None,
        "ProcessingInputs": {
            "InputName": None,
            "S3Input": {
                "S3Uri": None,
                "LocalPath": None,
                "S3DataType": Only(("S3Prefix",)),
                "S3InputMode": Only(("File",)),
                "S3DataDistributionType": None,
                "S3CompressionType": Only(("None",)),
            },
        },
        "ProcessingOutputConfig": {
            "Outputs": {
                "OutputName": None,
                "S3Output": {
                    "S3Uri": None,
                    "LocalPath": None,
                    "S3UploadMode": Only(("EndOfJob",)),
                },
            },
            "KmsKeyId": None,
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": _ONE,
                "InstanceType": None,
                "VolumeSizeInGB": None,
                "VolumeKmsKeyId": None,
            }
        },
        "StoppingCondition": None,
        "AppSpecification": None,
        "Environment": None,
        "NetworkConfig": None,
        "RoleArn": None,
        "ExperimentConfig": None,
        "Tags": None,
    },
    "CreateTransformJob": {
        "TransformJobName": None,
        "ModelName": None,
        "MaxConcurrentTransforms": None,
        "ModelClientConfig": None,
        "MaxPayloadInMB": None,
        "BatchStrategy": None,
        "Environment": None,
        "TransformInput": _BATCH_INPUT,
        "TransformOutput": {
            "S3OutputPath": None,
            "Accept": None,
            "AssembleWith": Only(("None", "Line")),
            "KmsKeyId": None,
        },
        "TransformResources": {
            "InstanceType": None,
            "InstanceCount": None,  # one process answers, whatever the number
            "VolumeKmsKeyId": None,
            "TransformAmiVersion": None,
        },
        "DataProcessing": {"JoinSource": Only(("None",))},
        "ExperimentConfig": None,
        "Tags": None,
    },
    "CreateModel": {
        "ModelName": None,
        "PrimaryContainer": _CONTAINER,
        "Containers": _CONTAINER,
        "ExecutionRoleArn": None,
        "VpcConfig": None,
        "EnableNetworkIsolation": None,
        "Tags": None,
    },
    "CreateEndpointConfig": {
        "EndpointConfigName": None,
        "ProductionVariants": _VARIANT,
        "ShadowProductionVariants": _VARIANT,
        "DataCaptureConfig": {
            "EnableCapture": None,
            "InitialSamplingPercentage": None,
            "DestinationS3Uri": None,
            "KmsKeyId": None,
            "CaptureOptions": {"CaptureMode": Only(("Output",))},
            "CaptureContentTypeHeader": {"JsonContentTypes": None},
        },
        "KmsKeyId": None,
        "ExecutionRoleArn": None,
        "VpcConfig": None,
        "EnableNetworkIsolation": None,
        "Tags": None,
    },
    "CreateEndpoint": {
        "EndpointName": None,
        "EndpointConfigName": None,
        "DeploymentConfig": _DEPLOYMENT,
        "Tags": None,
    },
    "UpdateEndpoint": {
        "EndpointName": None,
        "EndpointConfigName": None,
        "DeploymentConfig": _DEPLOYMENT,
        "RetainDeploymentConfig": None,
    },
}
