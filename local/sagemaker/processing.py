"""Processing jobs, by SageMaker's processing container contract.

https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

import json
import time
from pathlib import Path, PurePosixPath
from typing import Any

from local.images import command_of
from local.sagemaker import channels
from local.sagemaker.container import Container
from local.sagemaker.errors import invalid
from local.sagemaker.jobs import Jobs, check_s3, read_message, required
from local.sagemaker.store import PROCESSING, Record

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_DEFAULT_RUNTIME_S = 86_400
_ROOT = PurePosixPath("/opt/ml/processing")
_HOST = "localhost"


class ProcessingJobs(Jobs):
    """CreateProcessingJob and what follows from it."""

    kind = PROCESSING
    name_member = "ProcessingJobName"
    status_member = "ProcessingJobStatus"

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a job."""
        required(request, "ProcessingResources.ClusterConfig.InstanceType")
        application = request["AppSpecification"]
        self.check_image(application["ImageUri"], *_words(application))
        for item in request.get("ProcessingInputs", []):
            required(item, "S3Input.LocalPath")
            check_s3(item["S3Input"]["S3Uri"], f"input {item['InputName']}")
            _local(item["S3Input"]["LocalPath"], Path())
        for item in _outputs(request):
            required(item, "S3Output.LocalPath")
            check_s3(item["S3Output"]["S3Uri"], f"output {item['OutputName']}")
            _local(item["S3Output"]["LocalPath"], Path())
        name = request["ProcessingJobName"]
        record = {
            **{key: value for key, value in request.items() if key != "Tags"},
            "ProcessingJobArn": self.store.arn(PROCESSING, name),
            "ProcessingJobStatus": "InProgress",
        }
        arn = self.store.add(PROCESSING, name, record, request.get("Tags"))
        self.start(name)
        return {"ProcessingJobArn": arn}

    def carry_out(self, name: str, record: Record, container: Container, base: Path) -> None:
        """Download, run, upload."""
        role = self.roles.of(record["RoleArn"])
        role.pull(record["AppSpecification"]["ImageUri"])
        self.store.update(PROCESSING, name, ProcessingStartTime=time.time())
        _write_config(base, record)
        for item in record.get("ProcessingInputs", []):
            source = item["S3Input"]
            folder = _local(source["LocalPath"], base)
            channels.download(role.objects, source["S3Uri"], folder)
        for item in _outputs(record):
            _local(item["S3Output"]["LocalPath"], base).mkdir(parents=True, exist_ok=True)
        application = record["AppSpecification"]
        command = command_of(application["ImageUri"], *_words(application), cloud=self.cloud)
        variables = {
            **record.get("Environment", {}),
            "SAGEMAKER_BASE_DIR": str(base),
            "PROCESSING_JOB_NAME": name,
            "PROCESSING_JOB_ARN": record["ProcessingJobArn"],
        }
        isolated = record.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
        own = role.container(isolated=isolated)
        limit = record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DEFAULT_RUNTIME_S)
        log = role.log(LOG_GROUP, f"{name}/algo-1-{int(time.time())}")
        end = container.run(self.cloud, command, variables, log, limit, session=own)
        if self.interrupted(name):
            return
        message = read_message(base / "output" / "message").strip()
        if message:
            self.store.update(PROCESSING, name, ExitMessage=message)
        if end.cause == "overdue":
            self.fail(name, f"AlgorithmError: the job ran longer than its {limit} seconds")
        elif end.cause == "stopped":
            self._finish(name, "Stopped")
        elif end.code != 0:
            explained = message or f"no message was written, see the log in {LOG_GROUP}"
            self.fail(name, f"AlgorithmError: {explained}, exit code: {end.code}")
        else:
            for item in _outputs(record):
                target = item["S3Output"]
                folder = _local(target["LocalPath"], base)
                channels.upload(role.objects, folder, target["S3Uri"])
            self._finish(name, "Completed")

    def fail(self, name: str, reason: str) -> None:
        """Put the job in status Failed with a reason."""
        self._finish(name, "Failed", FailureReason=reason)

    def _finish(self, name: str, status: str, **members: Any) -> None:
        ended = {"ProcessingJobStatus": status, "ProcessingEndTime": time.time()}
        self.store.update(PROCESSING, name, **ended, **members)


def _words(application: Record) -> tuple[list[str], list[str] | None]:
    return application.get("ContainerArguments") or [], application.get("ContainerEntrypoint")


def _outputs(record: Record) -> list[Record]:
    outputs: list[Record] = record.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return outputs


def _local(path: str, base: Path) -> Path:
    """Return where `/opt/ml/processing/…` lies when `base` stands for `/opt/ml`."""
    inside = PurePosixPath(path)
    if not inside.is_relative_to(_ROOT) or ".." in inside.parts:
        raise invalid(f"LocalPath {path!r} is not under {_ROOT}")
    return base / inside.relative_to("/opt/ml")


def _write_config(base: Path, record: Record) -> None:
    """Lay out the folders and configuration files that a processing container finds."""
    for folder in ("config", "processing", "output"):
        (base / folder).mkdir()
    resources = {"current_host": _HOST, "hosts": [_HOST]}
    for name, content in (("processingjobconfig", record), ("resourceconfig", resources)):
        file = base / "config" / f"{name}.json"
        file.write_text(json.dumps(content, indent=1), encoding="utf-8")
