"""Training jobs, by SageMaker's training container contract.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.clients import Clients
from local.context import Cloud
from local.emulated import training_said
from local.images import command_of
from local.installing import with_own_packages
from local.sagemaker import archives, capacity, channels, metrics, training_files
from local.sagemaker.capacity import Capacity
from local.sagemaker.checkpoints import CheckpointSync
from local.sagemaker.container import Container, Exit
from local.sagemaker.curves import Curves
from local.sagemaker.errors import invalid
from local.sagemaker.jobs import Jobs, check_s3, read_message, required
from local.sagemaker.machines import Machine, Machines
from local.sagemaker.metrics import MetricScanner
from local.sagemaker.roles import Role, Roles
from local.sagemaker.store import TRAINING, Record, Store

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class TrainingJobs(Jobs):
    """CreateTrainingJob and what follows from it."""

    kind = TRAINING
    name_member = "TrainingJobName"
    status_member = "TrainingJobStatus"

    def __init__(self, cloud: Cloud, store: Store, roles: Roles) -> None:
        super().__init__(cloud, store, roles)
        self.curves = Curves(Clients(cloud))
        # called with a job's name and the metrics of a line, before the next line is read
        self.on_metrics: Callable[[str, list[tuple[str, float]]], None] | None = None

    def create(self, request: dict[str, Any], **own: Any) -> dict[str, Any]:
        """Start a job; `own` are further members of its record (TuningJobArn)."""
        required(
            request,
            "AlgorithmSpecification.TrainingImage",
            "ResourceConfig.InstanceType",
            "StoppingCondition",
        )
        capacity.check(request)
        algorithm = request["AlgorithmSpecification"]
        metrics.check(algorithm)
        self.check_image(algorithm["TrainingImage"], *_words(algorithm))
        check_s3(request["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
        names = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
        if len(names) != len(set(names)):
            raise invalid(f"InputDataConfig: channel names {names} are not all different")
        for channel in request.get("InputDataConfig", []):
            required(channel, "DataSource.S3DataSource")
            check_s3(_source(channel), f"channel {channel['ChannelName']}")
        name = request["TrainingJobName"]
        record = {
            **{key: value for key, value in request.items() if key != "Tags"},
            "AlgorithmSpecification": {
                **algorithm,
                "MetricDefinitions": metrics.definitions(algorithm),
            },
            "OutputDataConfig": {"KmsKeyId": "", **request["OutputDataConfig"]},
            "TrainingJobArn": self.store.arn(TRAINING, name),
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "SecondaryStatusTransitions": [_transition("Starting", "Preparing the job's folder")],
            "FinalMetricDataList": [],
            **own,
        }
        arn = self.store.add(TRAINING, name, record, request.get("Tags"))
        self.start(name)
        return {"TrainingJobArn": arn}

    def carry_out(self, name: str, record: Record, container: Container, base: Path) -> None:
        """Download, train, upload; from the beginning where spot capacity was taken away."""
        role = self.roles.of(record["RoleArn"])
        role.pull(record["AlgorithmSpecification"]["TrainingImage"])
        self.store.update(TRAINING, name, TrainingStartTime=time.time())
        held = Capacity(record)
        count = record["ResourceConfig"].get("InstanceCount", 1)
        machines = Machines.of(count, base, container)
        machines.clear()
        end = self._attempt(name, held, role, machines)
        while held.lost(end) and not self.interrupted(name):
            self._enter(name, "Interrupted", "The spot capacity was taken away")
            machines.clear()
            self._enter(name, "Starting", "Preparing the job's folder again")
            end = self._attempt(name, held, role, machines)
        if self.interrupted(name):
            return
        self._enter(name, "Uploading", "Packing and uploading what the job left")
        self._upload(name, record, role, base, end)
        if end.cause != "exited":
            self._finish(name, "Stopped", held.exceeded if end.cause == "overdue" else "Stopped")
        elif end.code == 0:
            self._finish(name, "Completed", "Completed")
        else:
            told = [read_message(one.base / "output" / "failure").strip() for one in machines.all]
            failure = next(filter(None, told), "")
            failure = failure or f"no failure file was written, see the log in {LOG_GROUP}"
            self.fail(name, f"AlgorithmError: {failure}, exit code: {end.code}")

    def fail(self, name: str, reason: str) -> None:
        """Put the job in status Failed with a reason."""
        self._finish(name, "Failed", "Failed", reason)

    def _attempt(self, name: str, held: Capacity, role: Role, machines: Machines) -> Exit:
        """Download and train on new capacity, and return how that ended."""
        began, record = time.monotonic(), held.record
        self._enter(name, "Downloading", "Copying the input channels")
        base = machines.all[0].base
        for machine in machines.all:
            training_files.write_config(machine.base, record, machine.name, machines.names)
        for channel in record.get("InputDataConfig", []):
            place = Path("input", "data", channel["ChannelName"])
            folders = [machine.base / place for machine in machines.all]
            if training_files.sharded(channel):
                channels.deal(role.objects, _source(channel), folders)
                continue
            channels.download(role.objects, _source(channel), folders[0])
            for folder in folders[1:]:
                shutil.copytree(folders[0], folder)
        uri = record.get("CheckpointConfig", {}).get("S3Uri")
        with CheckpointSync(role.objects, base / "checkpoints", uri) as sync:
            image = record["AlgorithmSpecification"]["TrainingImage"]
            self._enter(name, "Training", training_said(image))
            end = self._train(name, held, role, machines)
        if sync.failure and not self.interrupted(name):
            raise sync.failure
        held.ran += time.monotonic() - began
        self.store.update(TRAINING, name, _Ran=held.ran)
        return end

    def _train(self, name: str, held: Capacity, role: Role, machines: Machines) -> Exit:
        record = held.record
        algorithm = record["AlgorithmSpecification"]
        scanner = MetricScanner(algorithm["MetricDefinitions"])

        def scan(line: str) -> None:
            found = scanner.scan(line)
            if found:
                with self.store.edit(TRAINING, name, persist=False) as running:
                    running["FinalMetricDataList"] = scanner.latest()
                self.curves.add(name, found)
                if self.on_metrics:
                    self.on_metrics(name, found)

        command = command_of(algorithm["TrainingImage"], *_words(algorithm), cloud=self.cloud)
        own = role.container(isolated=record.get("EnableNetworkIsolation", False))
        started, first = int(time.time()), machines.all[0]

        def run(machine: Machine, together: dict[str, str]) -> Exit:
            host = f"algo-{1 + machines.all.index(machine)}"
            write = role.log(LOG_GROUP, f"{name}/{host}-{started}")

            def log(line: str) -> None:
                write(line)
                if machine is first:
                    scan(line)

            variables = {
                **record.get("Environment", {}),
                "SAGEMAKER_BASE_DIR": str(machine.base),
                "TRAINING_JOB_NAME": name,
                "TRAINING_JOB_ARN": record["TrainingJobArn"],
                **together,
            }
            own_packages = machine.base.with_name(f"{machine.base.name}-packages")
            ready = with_own_packages(command, own_packages)
            return machine.container.run(self.cloud, ready, variables, log, held.left, session=own)

        return machines.run(run)

    def _upload(self, name: str, record: Record, role: Role, base: Path, end: Exit) -> None:
        output = f"{record['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output"
        if end.code == 0 or end.cause != "exited":  # a stopped job keeps the model it had
            self._upload_folder(role, base / "model", f"{output}/model.tar.gz")
            artifacts = {"S3ModelArtifacts": f"{output}/model.tar.gz"}
            self.store.update(TRAINING, name, ModelArtifacts=artifacts)
        if any((base / "output" / "data").iterdir()):
            self._upload_folder(role, base / "output" / "data", f"{output}/output.tar.gz")

    @staticmethod
    def _upload_folder(role: Role, folder: Path, uri: str) -> None:
        file = folder.parent / "upload.tar.gz"
        archives.pack(folder, file)
        role.objects.put(file, uri)
        file.unlink()

    def _enter(self, name: str, secondary: str, message: str) -> None:
        with self.store.edit(TRAINING, name) as record:
            _close(record)
            record["SecondaryStatus"] = secondary
            record["SecondaryStatusTransitions"].append(_transition(secondary, message))

    def _finish(self, name: str, status: str, secondary: str, reason: str = "") -> None:
        self.curves.tell(name)
        with self.store.edit(TRAINING, name) as record:
            _close(record)
            now = time.time()
            last = {**_transition(secondary, reason or f"The job is {status}"), "EndTime": now}
            record["SecondaryStatusTransitions"].append(last)
            record.update(TrainingJobStatus=status, SecondaryStatus=secondary, TrainingEndTime=now)
            seconds = int(now - record.get("TrainingStartTime", now))
            paid = capacity.billable(record, seconds)
            record.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=paid)
            if reason:
                record["FailureReason"] = reason


def _words(algorithm: Record) -> tuple[list[str], list[str] | None]:
    """Return arguments and entry point: `train`, unless the request replaces them."""
    entrypoint = algorithm.get("ContainerEntrypoint")
    return algorithm.get("ContainerArguments") or ([] if entrypoint else ["train"]), entrypoint


def _source(channel: Record) -> str:
    uri: str = channel["DataSource"]["S3DataSource"]["S3Uri"]
    return uri


def _transition(status: str, message: str) -> Record:
    return {"Status": status, "StartTime": time.time(), "StatusMessage": message}


def _close(record: Record) -> None:
    record["SecondaryStatusTransitions"][-1].setdefault("EndTime", time.time())
