"""Batch transform jobs: a model server asked about every object below a prefix.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

from local.objects import Objects, S3Uri
from local.sagemaker import models
from local.sagemaker.channels import UnusableInput
from local.sagemaker.container import Container
from local.sagemaker.errors import SageMakerError
from local.sagemaker.jobs import Jobs, check_s3, required
from local.sagemaker.server import Reply, Server, ServerFailed, Serving
from local.sagemaker.store import MODEL, TRANSFORM, Record

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_LARGEST_MB = 6  # MaxPayloadInMB's default
_MIB = 2**20
_TIMEOUT_S = 600  # InvocationsTimeoutInSeconds' default
_RETRIES = 3  # InvocationsMaxRetries' default
_SEVERAL = "MultiRecord"
_STRATEGIES = {_SEVERAL: "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
Ask = Callable[[bytes], bytes]


class Stopped(Exception):
    """The job was asked to end."""


class TransformJobs(Jobs):
    """CreateTransformJob and what follows from it."""

    kind = TRANSFORM
    name_member = "TransformJobName"
    status_member = "TransformJobStatus"

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a job."""
        self.store.get(MODEL, request["ModelName"])
        required(request, "TransformInput.DataSource.S3DataSource")
        check_s3(_source(request), "TransformInput")
        check_s3(request["TransformOutput"]["S3OutputPath"], "TransformOutput.S3OutputPath")
        name = request["TransformJobName"]
        record = {
            **{key: value for key, value in request.items() if key != "Tags"},
            "TransformOutput": {"KmsKeyId": "", **request["TransformOutput"]},
            "TransformJobArn": self.store.arn(TRANSFORM, name),
            "TransformJobStatus": "InProgress",
        }
        arn = self.store.add(TRANSFORM, name, record, request.get("Tags"))
        self.start(name)
        return {"TransformJobArn": arn}

    def carry_out(self, name: str, record: Record, container: Container, base: Path) -> None:
        """Serve the model, ask it about each object, write its answers beside each other."""
        server, objects = self._served(name, record, base)
        uris = [uri for uri in objects.list(_source(record)) if not uri.endswith("/")]
        if not uris:
            raise UnusableInput(f"no S3 objects found under S3 URL {_source(record)!r}")
        server.start()
        try:
            with ThreadPoolExecutor(record.get("MaxConcurrentTransforms") or 1) as pool:
                ask = _asked(record, server, container)
                list(pool.map(lambda uri: _transform(objects, record, uri, ask), uris))
        except Stopped:
            self._finish(name, "Stopped")
            return
        except (ServerFailed, TimeoutError):
            if self.interrupted(name):
                return
            raise
        finally:
            server.stop()
        if not self.interrupted(name):
            self._finish(name, "Completed")

    def fail(self, name: str, reason: str) -> None:
        """Put the job in status Failed with a reason."""
        self._finish(name, "Failed", FailureReason=reason[:1024])

    def _served(self, name: str, record: Record, base: Path) -> tuple[Server, Objects]:
        """Return the job's server, not started, and S3 as its model's role sees it."""
        model = self.store.get(MODEL, record["ModelName"])
        role = self.roles.of(model["ExecutionRoleArn"])
        log = role.log(LOG_GROUP, f"{name}/laptop-{int(time.time())}")
        serving = Serving(
            base=str(base),
            image=models.container_of(model)["Image"],
            environment={
                **models.container_of(model).get("Environment", {}),
                **record.get("Environment", {}),
                "SAGEMAKER_BATCH": "true",
                "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES[record.get("BatchStrategy", _SEVERAL)],
                "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(_largest(record) // _MIB),
                "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(
                    record.get("MaxConcurrentTransforms") or 1
                ),
            },
            config="",
            variant="",
            role="" if model.get("EnableNetworkIsolation") else role.arn,
        )
        models.fetch(role, models.container_of(model), base)
        self.store.update(TRANSFORM, name, TransformStartTime=time.time())
        return Server(self.cloud, serving, log), role.objects

    def _finish(self, name: str, status: str, **members: Any) -> None:
        ended = {"TransformJobStatus": status, "TransformEndTime": time.time()}
        self.store.update(TRANSFORM, name, **ended, **members)


def _asked(record: Record, server: Server, container: Container) -> Ask:
    """Return what asks the server about a payload, unless the job is to end."""
    given = {
        "content-type": record["TransformInput"].get("ContentType"),
        "accept": record["TransformOutput"].get("Accept"),
    }
    headers = {name: value for name, value in given.items() if value}
    client = record.get("ModelClientConfig", {})
    limit = client.get("InvocationsTimeoutInSeconds", _TIMEOUT_S)

    def ask(payload: bytes) -> bytes:
        reply = Reply(int(HTTPStatus.SERVICE_UNAVAILABLE), {}, b"")
        for _ in range(1 + client.get("InvocationsMaxRetries", _RETRIES)):
            if container.stopping:
                raise Stopped
            reply = server.invoke(payload, headers, limit)
            if reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        if reply.status >= HTTPStatus.BAD_REQUEST:
            said = reply.body.decode("utf-8", errors="replace")
            raise SageMakerError("ModelError", f"the model answered {reply.status}: {said}")
        return reply.body

    return ask


def _transform(objects: Objects, record: Record, uri: str, ask: Ask) -> None:
    """Ask about one object and write what was answered, `<its name>.out`."""
    content, most = objects.read(uri), _largest(record)
    lines = record["TransformInput"].get("SplitType", "None") == "Line"
    several = record.get("BatchStrategy", _SEVERAL) == _SEVERAL
    payloads = batches(content, most, several=several) if lines else iter([content])
    try:
        answers = [ask(payload) for payload in _fitting(payloads, most)]
    except (SageMakerError, ValueError) as exc:
        text = exc.message if isinstance(exc, SageMakerError) else str(exc)
        raise RuntimeError(f"{uri}: {text}") from exc
    output = record["TransformOutput"]
    if output.get("AssembleWith", "None") == "Line":
        answers = [answer if answer.endswith(b"\n") else answer + b"\n" for answer in answers]
    prefix = S3Uri.parse(_source(record)).key
    key = S3Uri.parse(uri).key
    name = key[len(prefix) :].lstrip("/") or key.rsplit("/", 1)[-1]
    objects.write(b"".join(answers), f"{output['S3OutputPath'].rstrip('/')}/{name}.out")


def batches(content: bytes, most: int, *, several: bool) -> Iterator[bytes]:
    """Yield the lines of a file, one at a time or as many as fit into `most` bytes."""
    held = b""
    for line in content.splitlines(keepends=True):
        if held and (not several or len(held) + len(line) > most):
            yield held
            held = b""
        held += line
    if held:
        yield held


def _fitting(payloads: Iterator[bytes], most: int) -> Iterator[bytes]:
    for payload in payloads:
        if len(payload) > most:
            raise ValueError(f"{len(payload)} bytes are above MaxPayloadInMB, {most // _MIB}")
        yield payload


def _largest(record: Record) -> int:
    """Return the bytes of the largest payload; 0 MB stands for no limit."""
    limit: int = record.get("MaxPayloadInMB", _LARGEST_MB)
    return (limit or 1 << 20) * _MIB


def _source(request: Record) -> str:
    uri: str = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    return uri
