"""The processing job that judges challenger and champion on the same validation images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tagline.formats.keys import RunKeys
from tagline.formats.names import job_name
from tagline.jobs import sagemaker
from tagline.jobs.training import Stack

_BASE = "/opt/ml/processing"
_MAX_RUNTIME = 6 * 3600  # seconds; Evaluate's TimeoutSeconds in the state machine is an hour more


@dataclass(frozen=True)
class Champion:
    """Who serves at this moment: its run, its model.tar.gz, and the ETag of champion.json."""

    run: str
    artifact: str
    etag: str


def plan_evaluation(
    run: str, artifact: str, champion: Champion | None, dataset: Mapping[str, Any], stack: Stack
) -> dict[str, Any]:
    """Return the job's base name, who it compares with, and the request's fields.

    `artifact` is the challenger's model.tar.gz (an S3 URI); `dataset` is the run's dataset.json.
    """
    keys = RunKeys(run)
    inputs = {
        "challenger": artifact,
        "validation": sagemaker.s3_uri(stack.bucket, keys.of("validation/")),
        "dataset": sagemaker.s3_uri(stack.bucket, keys.of("dataset.json")),
    }
    environment = {"TAGLINE_RUN": run}
    if champion is not None:
        inputs["champion"] = champion.artifact
        environment["TAGLINE_CHAMPION_RUN"] = champion.run
    return {
        "job_name": job_name(run, "eval"),
        "champion_run": champion.run if champion else None,
        "champion_etag": champion.etag if champion else None,
        "artifact": artifact,
        "request": {
            "AppSpecification": {"ImageUri": stack.image, "ContainerArguments": ["evaluate"]},
            "Environment": environment,
            "ProcessingInputs": [_input(name, uri) for name, uri in inputs.items()],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "evaluation",
                        "S3Output": {
                            # metrics.json and the others join the run's files
                            "S3Uri": sagemaker.s3_uri(stack.bucket, keys.prefix.rstrip("/")),
                            "LocalPath": f"{_BASE}/output",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            "ProcessingResources": {
                "ClusterConfig": sagemaker.cluster(
                    stack.instance_type, dataset.get("bytes", {}).get("validation", 0)
                )
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": _MAX_RUNTIME},
        },
    }


def _input(name: str, uri: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{_BASE}/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }
