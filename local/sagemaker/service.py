"""The service `sagemaker` within the laptop cloud: one method an operation, over HTTP or direct."""

import asyncio
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local import patching
from local.access.authority import Authority
from local.clients import Clients
from local.context import Cloud
from local.sagemaker import limits, listings, shapes
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import SageMakerError, invalid, unsupported
from local.sagemaker.invocations import Invocations
from local.sagemaker.listings import Listing
from local.sagemaker.models import Models
from local.sagemaker.processing import ProcessingJobs
from local.sagemaker.roles import Roles
from local.sagemaker.runtime import Answer, Runtime
from local.sagemaker.store import (
    ENDPOINT,
    ENDPOINT_CONFIG,
    MODEL,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    Kind,
    Record,
    Store,
)
from local.sagemaker.training import TrainingJobs
from local.sagemaker.transforms import TransformJobs
from local.sagemaker.trials import trial_summary
from local.sagemaker.tuning import TuningJobs
from local.space import CODE, REFUSED, Space

_THREADS = 64  # an invocation holds one for as long as the model takes
_BEGIN = {"CreateTrainingJob", "CreateHyperParameterTuningJob"}  # what leaves much on the disk
Request = dict[str, Any]


class SageMaker:
    """Everything the service does."""

    def __init__(self, cloud: Cloud, space: Space, authority: Authority) -> None:
        roles = Roles(cloud, authority)
        self._space = space
        self._store = Store(cloud)
        self._training = TrainingJobs(cloud, self._store, roles)
        self._processing = ProcessingJobs(cloud, self._store, roles)
        self._transform = TransformJobs(cloud, self._store, roles)
        self._tuning = TuningJobs(self._store, self._training)
        self._models = Models(self._store, roles)
        self._invocations = Invocations()
        self._endpoints = Endpoints(cloud, self._store, roles, self._invocations)
        self._clients = Clients(cloud)
        self._runtime = Runtime(self._endpoints, self._invocations, cloud.account)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sagemaker")
        self._operations = self._all_operations()
        self._recover(cloud)

    def call(self, operation: str, request: Request) -> Record:
        """Carry out an operation of the API and return its answer; times are epoch seconds.

        Raises SageMakerError. Call it from a thread, not from the event loop.
        """
        act = self._operations.get(operation)
        if act is None:
            raise unsupported(operation)
        shapes.check(operation, request)
        limits.check(operation, request)
        refusal = self._space.refusal() if operation in _BEGIN else None
        if refusal is not None:
            raise SageMakerError(CODE, refusal, REFUSED)
        return shapes.answer(operation, act(request))

    def start(self) -> None:
        """Serve again what was in service; to be called once requests are answered."""
        self._endpoints.start()

    def save(self) -> None:
        """Write what the disk had no room for before, and how often endpoints were asked."""
        self._store.save_again()
        self._invocations.tell(self._clients.of("cloudwatch"))
        self._training.curves.tell()

    def stop(self) -> None:
        """Prepare for the end of all child processes, which follows."""
        self._tuning.close()
        self._training.close()
        self._processing.close()
        self._transform.close()
        self._endpoints.close()

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, _query: object
    ) -> Answer:
        """Answer a request that ministack routed here."""
        loop = asyncio.get_running_loop()
        act: Callable[[], Answer]
        if "x-amz-target" in headers:
            act = lambda: self._answer(headers["x-amz-target"], body)  # noqa: E731
        else:
            act = lambda: self._runtime.answer(method, path, headers, body)  # noqa: E731
        return await loop.run_in_executor(self._threads, act)

    def _recover(self, cloud: Cloud) -> None:
        """Close what an earlier run of the cloud left unfinished."""
        self._training.fail_interrupted()
        self._processing.fail_interrupted()
        self._transform.fail_interrupted()
        self._tuning.fail_interrupted()
        self._endpoints.recover()
        shutil.rmtree(cloud.state_dir / "jobs", ignore_errors=True)

    def _answer(self, target: str, body: bytes) -> Answer:
        content = {"Content-Type": "application/x-amz-json-1.1"}
        try:
            request = json.loads(body or b"{}")
            if not isinstance(request, dict):
                raise invalid("the request is not a JSON object")
            answer = self.call(target.rpartition(".")[2], request)
        except ValueError as exc:
            error = SageMakerError("SerializationException", f"the request is not JSON: {exc}")
        except SageMakerError as exc:
            error = exc
        else:
            return 200, content, json.dumps(answer).encode()
        told = {"__type": error.code, "message": error.message}
        return error.status, content, json.dumps(told).encode()

    def _all_operations(self) -> dict[str, Callable[[Request], Record]]:
        return {
            "CreateTrainingJob": self._training.create,
            "DescribeTrainingJob": self._describe(TRAINING, "TrainingJobName"),
            "StopTrainingJob": _named(self._training.stop, "TrainingJobName"),
            "ListTrainingJobs": self._list(TRAINING, listings.TRAINING_JOBS),
            "CreateHyperParameterTuningJob": self._tuning.create,
            "DescribeHyperParameterTuningJob": _named(
                self._tuning.describe, "HyperParameterTuningJobName"
            ),
            "StopHyperParameterTuningJob": _named(self._tuning.stop, "HyperParameterTuningJobName"),
            "ListHyperParameterTuningJobs": self._list_tuning_jobs,
            "ListTrainingJobsForHyperParameterTuningJob": self._list_trials,
            "CreateProcessingJob": self._processing.create,
            "DescribeProcessingJob": self._describe(PROCESSING, "ProcessingJobName"),
            "StopProcessingJob": _named(self._processing.stop, "ProcessingJobName"),
            "ListProcessingJobs": self._list(PROCESSING, listings.PROCESSING_JOBS),
            "CreateTransformJob": self._transform.create,
            "DescribeTransformJob": self._describe(TRANSFORM, "TransformJobName"),
            "StopTransformJob": _named(self._transform.stop, "TransformJobName"),
            "ListTransformJobs": self._list(TRANSFORM, listings.TRANSFORM_JOBS),
            "CreateModel": self._models.create_model,
            "DescribeModel": self._describe(MODEL, "ModelName"),
            "DeleteModel": self._delete(MODEL, "ModelName"),
            "ListModels": self._list(MODEL, listings.MODELS),
            "CreateEndpointConfig": self._models.create_config,
            "DescribeEndpointConfig": self._describe(ENDPOINT_CONFIG, "EndpointConfigName"),
            "DeleteEndpointConfig": self._delete(ENDPOINT_CONFIG, "EndpointConfigName"),
            "ListEndpointConfigs": self._list(ENDPOINT_CONFIG, listings.ENDPOINT_CONFIGS),
            "CreateEndpoint": self._endpoints.create,
            "DescribeEndpoint": self._describe(ENDPOINT, "EndpointName"),
            "UpdateEndpoint": self._endpoints.update,
            "DeleteEndpoint": _named(self._endpoints.delete, "EndpointName"),
            "ListEndpoints": self._list(ENDPOINT, listings.ENDPOINTS),
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
        }

    def _describe(self, kind: Kind, member: str) -> Callable[[Request], Record]:
        return lambda request: self._store.get(kind, request[member])

    def _delete(self, kind: Kind, member: str) -> Callable[[Request], Record]:
        return lambda request: self._store.remove(kind, request[member])

    def _list(self, kind: Kind, listing: Listing) -> Callable[[Request], Record]:
        return lambda request: listing.page(self._store.all(kind), request)

    def _list_trials(self, request: Request) -> Record:
        name = request["HyperParameterTuningJobName"]
        tuning = self._store.get(TUNING, name)
        trials = [trial_summary(tuning, trial) for trial in self._tuning.trials(name)]
        return listings.TRIALS.page(trials, request)

    def _list_tuning_jobs(self, request: Request) -> Record:
        return listings.TUNING_JOBS.page(self._tuning.all(), request)

    def _add_tags(self, request: Request) -> Record:
        return {"Tags": self._store.add_tags(request["ResourceArn"], request["Tags"])}

    def _list_tags(self, request: Request) -> Record:
        return {"Tags": self._store.tags(request["ResourceArn"])}


def register(cloud: Cloud, space: Space, authority: Authority) -> SageMaker:
    """Put the service into ministack and return it; `start` it once requests are answered."""
    service = SageMaker(cloud, space, authority)
    handlers = patching.member("ministack.app", "SERVICE_HANDLERS", dict)
    patterns = patching.member("ministack.core.router", "SERVICE_PATTERNS", dict)
    handlers["sagemaker"] = service.handle
    patterns["sagemaker"] = {
        "target_prefixes": ["SageMaker."],
        "host_patterns": [r"api\.sagemaker\.", r"runtime\.sagemaker\."],
    }
    return service


def _named(act: Callable[[str], Record | None], member: str) -> Callable[[Request], Record]:
    return lambda request: act(request[member]) or {}
