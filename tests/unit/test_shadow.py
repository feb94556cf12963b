"""A challenger beside the champion: what is planned, compared, judged and told."""

import base64
import functools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import msgspec
import pytest
from botocore.stub import ANY, Stubber
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.models import ImageScores, LabelMetrics
from tagline.formats.names import is_shadow, job_name
from tagline.formats.report import BEFORE_IT_SERVED
from tagline.formats.sagemaker import Variant, VariantOfModel
from tagline.formats.shadow import Asked, Latency, Shadow
from tagline.formats.steps import (
    Caught,
    Deploying,
    DeployingExecution,
    Opponent,
    RollBackAnswer,
    Watched,
)
from tagline.formats.tasks import Task
from tagline.outcomes.roll_back import Found, plan_roll_back
from tagline.serving.agreement import Agreement
from tagline.serving.endpoints import Endpoint, ailment, needs_redeployment, variant_of
from tagline.serving.shadow_plan import shadowing
from tagline.serving.shadow_section import with_section
from tagline.serving.shadowing import Seen, fault, is_over, pause, told
from tests.unit.documents import (
    OTHER,
    RUN,
    champion,
    golden,
    metrics,
    plain,
    plan,
    settings,
    status,
)
from tests.unit.flow_world import Account, account, assert_valid, call

ENDPOINT = champion().endpoint
CONFIG = f"{job_name('tagline', RUN, 'shadow')}-00"
ASKED = Asked(requests=200, errors=0, latency=Latency(p50=4, p95=9, p99=20))
SHADOWED = EndpointSettings(shadow=0.1, shadow_requests=100, shadow_minutes=10)
SHADOW = Shadow(
    run=RUN,
    champion=OTHER,
    share=0.1,
    began="2026-11-12T01:00:00Z",
    ended="2026-11-12T01:10:00Z",
    wanted=100,
    compared=100,
    alike=0.97,
    difference=0.012,
    labels=(),
    asked=ASKED,
    champion_asked=replace(ASKED, requests=2000),
    decision="serve",
    reason="nothing spoke against it",
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        yield made


def scores(run: str, **by_label: float) -> ImageScores:
    return ImageScores(run=run, created="", labels=tuple(by_label), scores=tuple(by_label.values()))


@pytest.mark.parametrize(
    ("instances", "share", "count"), [(1, 0.1, 1), (4, 0.5, 2), (4, 1.0, 4), (10, 0.11, 2)]
)
def test_a_configuration_that_sagemaker_takes(instances: int, share: float, count: int) -> None:
    planned = plain(
        shadowing(
            stack="tagline",
            run=RUN,
            champion=OTHER,
            serving=VariantOfModel(
                model_name="old", instance_type="ml.c5.large", initial_instance_count=1
            ),
            instances=instances,
            variant=Variant(instance_type="ml.m5.large", initial_instance_count=7),
            share=share,
            destination="s3://data/demo/runs/x/shadow/",
        )
    )
    assert_valid(
        "CreateEndpointConfig",
        {
            "EndpointConfigName": f"{planned['endpoint_config']}-00",
            "ProductionVariants": [planned["production"]],
            "ShadowProductionVariants": [planned["variant"] | {"ModelName": "new"}],
            "DataCaptureConfig": planned["capture"],
        },
    )
    assert planned["production"] == {
        "VariantName": "AllTraffic",
        "ModelName": "old",
        "InitialVariantWeight": 1,
        "InstanceType": "ml.c5.large",
        "InitialInstanceCount": instances,
    }
    assert planned["variant"]["InitialVariantWeight"] == share
    assert planned["variant"]["InitialInstanceCount"] == count
    assert planned["capture"]["CaptureOptions"] == [{"CaptureMode": "Output"}]  # no images


def test_only_a_shadows_configuration_is_one() -> None:
    assert is_shadow(CONFIG)
    assert not is_shadow(f"{job_name('tagline', RUN, 'config')}-00")
    assert not is_shadow("tagline--a-shadow-0123456789abcdef-config-00")


def test_a_champion_beside_a_shadow_serves() -> None:
    assert ailment(champion(), Endpoint(ENDPOINT, "InService", CONFIG, None)) is None
    failed = Endpoint(ENDPOINT, "Failed", CONFIG, None)
    assert ailment(champion(), failed) == "is Failed"


def test_tags_are_compared_by_the_thresholds_of_each() -> None:
    found = Agreement(
        {"red": 0.5, "round": 0.3, "old": 0.5}, {"red": 0.7, "round": 0.3, "new": 0.1}
    )
    found.add(scores(OTHER, red=0.6, round=0.1, old=1), scores(RUN, red=0.8, round=0.2, new=1))
    found.add(scores(OTHER, red=0.6, round=0.9, old=1), scores(RUN, red=0.6, round=0.9, new=0))
    assert (found.compared, found.alike) == (2, 0.5)
    assert found.left_out == ("new", "old")
    assert found.difference == pytest.approx((0.2 + 0.1) / 4)
    red, circle = found.labels()
    assert (red.label, red.alike, red.champion, red.challenger) == ("red", 0.5, 2, 1)
    assert red.difference == pytest.approx(0.1)
    assert (circle.label, circle.alike, circle.champion, circle.challenger) == ("round", 1, 1, 1)


def test_of_single_labels_the_best_alone_is_compared() -> None:
    limits = {"red": 0.3, "round": 0.3}
    found = Agreement(limits, limits, (Task.SINGLE, Task.SINGLE))
    found.add(scores(OTHER, red=0.6, round=0.4), scores(RUN, red=0.4, round=0.6))
    found.add(scores(OTHER, red=0.6, round=0.4), scores(RUN, red=0.9, round=0.1))
    assert found.alike == 0.5
    assert [(label.champion, label.challenger) for label in found.labels()] == [(2, 1), (0, 1)]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20), st.floats(0, 1))
def test_agreement_is_a_share_and_whole_with_oneself(
    pairs: list[tuple[float, float]], limit: float
) -> None:
    other, same = Agreement({"a": limit}, {"a": limit}), Agreement({"a": limit}, {"a": limit})
    for one, two in pairs:
        other.add(scores(OTHER, a=one), scores(RUN, a=two))
        same.add(scores(OTHER, a=one), scores(RUN, a=one))
    if not pairs:
        assert other.alike is other.difference is None
        assert other.labels() == ()
        return
    assert other.alike is not None
    assert 0 <= other.alike <= 1
    assert (same.alike, same.difference) == (1, 0)
    assert other.labels()[0].alike == other.alike


@pytest.mark.parametrize(
    ("seen", "over"),
    [
        (Seen(99, ASKED, 60), False),
        (Seen(100, ASKED, 60), True),
        (Seen(100, replace(ASKED, requests=99), 60), False),  # metrics come later
        (Seen(0, Asked(), 599), False),
        (Seen(0, Asked(), 600), True),  # a quiet endpoint
        (Seen(20, replace(ASKED, requests=20, errors=1), 1), True),
        (Seen(19, replace(ASKED, requests=19, errors=19), 1), False),
        (Seen(20, replace(ASKED, latency=Latency(p50=1, p95=6000, p99=1)), 1), True),
    ],
)
def test_when_a_shadow_is_over(seen: Seen, over: bool) -> None:
    assert is_over(seen, SHADOWED) is over


@pytest.mark.parametrize(
    ("asked", "alike", "wrong"),
    [
        (ASKED, 0.5, None),
        (replace(ASKED, errors=2), None, None),
        (replace(ASKED, errors=3), None, "3 of 200 requests were answered with a server error"),
        (Asked(requests=3, errors=1), None, "1 of 3 requests"),
        (Asked(), None, None),
        (replace(ASKED, latency=Latency(p50=1, p95=501, p99=600)), 1.0, "took 501 ms (p95)"),
        (ASKED, 0.89, "89.0% of the images got the champion's tags"),
    ],
)
def test_what_keeps_a_shadow_from_serving(
    asked: Asked, alike: float | None, wrong: str | None
) -> None:
    strict = replace(SHADOWED, max_latency=500, shadow_agreement=0.9 if alike == 0.89 else None)
    found = fault(asked, strict, alike)
    assert found == wrong if wrong is None else wrong in (found or "")


@given(st.integers(1, 1440), st.integers(1, 60))
def test_no_shadow_fills_an_executions_history(minutes: int, least: int) -> None:
    between = pause(EndpointSettings(shadow=1, shadow_minutes=minutes), least)
    assert between >= least
    assert 60 * minutes / between <= max(60 * minutes / least, 1) <= 60 * 1440
    assert 9 * min(60 * minutes / between, 60 * minutes) < 4000 or between == least


def test_what_a_shadow_showed_is_said() -> None:
    assert told(SHADOW) == ("as a shadow it gave 97.0% of 100 images the champion's tags, p95 9 ms")
    quiet = replace(SHADOW, compared=0, alike=None, asked=Asked())
    assert told(quiet) == (
        "as a shadow it was asked 0 times, smoke tests among them, "
        "and no caller's request was answered by both"
    )


@pytest.mark.parametrize(
    ("page", "before", "after"),
    [
        (f"<main>a{BEFORE_IT_SERVED}b</main>", "<main>a", "b</main>"),
        ("<body><main>a</main></body>", "<body><main>a", "</main></body>"),
        ("<body>a</body>", "<body>a", "</body>"),
    ],
)
def test_the_report_gets_one_section(page: str, before: str, after: str) -> None:
    once = with_section(page, replace(SHADOW, champion="<b>"))
    assert once.startswith(before)
    assert once.endswith(after)
    assert "Before it served" in once
    assert "<b>" not in once
    again = with_section(once, SHADOW)
    assert again.count("Before it served") == 1
    assert OTHER in again
    assert with_section(again, SHADOW) == again


# PlanDeployment


def described(name: str, config: str) -> dict[str, Any]:
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{name}"
    now = datetime(2026, 11, 12, tzinfo=UTC)
    return {
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointStatus": "InService",
        "EndpointConfigName": config,
        "CreationTime": now,
        "LastModifiedTime": now,
        "ProductionVariants": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    }


def deployed(
    world: Account, config: str, execution: str = RUN, **endpoint: Any
) -> dict[str, Any] | None:
    world.put("demo/champion.json", champion())
    wanted = settings(endpoint={"shadow": 0.5} | endpoint)
    world.put(f"demo/runs/{RUN}/plan.json", plan(settings=wanted))
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_response("describe_endpoint", described(ENDPOINT, config))
        stubber.add_client_error(
            "describe_endpoint", "ValidationException", "Could not find endpoint"
        )
        now = datetime(2026, 11, 12, tzinfo=UTC)
        stubber.add_response(
            "describe_endpoint_config",
            {
                "EndpointConfigName": config,
                "EndpointConfigArn": f"arn:aws:sagemaker:us-east-1:123456789012:x/{config}",
                "ProductionVariants": [
                    {
                        "VariantName": "AllTraffic",
                        "ModelName": "old-model-0",
                        "InstanceType": "ml.c5.xlarge",
                        "InitialInstanceCount": 1,
                        "InitialVariantWeight": 1.0,
                    }
                ],
                "CreationTime": now,
            },
            {"EndpointConfigName": champion().endpoint_config},
        )
        event = {"bucket": "data", "run": RUN, "execution": execution}
        answer = call("plan_deployment", event | {"evaluation": {"artifact": "s3://a/b"}})
    shadow: dict[str, Any] | None = answer["shadow"]
    return shadow


def test_a_challenger_is_a_shadow_of_the_fleet_that_serves(world: Account) -> None:
    shadow = deployed(world, champion().endpoint_config)
    assert shadow is not None
    assert shadow["champion"] == OTHER
    assert shadow["production"]["InstanceType"] == "ml.c5.xlarge"
    assert shadow["production"]["InitialInstanceCount"] == 3
    assert shadow["variant"]["InitialInstanceCount"] == 2
    assert shadow["capture"]["DestinationS3Uri"] == f"s3://data/demo/runs/{RUN}/shadow/"


@pytest.mark.parametrize(
    "case",
    [
        {"config": "another-runs-0"},
        {"config": CONFIG},
        {"config": champion().endpoint_config, "execution": f"{RUN}-order-1790000000"},
        {"config": champion().endpoint_config, "shadow": None},
    ],
)
def test_nobody_is_a_shadow_of_what_is_no_champion_nor_by_order(
    world: Account, case: dict[str, Any]
) -> None:
    assert deployed(world, **case) is None


def test_a_champion_whose_configuration_was_deleted_has_no_shadow() -> None:
    client = boto3.client("sagemaker", region_name="us-east-1")
    with Stubber(client) as stubber:
        stubber.add_client_error(
            "describe_endpoint_config", "ValidationException", "Could not find it"
        )
        assert variant_of(client, "gone") is None


# WatchShadow

SINCE = datetime.now(UTC) - timedelta(minutes=5)
EVENT = {
    "bucket": "data",
    "run": RUN,
    "awaited": {"endpoint": ENDPOINT, "endpoint_config": CONFIG, "run": OTHER, "seconds": 10},
    "watched": {"since": SINCE.isoformat().replace("+00:00", "Z")},
    "decision": {"reason": "better"},
}


def line(request: str | None, answer: bytes, *, as_text: bool = True) -> str:
    data = answer.decode() if as_text else base64.b64encode(answer).decode()
    output = {"data": data, "encoding": "JSON" if as_text else "BASE64", "mode": "OUTPUT"}
    about = {"eventId": "e", **({"inferenceId": request} if request else {})}
    return json.dumps({"captureData": {"endpointOutput": output}, "eventMetadata": about})


def captured(world: Account, pairs: int) -> None:
    old = msgspec.json.encode(scores(OTHER, red=0.9, round=0.1))
    new = msgspec.json.encode(scores(RUN, red=0.8, round=0.6))
    for variant, answer in (("AllTraffic", old), ("Shadow", new)):
        more = [line(None, answer), line("broken", b'{"error": "busy"}')]
        lines = [line(f"r{n}", answer, as_text=n % 2 == 0) for n in range(pairs)]
        lines += [*more, *([line("alone", old)] if variant == "AllTraffic" else [])]
        key = f"demo/runs/{RUN}/shadow/{ENDPOINT}/{variant}/2026/11/12/01/x.jsonl"
        world.s3.put_object(Bucket="data", Key=key, Body="\n".join(lines).encode())


class Counts:
    """CloudWatch, by what each variant was asked: requests, errors, milliseconds."""

    def __init__(self) -> None:
        self.of: dict[str, tuple[int, int, float]] = {}

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        model = boto3.client("cloudwatch", region_name="us-east-1").meta.service_model
        shape = model.operation_model("GetMetricData").input_shape
        assert shape is not None
        assert not ParamValidator().validate(request, shape).has_errors()
        assert request["MetricDataQueries"][0]["MetricStat"]["Period"] % 60 == 0
        assert request["StartTime"].second == request["StartTime"].microsecond == 0
        (variant,) = {
            dimension["Value"]
            for query in request["MetricDataQueries"]
            for dimension in query["MetricStat"]["Metric"]["Dimensions"]
            if dimension["Name"] == "VariantName"
        }
        requests, errors, took = self.of.get(variant, (0, 0, 0.0))
        values = {
            "requests": [requests],
            "errors": [errors],
            **{name: [1000 * took] for name in ("p50", "p95", "p99")},
        }
        found = values if requests else {}
        return {"MetricDataResults": [{"Id": name, "Values": each} for name, each in found.items()]}


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    made = Counts()
    monkeypatch.setattr(clients, "cloudwatch", functools.cache(lambda: made))
    return made


def look(world: Account, config: str = CONFIG, **changed: Any) -> dict[str, Any]:
    wanted = {"shadow": 0.1, "shadow_requests": 4} | changed
    world.put(f"demo/runs/{RUN}/plan.json", plan(settings=settings(endpoint=wanted)))
    for run, limit in ((OTHER, 0.5), (RUN, 0.7)):
        labels = tuple(
            LabelMetrics(label=name, ap=None, f1=None, support=1, threshold=limit)
            for name in ("red", "round")
        )
        world.put(f"demo/runs/{run}/metrics.json", replace(metrics(0.5), labels=labels))
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_response(
            "describe_endpoint", described(ENDPOINT, config), {"EndpointName": ANY}
        )
        return call("watch_shadow", EVENT)


@pytest.fixture
def page(world: Account) -> Callable[[], str]:
    key = f"demo/runs/{RUN}/report.html"
    page = f"<main>{BEFORE_IT_SERVED}</main>".encode()
    world.s3.put_object(Bucket="data", Key=key, Body=page, ContentType="text/html")
    return lambda: world.s3.get_object(Bucket="data", Key=key)["Body"].read().decode()


def test_a_shadow_goes_on_until_enough_is_compared(
    world: Account, counts: Counts, page: Callable[[], str]
) -> None:
    captured(world, 3)
    counts.of["Shadow"] = (6, 0, 4)
    answer = look(world, shadow_requests=10)
    assert answer == {
        "since": EVENT["watched"]["since"],  # type: ignore[index]
        "done": False,
        "reason": "better",
        "seconds": 18,
    }
    assert "Before it served" not in page()


def test_a_shadow_that_is_over_is_in_the_report_and_in_the_reason(
    world: Account, counts: Counts, page: Callable[[], str]
) -> None:
    captured(world, 4)
    counts.of["Shadow"] = (6, 0, 4)
    counts.of["AllTraffic"] = (60, 0, 3)
    answer = look(world)
    assert answer["done"]
    assert answer["reason"] == (
        "better; as a shadow it gave 100.0% of 4 images the champion's tags, p95 4 ms"
    )
    found = world.get(f"demo/runs/{RUN}/shadow.json")
    assert (found["compared"], found["decision"], found["champion"]) == (4, "serve", OTHER)
    assert found["asked"]["requests"] == 6
    assert found["champion_asked"]["latency"]["p95"] == 3
    assert found["difference"] == pytest.approx((0.1 + 0.5) / 2)
    assert "100.0%" in page()
    assert look(world)["done"]  # a repeat of a look that was not told
    assert page().count("Before it served") == 1


def test_errors_end_a_shadow_early_and_are_kept(
    world: Account, counts: Counts, page: Callable[[], str]
) -> None:
    captured(world, 2)
    counts.of["Shadow"] = (20, 5, 4)
    with pytest.raises(Exception, match="5 of 20 requests were answered with a server error"):
        look(world, shadow_requests=500)
    assert world.get(f"demo/runs/{RUN}/shadow.json")["decision"] == "reject"
    assert "5 of 20" in page()


def test_a_list_that_is_dropped_meanwhile_decides(world: Account) -> None:
    newest = {"run": OTHER, "started": "2026-11-12T02:00:00Z"}
    world.s3.put_object(Bucket="data", Key="demo/newest.json", Body=json.dumps(newest).encode())
    with pytest.raises(Exception, match=f"run {OTHER}, of a list that was dropped later"):
        call("watch_shadow", EVENT)


def test_a_shadow_that_somebody_took_away_is_no_shadow(world: Account) -> None:
    with pytest.raises(Exception, match="serves another-0 instead of"):
        look(world, config="another-0")


@pytest.mark.parametrize(("ended", "ill"), [(False, False), (True, True)])
def test_a_shadow_that_a_run_left_is_ended_by_the_next(
    world: Account, ended: bool, ill: bool
) -> None:
    if ended:
        world.put(f"demo/runs/{RUN}/status.json", status())
    with Stubber(clients.sagemaker()) as stubber:
        stubber.add_response("describe_endpoint", described(ENDPOINT, CONFIG))
        found = needs_redeployment(
            clients.sagemaker(), Bucket(clients.s3(), "data"), "tagline", "demo", champion()
        )
    assert found is ill


def test_the_golden_file_is_what_a_shadow_says() -> None:
    assert plain(SHADOW) == golden("shadow")


# PlanRollBack


def back(kind: str, said: str, config: str = CONFIG, newer: str | None = None) -> RollBackAnswer:
    """Plan the way back of a run whose shadow ended with an error, or did not come up."""
    execution = DeployingExecution(
        deployment=Deploying(endpoint=ENDPOINT, action="update"),
        evaluation=Opponent(champion_run=OTHER),
        awaited=Watched(of="shadow"),
        error=Caught(error=kind, cause=json.dumps({"errorMessage": said})) if kind else None,
    )
    failed = "WatchShadow" if kind else None
    endpoint = Endpoint(ENDPOINT, "InService", config, None if kind else said)
    return plan_roll_back(execution, Found(ENDPOINT, endpoint, champion(), failed, newer=newer))


def test_a_shadow_that_was_rejected_leaves_the_champion_as_it_was_configured() -> None:
    planned = back("ShadowRejected", "it was slow: the champion serves on")
    assert (planned.action, planned.endpoint_config) == ("restore", champion().endpoint_config)
    assert (planned.state, planned.superseded) == ("WatchShadow", False)
    assert planned.reason == "WatchShadow: it was slow: the champion serves on."


def test_a_shadow_that_is_overtaken_is_no_roll_back() -> None:
    planned = back("Overtaken", f"run {OTHER} decides", newer=OTHER)
    assert (planned.action, planned.superseded) == ("restore", True)


def test_a_shadow_that_does_not_come_up_is_told_by_its_state() -> None:
    planned = back("", "no such image", config=champion().endpoint_config)
    assert (planned.action, planned.state) == ("keep", "StartShadow")
    assert planned.reason.startswith("StartShadow: no such image. ")
