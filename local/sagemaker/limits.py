"""Which members of a request the laptop honours.

Every member is in the tree of its operation: either honoured, or of no consequence on one
machine (networks, keys, instance types). Whatever else a request holds would change what AWS
does, so it is refused instead of being passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.sagemaker.errors import invalid


@dataclass(frozen=True)
class Only:
    """The member is honoured for these values alone."""

    values: tuple[Any, ...]


Tree = dict[str, "Tree | Only | None"]

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
            "S3DataDistributionType": None,  # with one instance both kinds give it everything
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
        "ProfilerConfig": {"DisableProfiler": None},
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
            "StaticHyperParameters": None,
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


def check(operation: str, request: dict[str, Any]) -> None:
    """Raise ValidationException naming each member that the laptop cannot honour."""
    found = list(_refused(HONOURED.get(operation), request, operation))
    if found:
        raise invalid("; ".join(found))


def _refused(tree: "Tree | Only | None", value: Any, path: str) -> Iterator[str]:
    if tree is None or _off(value):
        return
    if isinstance(value, list):
        for item in value:
            yield from _refused(tree, item, path)
    elif isinstance(tree, Only):
        if value not in tree.values:
            honoured = " or ".join(repr(item) for item in tree.values)
            yield f"{path} {value!r}: the laptop cloud honours only {honoured}"
    else:
        for name, item in value.items():
            if name in tree:
                yield from _refused(tree[name], item, f"{path}.{name}")
            elif not _off(item):
                yield f"{path}.{name}: the laptop cloud does not support it"


def _off(value: Any) -> bool:
    """Tell whether a member says no more than if it were left out; 0 is a number, not off."""
    return value is None or value is False or value in ([], {})
