"""ARNs of what a request names, and what of the cloud's state a decision depends on."""

from collections.abc import Mapping
from typing import Any

from local import patching
from local.context import Cloud

_ECS = "ministack.services.ecs"
_S3 = "ministack.services.s3"
_SNS = "ministack.services.sns"
_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"
Request = Mapping[str, Any]


class Names:
    """The resources of one laptop cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._buckets = patching.member(_S3, "_buckets", object)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this cloud's account and region."""
        return f"arn:aws:{service}:{self._cloud.region}:{self._cloud.account}:{resource}"

    def bucket(self, request: Request) -> str:
        """Return a bucket's ARN."""
        return f"arn:aws:s3:::{request['Bucket']}"

    def object(self, request: Request) -> str:
        """Return an object's ARN."""
        return f"arn:aws:s3:::{request['Bucket']}/{request['Key']}"

    def encryption_key(self, request: Request) -> str | None:
        """Return the ARN of the KMS key that an object is encrypted with, if one is."""
        bucket = self._buckets.get(request["Bucket"])
        kept = bucket["objects"].get(request["Key"]) if bucket else None
        key = ((kept or {}).get("preserved_headers") or {}).get(_KEY_HEADER)
        if not key:
            return None
        return key if key.startswith("arn:") else self.arn("kms", f"key/{key}")

    def sagemaker(self, kind: str, name: str) -> str:
        """Return the ARN of a resource of SageMaker, which writes names in lower case there."""
        return self.arn("sagemaker", f"{kind}/{name.lower()}")

    def cluster(self, request: Request) -> str:
        """Return the ARN of the cluster that a request to ECS is for."""
        given = request.get("cluster") or "default"
        return given if given.startswith("arn:") else self.arn("ecs", f"cluster/{given}")

    def task_definition(self, request: Request) -> str:
        """Return the ARN of a task definition, with its revision."""
        resolve = patching.function(_ECS, "_resolve_td_key", "ref")
        return self.arn("ecs", f"task-definition/{resolve(request['taskDefinition'])}")

    def task_roles(self, definition: str) -> list[str]:
        """Return the roles that a task definition hands to its tasks and to ECS."""
        known = patching.member(_ECS, "_task_defs", object)
        found = known.get(definition.partition("task-definition/")[2]) or {}
        roles = (found.get(name) for name in ("taskRoleArn", "executionRoleArn"))
        return [role for role in roles if role]

    def task(self, request: Request, task: str) -> str:
        """Return a task's ARN."""
        if task.startswith("arn:"):
            return task
        return self.arn("ecs", f"task/{self.cluster(request).rpartition('/')[2]}/{task}")

    def function(self, name: str) -> str:
        """Return a function's ARN, with its alias or version where one is named."""
        if name.startswith("arn:"):
            return name
        return self.arn("lambda", f"function:{name}")

    def key(self, key: str) -> str:
        """Return the ARN of a KMS key, of its id or ARN."""
        return key if key.startswith("arn:") else self.arn("kms", f"key/{key}")

    def alarm(self, name: str) -> str:
        """Return an alarm's ARN."""
        return self.arn("cloudwatch", f"alarm:{name}")

    def route(self, request: Request) -> str:
        """Return the ARN of a call to an HTTP API, which has the default stage alone."""
        path = f"{request['ApiId']}/$default/{request['Method']}{request['Path']}"
        return self.arn("execute-api", path)

    def rule(self, name: str) -> str:
        """Return the ARN of a rule on the default event bus."""
        return self.arn("events", f"rule/{name}")

    def queue(self, url: str) -> str:
        """Return a queue's ARN, of its URL."""
        if url.startswith("arn:"):
            return url
        return self.arn("sqs", url.rpartition("/")[2])

    def log_stream(self, request: Request) -> str:
        """Return a log stream's ARN; with an empty stream where only the group is named."""
        stream = request.get("logStreamName", "")
        return self.arn("logs", f"log-group:{request['logGroupName']}:log-stream:{stream}")

    def topic_key(self, topic_arn: str) -> str | None:
        """Return the ARN of the KMS key that a topic's messages are encrypted with, if any."""
        topic = patching.member(_SNS, "_topics", object).get(topic_arn) or {}
        key = (topic.get("attributes") or {}).get("KmsMasterKeyId")
        if not key:
            return None
        return key if key.startswith("arn:") else self.arn("kms", f"key/{key}")

    @staticmethod
    def repository(image: str) -> str | None:
        """Return the ARN of the ECR repository that an image lies in; None: not in ECR."""
        registry, _, path = image.partition("/")
        parts = registry.split(".")
        if parts[1:3] != ["dkr", "ecr"]:
            return None
        name = path.partition("@")[0].partition(":")[0]
        return f"arn:aws:ecr:{parts[3]}:{parts[0]}:repository/{name}"
