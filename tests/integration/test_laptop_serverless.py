"""Serverless endpoints and Application Auto Scaling on the laptop cloud, seen through boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.laptop_sagemaker import Toys, add_toys
from tests.laptop import LaptopCloud

pytestmark = pytest.mark.cloud
SERVERLESS: dict[str, Any] = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}


@pytest.fixture
def laptop(laptop_cloud: LaptopCloud) -> Toys:
    add_toys(laptop_cloud.root)
    return Toys(laptop_cloud)


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return str(error.value.response["Error"]["Message"])


def test_a_serverless_endpoint_answers_and_keeps_to_its_limits(laptop: Toys) -> None:
    laptop.create_config("idle-1", b"hello", **SERVERLESS)
    laptop.sagemaker.create_endpoint(EndpointName="idle", EndpointConfigName="idle-1")
    assert laptop.settled("idle")["EndpointStatus"] == "InService"
    (variant,) = laptop.sagemaker.describe_endpoint(EndpointName="idle")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == SERVERLESS["ServerlessConfig"]
    assert "CurrentInstanceCount" not in variant
    laptop.runtime.invoke_endpoint(EndpointName="idle", Body=bytes(4 << 20))
    with pytest.raises(ClientError, match="limit of a serverless endpoint is 4194304"):
        laptop.runtime.invoke_endpoint(EndpointName="idle", Body=bytes((4 << 20) + 1))
    # instances may take its place, and then it is serverless no more
    laptop.create_config("idle-2", b"again")
    laptop.sagemaker.update_endpoint(EndpointName="idle", EndpointConfigName="idle-2")
    settled = laptop.settled("idle")
    assert settled["EndpointConfigName"] == "idle-2"
    with pytest.raises(ClientError) as error:
        laptop.sagemaker.update_endpoint(EndpointName="idle", EndpointConfigName="idle-1")
    assert "it has instances, and idle-1 none" in refused(error)


@pytest.mark.parametrize(
    ("model", "variant", "said"),
    [
        ({"isolated": True}, SERVERLESS, "network isolation"),
        ({}, SERVERLESS | {"InitialInstanceCount": 1}, "no InitialInstanceCount"),
        ({}, {"ServerlessConfig": {"MemorySizeInMB": 2000, "MaxConcurrency": 5}}, "multiple"),
    ],
)
def test_what_serverless_endpoints_do_not_have_is_refused(
    laptop: Toys, model: dict[str, Any], variant: dict[str, Any], said: str
) -> None:
    name = said.replace(" ", "-")
    with pytest.raises(ClientError) as error:
        laptop.create_config(name, b"x", **model, **variant)
    assert said in refused(error)


def test_a_scalable_target_is_kept_until_it_is_taken_off(laptop_cloud: LaptopCloud) -> None:
    client = laptop_cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/tagline-demo/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    with pytest.raises(client.exceptions.ObjectNotFoundException):
        client.deregister_scalable_target(**target)
    with pytest.raises(client.exceptions.ValidationException):
        client.register_scalable_target(**target)
    client.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
    client.put_scaling_policy(
        **target,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 600,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
        },
    )
    (found,) = client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 3)
    client.deregister_scalable_target(**target)
    assert not client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
