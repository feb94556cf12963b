"""Whatever roll-out is asked for, SageMaker's limits on sizes and times hold."""

from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.sagemaker import Variant
from tagline.serving.rollout import deployment_config, guards
from tagline.settings import InvalidSettings
from tagline.settings.rollout import check_rollout
from tests.unit.documents import plain

ROLLOUTS = st.builds(
    EndpointSettings,
    rollout=st.sampled_from(["canary", "linear", "all_at_once", None]),
    rollout_step=st.none() | st.floats(0.1, 0.5),
    rollout_wait=st.none() | st.integers(0, 3600),
    bake=st.none() | st.integers(0, 3600),
)


@given(wanted=ROLLOUTS, count=st.integers(1, 100))
def test_whatever_is_asked_sagemaker_takes(wanted: EndpointSettings, count: int) -> None:
    variant = Variant(instance_type="ml.c5.large", initial_instance_count=count)
    config = plain(deployment_config(wanted, variant, guards("e", wanted), 90))
    policy = config["BlueGreenUpdatePolicy"]
    routed = policy["TrafficRoutingConfiguration"]
    for member in ("CanarySize", "LinearStepSize"):
        if member in routed:
            share = routed[member]["Value"] / count
            assert share <= 0.5
            assert share >= 0.1 or member == "CanarySize"
    assert policy["MaximumExecutionTimeoutInSeconds"] >= 600
    try:
        check_rollout(wanted)
    except InvalidSettings:
        return
    assert policy["MaximumExecutionTimeoutInSeconds"] <= 28_800
