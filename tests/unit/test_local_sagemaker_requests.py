"""What the laptop's SageMaker makes of a request before it acts."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.sagemaker import honoured, limits, listings, shapes
from local.sagemaker.errors import SageMakerError
from local.sagemaker.metrics import MetricScanner

ENDPOINT = {"EndpointName": "a", "EndpointConfigName": "b"}


def refusal(operation: str, request: dict[str, Any]) -> str:
    with pytest.raises(SageMakerError) as error:
        shapes.check(operation, request)
    assert error.value.code == "ValidationException"
    return error.value.message


def test_a_request_that_aws_takes_passes() -> None:
    tags = [{"Key": "équipe", "Value": "a b"}]
    shapes.check("CreateEndpoint", {**ENDPOINT, "Tags": tags, "DeploymentConfig": None})


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("EndpointName", "a" * 64, "length of 63 or less"),
        ("EndpointName", "a_b", "must satisfy regular expression pattern"),
        ("EndpointName", 5, "must be a string, not int"),
        ("Surprise", 5, "'surprise' failed to satisfy constraint: Member is not a member"),
        ("Tags", [{"Key": "k"}], "'tags.1.member.value' failed"),
        ("Tags", [{"Key": "k" * 129, "Value": ""}], "'tags.1.member.key'"),
        ("Tags", {"Key": "k"}, "must be a list, not dict"),
        ("EndpointConfigName", None, "'endpointConfigName' failed to satisfy constraint: Member m"),
    ],
)
def test_each_broken_rule_is_named(member: str, value: Any, told: str) -> None:
    assert told in refusal("CreateEndpoint", {**ENDPOINT, member: value})


@pytest.mark.parametrize("value", [True, 1.5, "1", -1, 86_400_001])
def test_numbers_are_whole_and_within_bounds(value: Any) -> None:
    request = {"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v"}]}
    timeout = {"ContainerStartupHealthCheckTimeoutInSeconds": value}
    request["ProductionVariants"] = [{"VariantName": "v", **timeout}]
    refused = refusal("CreateEndpointConfig", request)
    assert "containerStartupHealthCheckTimeoutInSeconds" in refused


def test_every_member_that_limits_name_exists() -> None:
    unknown = [
        f"{operation}.{path}"
        for operation, tree in honoured.HONOURED.items()
        for path in unknown_members(tree, input_of(operation))
    ]
    assert not unknown


def test_every_pattern_of_the_operations_compiles() -> None:
    for operation in honoured.HONOURED:
        for shape in all_shapes(input_of(operation), set()):
            if "pattern" in shape.metadata and shape.name not in FOREIGN:
                shapes._compiled(shape.metadata["pattern"])


# in members that are refused before a pattern is looked at could not be: dialects we do not read
FOREIGN = {"AthenaCatalog", "TrainingRepositoryCredentialsProviderArn"}


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"InputDataConfig": [{"ShuffleConfig": {"Seed": 1}}]}, "InputDataConfig.ShuffleConfig"),
        ({"InputDataConfig": [{"InputMode": "Pipe"}]}, "honours only 'File' or 'FastFile'"),
        ({"ResourceConfig": {"InstanceCount": 0}}, "honours only 1"),
        ({"ResourceConfig": {"InstanceGroups": [{}]}}, "InstanceGroups: the laptop cloud does not"),
    ],
)
def test_what_would_change_the_outcome_is_refused(request_: dict[str, Any], told: str) -> None:
    with pytest.raises(SageMakerError, match=told):
        limits.check("CreateTrainingJob", request_)


def test_what_is_of_no_consequence_or_off_passes() -> None:
    limits.check(
        "CreateTrainingJob",
        {
            "VpcConfig": {"Subnets": ["s"], "SecurityGroupIds": ["g"]},
            "OutputDataConfig": {"KmsKeyId": "k"},
            "DebugHookConfig": {},
            "DebugRuleConfigurations": [],
            "InputDataConfig": [{"InputMode": "File", "ShuffleConfig": None}],
        },
    )


def test_metrics_are_the_latest_finite_values() -> None:
    scanner = MetricScanner(
        [
            {"Name": "loss", "Regex": "loss=([^ ]+)"},
            {"Name": "mAP", "Regex": "mAP=([0-9.]+)"},
        ]
    )
    assert scanner.scan("loss=2.5 mAP=0.25")
    assert scanner.scan("loss=nan mAP=0.5")
    assert not scanner.scan("loss=many")
    latest = {item["MetricName"]: item["Value"] for item in scanner.latest()}
    assert latest == {"loss": 2.5, "mAP": 0.5}


def test_a_metric_without_a_group_is_refused() -> None:
    with pytest.raises(SageMakerError, match="no group"):
        MetricScanner([{"Name": "loss", "Regex": "loss=.*"}])


def test_lists_are_filtered_ordered_and_paged() -> None:
    records = [
        {
            "EndpointName": f"e-{number}",
            "EndpointStatus": "Failed" if number == 3 else "InService",
            "CreationTime": float(number),
            "LastModifiedTime": float(number),
        }
        for number in range(6)
    ]

    def ask(**request: Any) -> tuple[list[str], str | None]:
        answer = listings.ENDPOINTS.page(records, request)
        return [item["EndpointName"] for item in answer["Endpoints"]], answer["NextToken"]

    first, token = ask(MaxResults=2, StatusEquals="InService", NameContains="E-")
    assert first == ["e-5", "e-4"]
    assert ask(MaxResults=2, StatusEquals="InService", NextToken=token)[0] == ["e-2", "e-1"]
    assert ask(CreationTimeAfter=4, SortOrder="Ascending") == (["e-4", "e-5"], None)
    assert ask(LastModifiedTimeBefore=1, SortBy="Name")[0] == ["e-1", "e-0"]
    with pytest.raises(SageMakerError, match="NextToken"):
        ask(NextToken="x")


def input_of(operation: str) -> Shape:
    shape = shapes.service_model().operation_model(operation).input_shape
    assert shape is not None
    return shape


def unknown_members(tree: Any, shape: Shape) -> Iterator[str]:
    if isinstance(shape, ListShape):
        yield from unknown_members(tree, shape.member)
    elif isinstance(tree, dict):
        assert isinstance(shape, StructureShape)
        for name, inner in tree.items():
            if name not in shape.members:
                yield name
            else:
                yield from (
                    f"{name}.{path}" for path in unknown_members(inner, shape.members[name])
                )


def all_shapes(shape: Shape, seen: set[str]) -> Iterator[Shape]:
    if shape.name in seen:
        return
    seen.add(shape.name)
    yield shape
    inner: list[Shape] = []
    if isinstance(shape, StructureShape):
        inner = list(shape.members.values())
    elif isinstance(shape, ListShape):
        inner = [shape.member]
    elif isinstance(shape, MapShape):
        inner = [shape.key, shape.value]
    for part in inner:
        yield from all_shapes(part, seen)
