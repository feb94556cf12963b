"""How traffic moves to a new champion: what SageMaker is asked for, and what is refused."""

from typing import Any

import pytest

from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.sagemaker import DeploymentConfig, ServerlessConfig, Variant
from tagline.planning.fingerprint import fingerprint
from tagline.serving.rollout import deployment_config, guards
from tagline.settings import InvalidSettings
from tagline.settings.rollout import LONGEST, check_rollout
from tests.unit.documents import plain, settings
from tests.unit.flow_world import assert_valid

NAME = "tagline--demo-50876c98a6b2"


def moved(count: int, **wanted: Any) -> dict[str, Any]:
    asked = EndpointSettings(**wanted)
    config: dict[str, Any] = plain(_config(asked, count))
    return config


def _config(asked: EndpointSettings, count: int) -> DeploymentConfig:
    variant = Variant(instance_type="ml.c5.large", initial_instance_count=count)
    return deployment_config(asked, variant, guards(NAME, asked), 90)


def routing(count: int, **wanted: Any) -> dict[str, Any]:
    found: dict[str, Any] = moved(count, **wanted)["BlueGreenUpdatePolicy"]
    routed: dict[str, Any] = found["TrafficRoutingConfiguration"]
    return routed


def size(count: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": count}


def test_a_single_instance_moves_at_once_whatever_was_asked_and_alarms_watch_it() -> None:
    for rollout in (None, "all_at_once", "canary", "linear"):
        config = moved(1, rollout=rollout)
        policy = config["BlueGreenUpdatePolicy"]
        assert policy["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
        assert policy["TerminationWaitInSeconds"] == 90
        assert config["AutoRollbackConfiguration"] == {
            "Alarms": [{"AlarmName": f"{NAME}-new-5xx"}, {"AlarmName": f"{NAME}-new-slow"}]
        }


@pytest.mark.parametrize(
    ("count", "wanted", "expected"),
    [
        (2, {}, {"Type": "CANARY", "CanarySize": size(1), "WaitIntervalInSeconds": 300}),
        (9, {}, {"Type": "CANARY", "CanarySize": size(1), "WaitIntervalInSeconds": 300}),
        (4, {"rollout": "all_at_once"}, {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}),
        (
            10,
            {"rollout": "canary", "rollout_step": 0.25, "rollout_wait": 60},
            {"Type": "CANARY", "CanarySize": size(3), "WaitIntervalInSeconds": 60},
        ),
        (
            3,
            {"rollout": "canary", "rollout_step": 0.5},  # of three at most one is half
            {"Type": "CANARY", "CanarySize": size(1), "WaitIntervalInSeconds": 300},
        ),
        (
            20,
            {"rollout": "linear", "rollout_wait": 0},
            {"Type": "LINEAR", "LinearStepSize": size(2), "WaitIntervalInSeconds": 0},
        ),
    ],
)
def test_sizes_are_whole_instances_that_sagemaker_allows(
    count: int, wanted: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert routing(count, **wanted) == expected
    request = {"EndpointName": NAME, "EndpointConfigName": "c"}
    assert_valid("UpdateEndpoint", request | {"DeploymentConfig": moved(count, **wanted)})


def test_a_serverless_endpoint_is_watched_like_one_instance() -> None:
    asked = EndpointSettings(mode="serverless")
    variant = Variant(serverless_config=ServerlessConfig(memory_size_in_mb=1024, max_concurrency=1))
    config = deployment_config(asked, variant, guards(NAME, asked), 90)
    routed = config.blue_green_update_policy.traffic_routing_configuration
    assert routed.type == "ALL_AT_ONCE"  # though UpdateServerlessEndpoint sends none of it


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"rollout_step": 0.2}, "endpoint.rollout_step needs endpoint.rollout"),
        ({"rollout": "all_at_once", "rollout_wait": 9}, "endpoint.rollout_wait needs"),
        ({"rollout": "linear", "rollout_wait": 600}, f"6,000 seconds, of {LONGEST:,}"),
        ({"rollout": "canary", "rollout_wait": 3600, "bake": 1}, "3,601 seconds"),
    ],
)
def test_what_has_no_meaning_or_lasts_too_long_is_refused(
    wanted: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidSettings, match=said):
        check_rollout(EndpointSettings(**wanted))


def test_how_slow_is_too_slow() -> None:
    assert guards(NAME, EndpointSettings()).latency_microseconds == 5_000_000
    assert guards(NAME, EndpointSettings(max_latency=250)).latency_microseconds == 250_000


def test_how_traffic_moves_makes_no_other_model() -> None:
    plain_mark = fingerprint(["a"], settings(), [])
    moving = {"rollout": "linear", "rollout_step": 0.5, "bake": 9, "max_latency": 9}
    assert fingerprint(["a"], settings(endpoint=moving), []) == plain_mark
