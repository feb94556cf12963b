"""What the templates must keep: least privilege, encryption, retention, matching names."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagline.cli.cloud import LAPTOP_MACHINES
from tagline.formats.instances import accelerated
from tests.unit.cloudformation import (
    FILES,
    ROOT,
    TEMPLATES,
    actions,
    attached,
    listed,
    owner_of,
    resources,
    statements,
    variables,
)
from tests.unit.test_environment import READ_AS

FUNCTIONS = {name: (t, r) for t, name, r in resources("AWS::Serverless::Function")}
# Actions that know no resources; each carries its reason in the template.
WITHOUT_RESOURCES = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
    "sagemaker:ListEndpoints",
    "sagemaker:ListHyperParameterTuningJobs",
    "sagemaker:ListTrainingJobs",
    "greengrass:CreateDeployment",
    "greengrass:ListDeployments",
    "iot:ListJobs",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    # SageMaker's SDK v3 takes no role that may not do these anywhere
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
}
SUB = re.compile(r"\$\{(\w+)\}")


def test_nobody_may_do_everything_anywhere() -> None:
    for owner, statement in statements():
        assert statement["Effect"] == "Allow", owner
        named = set(listed(statement["Action"]))
        assert not {a for a in named if a.endswith((":*", "*")) and a != "kms:GenerateDataKey*"}
        if "*" in listed(statement["Resource"]):
            assert named <= WITHOUT_RESOURCES, (owner, named)


def _values(part: object, key: str) -> list[Any]:
    """Return what stands under a key, at any depth."""
    if isinstance(part, list):
        return [found for item in part for found in _values(item, key)]
    if isinstance(part, dict):
        inner = [found for item in part.values() for found in _values(item, key)]
        return [part[key], *inner] if key in part else inner
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parts_are_joined_by_plain_text(path: Path) -> None:
    """CloudFormation refuses a function as the delimiter of Fn::Join; cfn-lint does not say so."""
    joins = _values(TEMPLATES[path.stem], "Fn::Join")
    assert all(isinstance(join[0], str) for join in joins), joins


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_star_has_a_written_reason(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.search(r'Resource: "\*"', line):
            above = lines[max(0, number - 16) : number + 1]
            assert any("#" in text for text in above), f"{path.name}:{number + 1}"


def test_roles_are_handed_to_one_service_each() -> None:
    handed = [s for _, s in statements() if "iam:PassRole" in listed(s["Action"])]
    assert len(handed) == 3
    for statement in handed:
        service = statement["Condition"]["StringEquals"]["iam:PassedToService"]
        assert service in (
            "ecs-tasks.amazonaws.com",
            "sagemaker.amazonaws.com",
            "iot.amazonaws.com",
        )


def test_every_function_has_its_folder_its_role_and_its_log() -> None:
    folders = {path.parent.name for path in ROOT.glob("functions/*/app.py")}
    used = {Path(r["Properties"]["CodeUri"]).name: n for n, (_, r) in FUNCTIONS.items()}
    assert set(used) == folders
    for folder, name in used.items():
        template, resource = FUNCTIONS[name]
        properties = resource["Properties"]
        assert name == "".join(part.title() for part in folder.split("_"))
        assert properties["FunctionName"] == {
            "Fn::Sub": f"${{StackName}}-{folder.replace('_', '-')}"
        }
        apart = [owner_of(*policy) for policy in attached()].count(name)
        assert ("Policies" in properties) != bool(apart), name
        assert ("Role" in properties) == bool(apart), "SAM makes a role for this function alone"
        log = TEMPLATES[template]["Resources"][properties["LoggingConfig"]["LogGroup"]["Ref"]]
        assert log["Properties"]["LogGroupName"]["Fn::Sub"] == (
            f"/aws/lambda/{properties['FunctionName']['Fn::Sub']}"
        )


def test_a_handler_finds_the_variables_it_reads() -> None:
    for path in ROOT.glob("functions/*/app.py"):
        words = set(re.findall(r"\.(\w+)", path.read_text("utf-8")))
        read = {variable for name, variable in READ_AS.items() if name in words}
        lambdas = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}  # it says so itself
        assert read - lambdas <= variables(path.parent.name), path


def test_logs_do_not_stay_for_ever() -> None:
    groups = list(resources("AWS::Logs::LogGroup"))
    assert (
        len(groups) == len(FUNCTIONS) + 6
    )  # packing, two state machines, API, and SageMaker's two kinds of jobs
    for _, name, group in groups:
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name


@pytest.mark.parametrize(
    "kind", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"]
)
def test_nothing_is_reached_without_tls(kind: str) -> None:
    policies = list(resources(kind))
    assert policies
    for _, name, policy in policies:
        denied = [
            s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"
        ]
        assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}], (
            name
        )
        assert denied[0]["Principal"] == "*"


def test_the_data_outlives_the_stack_and_is_nobody_elses() -> None:
    ((_, _, bucket),) = resources("AWS::S3::Bucket")
    properties = bucket["Properties"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"  # nothing lies in it then
    assert bucket["UpdateReplacePolicy"] == "Retain"
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert properties["BucketEncryption"]
    assert properties["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }


def test_an_undeliverable_list_is_kept_encrypted_and_rings() -> None:
    for _, name, queue in resources("AWS::SQS::Queue"):
        assert queue["Properties"]["SqsManagedSseEnabled"] is True, name
    start = FUNCTIONS["StartRun"][1]["Properties"]
    letters = {"Fn::GetAtt": "DeadLetters.Arn"}
    assert start["DeadLetterQueue"]["TargetArn"] == letters
    assert start["Events"]["ListDropped"]["Properties"]["DeadLetterConfig"]["Arn"] == letters
    alarms = {name: a["Properties"] for _, name, a in resources("AWS::CloudWatch::Alarm")}
    assert alarms["LostListAlarm"]["AlarmActions"] == [{"Ref": "AlertsTopicArn"}]


def test_the_packing_container_can_change_nothing() -> None:
    for _, _, task in resources("AWS::ECS::TaskDefinition"):
        (container,) = task["Properties"]["ContainerDefinitions"]
        assert container["ReadonlyRootFilesystem"] is True
        assert container["User"] not in ("0", "root")
        assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    ((_, _, group),) = resources("AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group["Properties"]


MACHINES = {name: r["Properties"] for _, name, r in resources("AWS::Serverless::StateMachine")}
machines = pytest.mark.parametrize("name", MACHINES)


def definition(name: str) -> str:
    uri: str = MACHINES[name]["DefinitionUri"]
    return (ROOT / "templates" / uri).read_text(encoding="utf-8")


@machines
def test_the_machine_gets_what_it_substitutes(name: str) -> None:
    properties = MACHINES[name]
    assert set(SUB.findall(definition(name))) == set(properties["DefinitionSubstitutions"])
    assert properties["Logging"]["Level"] == "ALL"
    assert properties["Tracing"] == {"Enabled": True}


_IAM_NAMES = {"applicationautoscaling": "application-autoscaling"}


def _allowed_for(resource: str) -> set[str]:
    """The IAM actions that a state's resource needs."""
    service, call = (
        resource.removeprefix("arn:${Partition}:states:::").removeprefix("aws-sdk:").split(":")
    )
    action = call.removesuffix(".sync")
    action = action[0].upper() + action[1:]
    service = _IAM_NAMES.get(service, service)
    if service == "lambda":
        return {"lambda:InvokeFunction"}
    needed = {f"{service}:{action}"}
    if not call.endswith(".sync"):
        return needed
    job = action.removeprefix("Create").removeprefix("Run")
    needed |= {f"{service}:Stop{job}", f"{service}:Describe{job}{'s' if service == 'ecs' else ''}"}
    return needed | {"events:PutRule", "events:PutTargets", "events:DescribeRule", "iam:PassRole"}


@machines
def test_the_machine_may_do_what_its_states_do(name: str) -> None:
    text = definition(name)
    found = re.findall(r'"Resource": "(arn:\$\{Partition\}:states:::[^"]+)"', text)
    needed = set().union(*map(_allowed_for, found))
    assert needed <= actions(name) | {"s3:PutObject"}, needed - actions(name)
    assert {"states:StartExecution", "s3:PutObject"} <= actions(name)
    assert "sagemaker:AddTags" in actions("Retrain")


PAID = {
    *("sagemaker:CreateTrainingJob", "sagemaker:CreateHyperParameterTuningJob"),
    *("sagemaker:CreateProcessingJob", "sagemaker:CreateEndpointConfig"),
}


def test_nobody_asks_for_machines_that_the_owner_does_not_allow() -> None:
    asking = [(who, s) for who, s in statements() if PAID & set(listed(s["Action"]))]
    assert asking
    for owner, statement in asking:
        allowed = statement["Condition"]["ForAllValues:StringEquals"]["sagemaker:InstanceTypes"]
        assert allowed == {"Fn::Split": [",", {"Ref": "AllowedInstanceTypes"}]}, owner
    kinds = TEMPLATES["template"]["Parameters"]["AllowedInstanceTypes"]["Default"].split(",")
    assert not [kind for kind in kinds if accelerated(kind)]
    assert set(kinds) < set(LAPTOP_MACHINES.split(","))
    for name, parameter in TEMPLATES["template"]["Parameters"].items():
        if name.endswith("InstanceType"):
            assert parameter["Default"] in kinds, name


def test_scaling_is_of_endpoints_alone() -> None:
    for _, statement in statements():
        if any(action.startswith("application-autoscaling:") for action in listed(
            statement["Action"]
        )):  # fmt: skip
            assert statement["Condition"]["StringEquals"] == {
                "application-autoscaling:service-namespace": "sagemaker",
                "application-autoscaling:scalable-dimension": (
                    "sagemaker:variant:DesiredInstanceCount"
                ),
            }


@machines
def test_the_machine_may_invoke_exactly_its_functions(name: str) -> None:
    called = set(re.findall(r"\$\{FunctionPrefix\}-([a-z-]+)", definition(name)))
    (statement,) = [
        s for owner, s in statements() if owner == name and s["Action"] == "lambda:InvokeFunction"
    ]
    allowed = {r["Fn::Sub"].rsplit("${StackName}-", 1)[1] for r in statement["Resource"]}
    assert allowed == called


def test_nested_stacks_get_their_parameters_and_give_their_outputs() -> None:
    root = TEMPLATES["template"]
    nested = {name: r for _, name, r in resources("AWS::Serverless::Application")}
    assert {Path(r["Properties"]["Location"]).stem for r in nested.values()} == set(TEMPLATES) - {
        "template",
        "registry",  # a stack of its own
    }
    for name, resource in nested.items():
        wanted = TEMPLATES[Path(resource["Properties"]["Location"]).stem]["Parameters"]
        assert set(resource["Properties"]["Parameters"]) == set(wanted), name
    for used in re.findall(r'"Fn::GetAtt": "(\w+)\.Outputs\.(\w+)"', json.dumps(root)):
        child = TEMPLATES[Path(nested[used[0]]["Properties"]["Location"]).stem]
        assert used[1] in child["Outputs"], used


@pytest.mark.slow
@pytest.mark.slow
def test_cfn_lint_finds_nothing() -> None:
    command = [Path(sys.executable).parent / "cfn-lint", *FILES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


LITERAL_PARTITION = re.compile(r"arn:aws[a-z-]*:")


@pytest.mark.parametrize(
    "folder", ["templates", "statemachine", "tagline", "functions", "containers"]
)
def test_nothing_is_tied_to_one_partition(folder: str) -> None:
    """China and GovCloud have ARNs of their own; a link to AWS's documentation has none."""
    paths = [
        path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".yaml", ".json"}
    ]
    if folder == "templates":
        paths.append(ROOT / "template.yaml")
    assert paths
    for path in paths:
        assert not LITERAL_PARTITION.search(path.read_text(encoding="utf-8")), path


def test_another_stacks_things_are_granted_to_nobody() -> None:
    """After a stack's name comes a whole word, or the two hyphens that no stack's name has."""
    named = [str(s["Resource"]) for _, s in statements()]
    for text in named:
        assert "${StackName}-*" not in text
        assert not re.search(r"sagemaker:[^']*/tagline-", text)


def test_a_new_account_has_room_for_the_defaults() -> None:
    """Ten Lambda functions at once, the API's among them; six vCPUs of Fargate."""
    defaults = {name: p.get("Default") for name, p in TEMPLATES["template"]["Parameters"].items()}
    assert defaults["FetchConcurrency"] + defaults["BatchConcurrency"] < 10
    cpus = TEMPLATES["packing"]["Resources"]["TaskDefinition"]["Properties"]["Cpu"]
    assert defaults["PackConcurrency"] * int(cpus) / 1024 <= 6
    assert defaults["ApiReservedConcurrency"] == 0  # a reservation must leave ten to the rest


def test_both_ends_of_a_run_have_a_queue_that_rings() -> None:
    queues = {name for _, name, _ in resources("AWS::SQS::Queue")}
    assert queues == {"DeadLetters", "UnkeptMessages", "UnrecordedEndings"}
    rules = {
        name: event["Properties"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"].split(".")[0]
        for name, (_, function) in FUNCTIONS.items()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "EventBridgeRule"
        and name != "MergeCorrections"  # the next correction asks again
    }
    assert rules == {"StartRun": "DeadLetters", "RecordFailure": "UnrecordedEndings"}
    for name, queue in rules.items():
        target = FUNCTIONS[name][1]["Properties"]["DeadLetterQueue"]["TargetArn"]
        assert target == {"Fn::GetAtt": f"{queue}.Arn"}
    watched = [
        alarm
        for _, _, alarm in resources("AWS::CloudWatch::Alarm")
        if alarm["Properties"]["Namespace"] == "AWS/SQS"
    ]
    assert len(watched) == len(queues)


def test_every_alarm_is_told() -> None:
    metrics = set()
    for _, name, alarm in resources("AWS::CloudWatch::Alarm"):
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "AlertsTopicArn"}], name
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching", name
        metrics.add(alarm["Properties"]["MetricName"])
    assert metrics >= {"ExecutionsFailed", "ExecutionsTimedOut", "Throttles", "5xx"}


def test_the_dashboard_is_json_of_metrics_that_name_the_stack() -> None:
    ((_, _, dashboard),) = resources("AWS::CloudWatch::Dashboard")
    body = json.loads(dashboard["Properties"]["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        properties = widget["properties"]
        assert properties["region"] == "${AWS::Region}"
        assert "${" in json.dumps(properties["metrics"]), properties["title"]


def test_a_run_goes_on_with_the_task_definition_it_began_with() -> None:
    (granted,) = [s for _, s in statements() if "ecs:RunTask" in listed(s["Action"])]
    definitions = [task for _, _, task in resources("AWS::ECS::TaskDefinition")]
    for definition, resource in zip(definitions, granted["Resource"], strict=True):
        assert definition["UpdateReplacePolicy"] == "Retain"
        family = definition["Properties"]["Family"]["Fn::Sub"]
        assert resource["Fn::Sub"].endswith(f":task-definition/{family}:*")


def test_expired_files_are_not_kept_as_old_versions() -> None:
    """But what nobody can make again, a model, can be had back for as long as deleted files."""
    ((_, _, bucket),) = resources("AWS::S3::Bucket")
    kept = {
        rule["Id"]: rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    sampled = {f"sampled-{days}": 1 for days in (1, 7, 30, 90, 365)}
    assert kept == {
        "fetched-images": 1,
        "drift": 1,
        "edge-results": 1,
        "superseded-runs": {"Ref": "OldVersionDays"},
        **sampled,
    }


def test_no_network_is_made_where_one_is_given() -> None:
    packing = TEMPLATES["packing"]
    for name, resource in packing["Resources"].items():
        if resource["Type"].startswith("AWS::EC2::"):
            assert resource["Condition"] == "OwnNetwork", name
    assert packing["Outputs"]["Subnets"]["Value"]["Fn::If"][2] == {"Ref": "SubnetIds"}
    assert packing["Outputs"]["SecurityGroup"]["Value"]["Fn::If"][2] == {"Ref": "SecurityGroupId"}


def test_a_guided_deployment_asks_nothing_about_authentication() -> None:
    """SAM's own look at the functions: each one that it finds without is a question."""
    code = (
        "import json\n"
        "from samcli.commands.deploy.auth_utils import auth_per_resource\n"
        "from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider\n"
        "stacks, _ = SamLocalStackProvider.get_stacks('template.yaml')\n"
        "print(json.dumps(auth_per_resource(stacks)))\n"
    )
    python = ROOT / ".venvs/sam/bin/python"
    environment = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1", "HOME": "/tmp"}
    done = subprocess.run(
        [python, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    routes = [
        event
        for _, function in FUNCTIONS.values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    assert len(found) == len(routes) > 1
    assert all(authorized for _, authorized in found), found


def api_events() -> Iterator[Any]:
    """Yield the events of the API's functions: each is a route."""
    for resource in TEMPLATES["api"]["Resources"].values():
        yield from resource["Properties"].get("Events", {}).values()


OPEN_TO_ALL = {
    *(
        (method, path)
        for method in ("get", "head")
        for path in ("/", "/page/{file}", "/sign-in", "/openapi.json")
    ),
    ("any", "$default"),
}
"""Routes that say nothing of anybody's data; the page is where a person signs in."""


def test_every_other_route_is_closed_where_the_api_asks_who_calls() -> None:
    resources = TEMPLATES["api"]["Resources"]
    routes = {
        (event["Properties"]["Method"].lower(), event["Properties"]["Path"])
        for event in api_events()
    }
    paths = resources["HttpApi"]["Properties"]["DefinitionBody"]["paths"]
    guard = {"Fn::If": ["Guards", [{"caller": []}], {"Ref": "AWS::NoValue"}]}
    closed = {
        (method, path)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation == {"security": guard}
    }
    assert closed == routes - OPEN_TO_ALL
    assert TEMPLATES["api"]["Conditions"]["Guards"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ApiAuth"}, "none"]}]
    }


@pytest.mark.parametrize(
    ("image", "user"), [("im2rec", True), ("trainer", False), ("server", False)]
)
def test_sagemaker_runs_its_containers_as_root(image: str, user: bool) -> None:
    text = (ROOT / "containers" / image / "Dockerfile").read_text(encoding="utf-8")
    assert bool(re.search(r"^USER ", text, re.MULTILINE)) == user
