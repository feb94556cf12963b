"""What may be spent: kinds and numbers of machines, trials, and a run's budget."""

from typing import Any

import msgspec
import pytest

from tagline.formats.steps import Fleet
from tagline.jobs.limits import Limits, Spending, TooExpensive, most_expensive
from tagline.pricing.table import PriceList
from tagline.serving.machines import Hosting, scaling_of
from tagline.settings import InvalidSettings, load_settings
from tests.unit.documents import settings

US = PriceList("us-east-1")
LIMITS = Limits(frozenset({"ml.c5.4xlarge", "ml.c5.large", "ml.x9.huge"}), trials=6, instances=3)
DEFAULT = Fleet(instance_type="ml.c5.large", instance_count=1)
HOSTING = Hosting("image", DEFAULT)


def check(stack_type: str = "ml.c5.4xlarge", limits: Limits = LIMITS, **sections: Any) -> None:
    Spending(limits, US).check(settings(**sections), stack_type)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"training": {"instance_type": "ml.m5.24xlarge"}},
            "training.instance_type: ml.m5.24xlarge is not among the stack's AllowedInstanceTypes:",
        ),
        ({"tuning": {"max_jobs": 7}}, "tuning.max_jobs: 7 is more than the stack's MostTrials, 6"),
        (
            {"tuning": {"max_jobs": 6, "max_parallel_jobs": 4}},
            "tuning.max_parallel_jobs: 4 is more than the stack's MostInstances, 3",
        ),
    ],
)
def test_what_the_owner_does_not_allow_is_refused_by_name(
    sections: dict[str, Any], said: str
) -> None:
    with pytest.raises(TooExpensive) as refused:
        check(**sections)
    assert str(refused.value).startswith(said)


def test_machines_that_share_a_job_count_each() -> None:
    two = {"instance_count": 2, "max_runtime": 3600}
    check(training=two | {"instance_count": 3})
    with pytest.raises(TooExpensive, match=r"^training.instance_count: 4 is more than the stack's"):
        check(training=two | {"instance_count": 4})
    search = {"max_jobs": 4, "max_parallel_jobs": 2}
    with pytest.raises(
        TooExpensive, match=r"^tuning.max_parallel_jobs times training.instance_count: 4 is more"
    ):
        check(training=two, tuning=search)
    price = most_expensive(settings(training=two), "ml.c5.4xlarge", US)
    assert price == pytest.approx(2 * 0.816)


def test_what_is_allowed_passes() -> None:
    check(tuning={"max_jobs": 6, "max_parallel_jobs": 3})
    check(training={"instance_type": "ml.c5.large"})


def test_the_stacks_own_type_is_no_exception() -> None:
    with pytest.raises(TooExpensive, match=r"^the stack's parameter TrainingInstanceType: ml.p3"):
        check("ml.p3.2xlarge")
    allowed = Limits(frozenset({"ml.p3.2xlarge"}), 1, 1)
    check("ml.p3.2xlarge", allowed)
    allowed = Limits(frozenset({"ml.trn1.2xlarge"}), 1, 1)
    with pytest.raises(TooExpensive, match=r"TrainingInstanceType: ml.trn1.2xlarge has an accel"):
        check("ml.trn1.2xlarge", allowed)
    with pytest.raises(TooExpensive, match=r"endpoint.instance_type: ml.g5.xlarge has an accel"):
        Limits(frozenset({"ml.g5.xlarge"}), 1, 1).check_type(
            "ml.g5.xlarge", "endpoint.instance_type"
        )


def test_a_budget_holds_for_the_longest_that_the_training_may_take() -> None:
    hour = {"max_runtime": 3600}
    check(training=hour, budget={"per_run": 0.82})
    with pytest.raises(TooExpensive) as refused:
        check(training=hour, budget={"per_run": 0.81})
    assert str(refused.value) == (
        "budget.per_run: 1 x ml.c5.4xlarge for up to 3,600 s (training.max_runtime) at 0.816 USD "
        f"an hour may cost 0.82 USD, and the budget is 0.81 USD (us-east-1, {US.as_of}): lower "
        "training.max_runtime to 3573 or less, name a cheaper training.instance_type, or raise "
        "budget.per_run"
    )
    check(training={"max_runtime": 3573}, budget={"per_run": 0.81})


def test_a_budget_counts_every_trial_and_spot_capacity_in_full() -> None:
    search = settings(
        training={"max_runtime": 3600, "spot": True}, tuning={"max_jobs": 5, "max_parallel_jobs": 2}
    )
    assert most_expensive(search, "ml.c5.4xlarge", US) == pytest.approx(5 * 0.816)
    with pytest.raises(TooExpensive, match=r"5 x ml.c5.4xlarge .* lower tuning.max_jobs, "):
        check(
            training={"max_runtime": 3600},
            tuning={"max_jobs": 5, "max_parallel_jobs": 2},
            budget={"per_run": 4},
        )


def test_without_a_price_no_budget_can_be_kept() -> None:
    check("ml.x9.huge")
    with pytest.raises(TooExpensive, match=r"^budget.per_run: no price is known of ml.x9.huge"):
        check("ml.x9.huge", budget={"per_run": 1000})


@pytest.mark.parametrize(
    ("endpoint", "variant", "scaling"),
    [
        ({}, ("ml.c5.large", 1), None),
        ({"instance_count": 3, "instance_type": "ml.x9.huge"}, ("ml.x9.huge", 3), None),
        ({"mode": "serverless"}, (2048, 5), None),
        ({"mode": "serverless", "memory": 4096, "max_concurrency": 9}, (4096, 9), None),
        ({"max_instances": 3}, ("ml.c5.large", 1), (1, 3, 600)),
        (
            {"min_instances": 2, "max_instances": 3, "invocations_per_instance": 70},
            ("ml.c5.large", 2),
            (2, 3, 70),
        ),
    ],
)
def test_an_endpoint_gets_what_its_settings_say(
    endpoint: dict[str, Any], variant: tuple[object, int], scaling: tuple[int, int, int] | None
) -> None:
    wanted = settings(endpoint=endpoint).endpoint
    HOSTING.check(wanted, LIMITS)
    plain = msgspec.to_builtins(HOSTING.variant(wanted))
    assert plain.pop("VariantName") == "AllTraffic"
    assert plain.pop("InitialVariantWeight") == 1
    if wanted.mode == "serverless":
        memory, concurrency = variant
        given = {"MemorySizeInMB": memory, "MaxConcurrency": concurrency}
        assert plain == {"ServerlessConfig": given}
    else:
        assert plain == {"InstanceType": variant[0], "InitialInstanceCount": variant[1]}
    found = scaling_of("e", wanted)
    assert (found is None) is (scaling is None)
    if found is not None:
        assert found.resource == "endpoint/e/variant/AllTraffic"
        asked = (found.min_instances, found.max_instances, found.invocations_per_instance)
        assert asked == scaling


@pytest.mark.parametrize(
    ("endpoint", "default", "said"),
    [
        ({"instance_count": 4}, DEFAULT, "endpoint.instance_count: 4 is more"),
        ({"max_instances": 4}, DEFAULT, "endpoint.max_instances: 4 is more"),
        ({"instance_type": "ml.m5.large"}, DEFAULT, "endpoint.instance_type: ml.m5.large is not"),
        (
            {},
            Fleet(instance_type="ml.m5.large", instance_count=1),
            "the stack's parameter EndpointInstanceType: ml.m5.large is",
        ),
        (
            {},
            Fleet(instance_type="ml.c5.large", instance_count=9),
            "the stack's parameter EndpointInstanceCount: 9 is more",
        ),
    ],
)
def test_an_endpoint_keeps_to_the_owners_limits(
    endpoint: dict[str, Any], default: Fleet, said: str
) -> None:
    with pytest.raises(TooExpensive) as refused:
        Hosting("i", default).check(settings(endpoint=endpoint).endpoint, LIMITS)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("training: {instance_type: ml.inf2.xlarge}", "line 1: training.instance_type: ml.inf2"),
        (
            "training: {instance_type: ml.p4d.24xlarge, engine: mxnet}",
            "training.engine: mxnet trains on no GPU, and ml.p4d.24xlarge has one",
        ),
        (
            "training: {instance_count: 2, engine: mxnet}",
            "training.instance_count: mxnet trains on one machine, and 2 are asked for",
        ),
        ("training: {engine: jax}", "training.engine: expected one of auto, mxnet, torch"),
        ("training: {instance_count: 0}", "training.instance_count: expected"),
        ("endpoint: {instance_type: ml.g5.xlarge}", "ml.g5.xlarge has an accelerator"),
        ("endpoint:\n  instance_type: ml.inf2.xlarge", "line 2: endpoint.instance_type: ml.inf2"),
        ("endpoint: {mode: serverless, instance_count: 2}", "no fleet to update by canary"),
        ("endpoint: {mode: serverless, max_instances: 2}", "endpoint.max_instances belongs to"),
        (
            "endpoint: {mode: serverless, shadow: 0.1}",
            "endpoint.shadow belongs to endpoint.mode: inst",
        ),
        ("endpoint: {shadow_requests: 5}", "endpoint.shadow_requests needs endpoint.shadow"),
        ("endpoint: {shadow_agreement: 0.9}", "endpoint.shadow_agreement needs endpoint.shadow"),
        ("endpoint: {shadow: 0}", "endpoint.shadow"),
        ("endpoint: {shadow: 1.5}", "endpoint.shadow"),
        ("endpoint: {shadow: 0.1, shadow_minutes: 0}", "endpoint.shadow_minutes"),
        ("endpoint: {memory: 2048}", "endpoint.memory belongs to endpoint.mode: serverless"),
        ("endpoint: {mode: serverless, memory: 2000}", "endpoint.memory: expected 1024, 2048"),
        ("endpoint: {mode: lambda}", "endpoint.mode: expected one of instances, serverless"),
        ("endpoint: {min_instances: 2}", "endpoint.min_instances needs endpoint.max_instances"),
        ("endpoint: {min_instances: 3, max_instances: 2}", "endpoint.min_instances 3 is more"),
        ("endpoint: {max_instances: 2, instance_count: 2}", "endpoint.instance_count does not go"),
        ("budget: {per_run: 0}", "budget.per_run: expected a number from 0.01 to 1e+06, found 0"),
        ("budget: {per_month: 5}", "budget.per_month: no such setting; known here: per_run"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_their_line(text: str, said: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings(text)
    assert said in str(refused.value)


@pytest.mark.parametrize("kind", ["ml.g4dn.xlarge", "ml.gr6.4xlarge", "ml.trn1n.32xlarge"])
def test_every_family_with_an_accelerator_is_known(kind: str) -> None:
    with pytest.raises(InvalidSettings, match="has an accelerator"):
        load_settings(f"endpoint: {{instance_type: {kind}}}")


@pytest.mark.parametrize("kind", ["ml.m5.large", "ml.c6i.4xlarge", "ml.r5.large", "ml.m7g.large"])
def test_a_type_without_one_is_taken(kind: str) -> None:
    assert load_settings(f"training: {{instance_type: {kind}}}").training.instance_type == kind
