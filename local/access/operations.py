"""From an operation to the actions it needs, each on its resource: IAM's own reference as a table.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
An operation that has no entry is refused, so that nothing goes by unjudged.
"""

from typing import Any

from local.access import greengrass_needs, iot_needs, s3_needs
from local.access.calls import Call
from local.access.naming import Names
from local.access.need import Need, Needs, Request

_JOB_ROLE = {
    "CreateModel": "ExecutionRoleArn",
    "CreateProcessingJob": "RoleArn",
    "CreateTrainingJob": "RoleArn",
}


class NoEntry(LookupError):
    """The table has no entry for an operation."""


class Operations:
    """The table, for resources of one account and region."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._table: dict[str, Needs] = {
            **s3_needs.table(names),
            **iot_needs.table(names),
            **greengrass_needs.table(names),
            **self._sagemaker(),
            **self._states(),
            **self._containers(),
            **self._others(),
        }

    def needs(self, call: Call) -> list[Need]:
        """Return all that a caller has to be allowed for a call; raises NoEntry."""
        entry = self._table.get(f"{call.service}:{call.operation}")
        if entry is None:
            raise NoEntry(f"{call.service}:{call.operation}")
        return entry(call.request)

    def pull(self, image: str) -> list[Need]:
        """Return what fetching an image from ECR needs; nothing for one of another registry."""
        repository = self._names.repository(image)
        if repository is None:
            return []
        actions = ("BatchGetImage", "GetDownloadUrlForLayer")
        token = Need("ecr:GetAuthorizationToken", "*")
        return [token, *(Need(f"ecr:{action}", repository) for action in actions)]

    def _sagemaker(self) -> dict[str, Needs]:
        names = self._names
        kinds = {
            "Endpoint": "endpoint",
            "EndpointConfig": "endpoint-config",
            "HyperParameterTuningJob": "hyper-parameter-tuning-job",
            "Model": "model",
            "ProcessingJob": "processing-job",
            "TrainingJob": "training-job",
            "TransformJob": "transform-job",
        }
        table: dict[str, Needs] = {}

        def on(operation: str, kind: str) -> Needs:
            def needs(request: Request) -> list[Need]:
                resource = names.sagemaker(kinds[kind], request[f"{kind}Name"])
                context = {**_tags(request), **_instance_types(request)}
                found = [Need(f"sagemaker:{operation}", resource, context)]
                if request.get("Tags"):
                    found.append(Need("sagemaker:AddTags", resource, _tags(request)))
                role = request.get(_JOB_ROLE.get(operation, ""))
                if operation == "CreateHyperParameterTuningJob":
                    role = request.get("TrainingJobDefinition", {}).get("RoleArn")
                if role:
                    found.append(_passed(role, "sagemaker.amazonaws.com"))
                if operation in {"CreateEndpoint", "UpdateEndpoint"}:
                    config = names.sagemaker("endpoint-config", request["EndpointConfigName"])
                    found.append(Need(f"sagemaker:{operation}", config, _tags(request)))
                found += self._alarms_watched(request)
                return found

            return needs

        for kind in kinds:
            stop = "Stop" if kind.endswith("Job") else "Delete"
            for verb in ("Create", "Describe", stop):
                table[f"sagemaker:{verb}{kind}"] = on(f"{verb}{kind}", kind)
        trials = "ListTrainingJobsForHyperParameterTuningJob"
        table[f"sagemaker:{trials}"] = on(trials, "HyperParameterTuningJob")
        table["sagemaker:UpdateEndpoint"] = on("UpdateEndpoint", "Endpoint")
        table["sagemaker:InvokeEndpoint"] = on("InvokeEndpoint", "Endpoint")
        table |= {
            f"sagemaker:List{listed}": _anywhere(f"sagemaker:List{listed}")
            for listed in ("Endpoints", "HyperParameterTuningJobs", "TrainingJobs")
        }
        for operation in ("AddTags", "ListTags"):
            table[f"sagemaker:{operation}"] = _by_arn(f"sagemaker:{operation}", "ResourceArn")
        return table

    def _alarms_watched(self, request: Request) -> list[Need]:
        """Return what naming alarms, by which an update rolls back, needs."""
        rollback = request.get("DeploymentConfig", {}).get("AutoRollbackConfiguration", {})
        names = [self._names.alarm(alarm["AlarmName"]) for alarm in rollback.get("Alarms", [])]
        return [Need("cloudwatch:DescribeAlarms", name) for name in names]

    def _states(self) -> dict[str, Needs]:
        by_execution = ("DescribeExecution", "GetExecutionHistory", "ListMapRuns")
        table = {
            f"states:{operation}": _by_arn(f"states:{operation}", "executionArn")
            for operation in by_execution
        }

        def listing(request: Request) -> list[Need]:
            resource = request.get("mapRunArn") or request["stateMachineArn"]
            return [Need("states:ListExecutions", resource)]

        return {
            **table,
            "states:DescribeMapRun": _by_arn("states:DescribeMapRun", "mapRunArn"),
            "states:ListExecutions": listing,
            "states:StartExecution": _by_arn("states:StartExecution", "stateMachineArn"),
            "states:StopExecution": _by_arn("states:StopExecution", "executionArn"),
        }

    def _containers(self) -> dict[str, Needs]:
        names = self._names

        def run(request: Request) -> list[Need]:
            cluster = {"ecs:cluster": names.cluster(request)}
            definition = names.task_definition(request)
            roles = names.task_roles(definition)
            passed = [_passed(role, "ecs-tasks.amazonaws.com") for role in roles]
            return [Need("ecs:RunTask", definition, cluster), *passed]

        def on_task(operation: str, member: str) -> Needs:
            def needs(request: Request) -> list[Need]:
                given = request[member]
                tasks = given if isinstance(given, list) else [given]
                cluster = {"ecs:cluster": names.cluster(request)}
                return [
                    Need(f"ecs:{operation}", names.task(request, task), cluster) for task in tasks
                ]

            return needs

        return {
            "ecs:DescribeTasks": on_task("DescribeTasks", "tasks"),
            "ecs:RunTask": run,
            "ecs:StopTask": on_task("StopTask", "task"),
        }

    def _others(self) -> dict[str, Needs]:
        names = self._names

        def alarms(request: Request) -> list[Need]:
            wanted = request.get("AlarmNames") or ["*"]
            return [Need("cloudwatch:DescribeAlarms", names.alarm(name)) for name in wanted]

        def metrics(request: Request) -> list[Need]:
            context = {"cloudwatch:namespace": request["Namespace"]}
            return [Need("cloudwatch:PutMetricData", "*", context)]

        def publish(request: Request) -> list[Need]:
            topic = request.get("TopicArn") or request["TargetArn"]
            key = names.topic_key(topic)
            found = [Need("sns:Publish", topic)]
            if key:
                found += [Need(f"kms:{action}", key) for action in ("GenerateDataKey", "Decrypt")]
            return found

        def log(action: str) -> Needs:
            return lambda request: [Need(f"logs:{action}", names.log_stream(request))]

        def rule(action: str, member: str) -> Needs:
            return lambda request: [Need(f"events:{action}", names.rule(request[member]))]

        def key(action: str) -> Needs:
            return lambda request: [Need(f"kms:{action}", names.key(request["KeyId"]))]

        def scaling(action: str) -> Needs:
            return lambda request: [
                Need(
                    f"application-autoscaling:{action}",
                    names.arn("application-autoscaling", "scalable-target/any"),
                    {
                        "application-autoscaling:service-namespace": request["ServiceNamespace"],
                        "application-autoscaling:scalable-dimension": request["ScalableDimension"],
                    },
                )
            ]

        return {
            **{
                f"application-autoscaling:{action}": scaling(action)
                for action in (
                    "RegisterScalableTarget",
                    "DeregisterScalableTarget",
                    "PutScalingPolicy",
                )
            },
            "cloudwatch:DescribeAlarms": alarms,
            "cloudwatch:PutMetricAlarm": lambda request: [
                Need("cloudwatch:PutMetricAlarm", names.alarm(request["AlarmName"]))
            ],
            "cloudwatch:GetMetricData": lambda _: [Need("cloudwatch:GetMetricData", "*")],
            "cloudwatch:PutMetricData": metrics,
            "execute-api:Invoke": lambda request: [
                Need("execute-api:Invoke", names.route(request))
            ],
            "events:DescribeRule": rule("DescribeRule", "Name"),
            "events:PutRule": rule("PutRule", "Name"),
            "events:PutTargets": rule("PutTargets", "Rule"),
            "kms:GetPublicKey": key("GetPublicKey"),
            "kms:Sign": key("Sign"),
            "kms:Verify": key("Verify"),
            "lambda:Invoke": lambda request: [
                Need("lambda:InvokeFunction", names.function(request["FunctionName"]))
            ],
            "logs:CreateLogGroup": log("CreateLogGroup"),
            "logs:CreateLogStream": log("CreateLogStream"),
            "logs:DescribeLogStreams": log("DescribeLogStreams"),
            "logs:GetLogEvents": log("GetLogEvents"),
            "logs:PutLogEvents": log("PutLogEvents"),
            "logs:PutRetentionPolicy": log("PutRetentionPolicy"),
            "sns:Publish": publish,
            "sqs:SendMessage": lambda request: [
                Need("sqs:SendMessage", names.queue(request["QueueUrl"]))
            ],
            "sts:AssumeRole": _by_arn("sts:AssumeRole", "RoleArn"),
            "sts:GetCallerIdentity": lambda _: [],  # AWS denies it to nobody
        }


def _by_arn(action: str, member: str) -> Needs:
    return lambda request: [Need(action, request[member])]


def _anywhere(action: str) -> Needs:
    return lambda _request: [Need(action, "*")]


def _passed(role: str, service: str) -> Need:
    return Need("iam:PassRole", role, {"iam:passedtoservice": service})


def _tags(request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
    if not tags:
        return {}
    named = {f"aws:requesttag/{key.lower()}": value for key, value in tags.items()}
    return {**named, "aws:tagkeys": list(tags)}


def _instance_types(request: Request) -> dict[str, list[str]]:
    """Return the machines that a request asks for, as SageMaker's condition key has them."""
    jobs = (request, request.get("TrainingJobDefinition", {}))
    named = ("ResourceConfig", "HyperParameterTuningResourceConfig")
    asked = [job[member] for job in jobs for member in named if member in job]
    asked += [one for each in asked for one in each.get("InstanceConfigs", [])]
    asked += [request["TransformResources"]] if "TransformResources" in request else []
    if "ProcessingResources" in request:
        asked.append(request["ProcessingResources"]["ClusterConfig"])
    asked += request.get("ProductionVariants", []) + request.get("ShadowProductionVariants", [])
    types = [each["InstanceType"] for each in asked if "InstanceType" in each]
    return {"sagemaker:instancetypes": types} if types else {}
