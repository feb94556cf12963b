"""`tagline estimate` without a cloud, `tagline costs` of a month."""

import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from rich.console import Console
from typer.testing import CliRunner

from tagline.cli import costs as costs_module
from tagline.cli import output
from tagline.cli.estimate import PARAMETERS
from tagline.cli.main import app
from tagline.cli.target import Target
from tagline.formats.costs import Cost, StateCost
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject
from tagline.formats.settings import Tolerance
from tagline.outcomes.usage import Usage
from tagline.planning.locating import JudgedRows
from tagline.pricing.bill import Use
from tagline.pricing.forecast import Rates, Work, forecast
from tagline.pricing.machines import function_of
from tagline.pricing.table import PriceList
from tests.unit.cli_stack import LATER_RUN, OTHER_RUN, RUN, put, stack, status
from tests.unit.cloudformation import TEMPLATES

__all__ = ["stack"]
runner = CliRunner()
NOW = datetime.now(UTC)
US = PriceList("us-east-1")


def cost(price: float, *unknown: str) -> Cost:
    state = StateCost(state="Train", on="ml.c5.4xlarge", seconds=3600, price=price)
    return Cost(region="us-east-1", prices="2026-11-26", currency="USD", price=price,
                states=(state,), unknown=unknown)  # fmt: skip


def told(*arguments: str) -> Any:
    result = runner.invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_an_estimate_adds_up_and_holds_the_budget_against_the_most(tmp_path: Path) -> None:
    config = tmp_path / "dataset.yaml"
    config.write_text("training: {max_runtime: 7200, epochs: 20}\nbudget: {per_run: 1}\n")
    found = told("estimate", "--images", "100000", "--config", str(config))
    assert found["run"]["price"] == pytest.approx(sum(s["price"] for s in found["run"]["states"]))
    assert (found["images"], found["epochs"], found["budget"]) == (100_000, 20, 1)
    assert found["most_for_training"] == pytest.approx(2 * 0.816)
    assert found["endpoint_a_month"] == pytest.approx(730 * 0.102)
    shown = runner.invoke(app, ["estimate", "--images", "100000", "--config", str(config)])
    assert "1.00 USD: too low" in shown.stdout


def test_an_estimate_goes_by_the_quality_and_the_views(tmp_path: Path) -> None:
    config = tmp_path / "dataset.yaml"

    def states(text: str) -> tuple[int, dict[str, float]]:
        config.write_text(text)
        found = told("estimate", "--images", "1000", "--config", str(config))
        return found["epochs"], {s["state"]: s["seconds"] for s in found["run"]["states"]}

    epochs, seconds = states("quality: standard")
    thorough_epochs, thorough = states("quality: thorough\ntraining: {views: 4}")
    assert thorough_epochs == 4 * epochs
    assert states("quality: fast")[0] == epochs // 4
    assert thorough["Train"] - 120 == pytest.approx(4 * (seconds["Train"] - 120), rel=0.01)
    assert thorough["Evaluate"] - 120 == pytest.approx(4 * (seconds["Evaluate"] - 120), abs=0.01)
    assert states("quality: thorough\ntraining: {epochs: 7}")[0] == 7


def test_an_estimate_of_a_list_counts_its_rows(tmp_path: Path) -> None:
    rows = "".join(f"{n}\t{n % 2}\t{n % 3 % 2}\timages/{n}.png\n" for n in range(40))
    (tmp_path / "a.lst").write_text(rows)
    found = told("estimate", str(tmp_path / "a.lst"))
    assert (found["images"], found["counted"]) == (40, True)


def test_an_estimate_tells_each_step_with_what_bounds_it(tmp_path: Path) -> None:
    config = tmp_path / "dataset.yaml"
    config.write_text("training: {instance_count: 2, max_runtime: 3600, engine: torch}\n")
    found = told("estimate", "--images", "1000000", "--labels", "334", "--settings", str(config),
                 "--parameter", "FetchConcurrency=100", "--image-kb", "1",
                 "--parameter", "PlanInTaskAbove=1000000")  # fmt: skip
    steps = {step["step"]: step for step in found["steps"]}
    assert list(steps) == ["plan", "fetch", "pack", "train", "evaluate", "deploy"]
    assert (found["labels"], found["cannot"]) == (334, [])
    marks = {step["mark"] for step in found["steps"]}
    assert marks <= {"measured", "computed", "assumed"}
    hit = {check["name"] for step in found["steps"] for check in step["limits"] if check["hit"]}
    assert hit == {"GET rate of a prefix"}
    assert (found["planned_by"], found["counted"]) == ("lambda", False)
    assert steps["plan"]["asked"]["lists"] == 1000
    assert steps["fetch"]["quotas"][0]["needed"] == 100
    assert steps["train"]["quotas"][0]["needed"] == 2
    assert steps["plan"]["bound_by"] == "PlanInTaskAbove"
    assert found["seconds"] == pytest.approx(sum(step["seconds"] for step in found["steps"]))


def test_an_estimate_takes_the_parameters_that_the_stack_takes() -> None:
    found = told("estimate", "--images", "1000", "--parameter", "PlanInTaskAbove=0")
    assert found["planned_by"] == "task"
    odd = runner.invoke(app, ["estimate", "--images", "1000", "--parameter", "FetchConcurrency=0"])
    assert odd.exit_code == 1
    assert "FetchConcurrency is a number from 1 to 10,000" in odd.stderr


def test_an_estimate_takes_the_numbers_that_the_template_takes() -> None:
    template = TEMPLATES["template"]["Parameters"]
    for name, (_, least, most) in PARAMETERS.items():
        assert (template[name]["MinValue"], template[name]["MaxValue"]) == (least, most), name
        told("estimate", "--images", "9", "--parameter", f"{name}={most}")
        for odd in (most + 1, "9" * 5000, "-1", "", "6.0"):
            arguments = ["estimate", "--images", "9", "--parameter", f"{name}={odd}"]
            result = runner.invoke(app, arguments)
            assert result.exit_code == 1
            assert f"{name} is a number from {least} to {most:,}" in result.stderr


def test_a_list_that_the_plan_refuses_is_exit_1_with_the_plans_sentence(tmp_path: Path) -> None:
    path, config = tmp_path / "a.lst", tmp_path / "dataset.yaml"
    ids = [f"{n}" if n < 80 else "x" for n in range(200)]
    path.write_text("".join(f"{x}\t{n % 2}\t1\timages/{n}.png\n" for n, x in enumerate(ids)))
    refused = runner.invoke(app, ["estimate", str(path), "--json"])
    said = "120 of 200 rows are rejected, above the tolerated share of 0.5 (tolerance.rejected)"
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert json.loads(refused.stdout)["cannot"] == [said]
    rejects = [Reject(line=81, id="x", path="", reason=Reason.BAD_ID, detail="")] * 120
    judged = JudgedRows(Tolerance(), rejects, rows=200, accepted=80)
    with pytest.raises(UnusableList, match=re.escape(said)):
        judged.check()
    config.write_text("tolerance: {rejected: 0.6}\nthresholds: {a label of labels.txt: 0.4}\n")
    assert told("estimate", str(path), "--config", str(config))["images"] == 80


def test_the_most_for_training_says_why_it_is_less_than_the_step() -> None:
    shown = runner.invoke(app, ["estimate", "--images", "100000000"]).stdout
    assert "19.58 USD: there training.max_runtime stops it, before it is done" in shown
    assert "stops it" not in runner.invoke(app, ["estimate", "--images", "1000000"]).stdout


def test_what_a_terminal_wraps_of_a_limit_is_indented(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    terminal = Console(file=screen, force_terminal=True, width=80, color_system=None)
    monkeypatch.setattr(output, "ERR", terminal)
    runner.invoke(app, ["estimate", "--images", "100000000"])
    lines = screen.getvalue().splitlines()
    assert any(line.startswith("  ") for line in lines)
    assert all(len(line) <= 80 for line in lines)
    assert all(re.match(r"  |[a-z]+: (near|over) ", line) for line in lines)


def test_images_that_cannot_be_planned_are_exit_1_with_the_limit(tmp_path: Path) -> None:
    result = runner.invoke(app, ["estimate", "--images", "1000000000", "--json"])
    assert result.exit_code == 1
    assert "MAX_ROWS: 1,000,000,000 rows of at most 100,000,000 rows" in result.stderr
    assert json.loads(result.stdout)["cannot"][0].startswith("MAX_ROWS")
    shown = runner.invoke(app, ["estimate", "--images", "1000000000"])
    assert shown.exit_code == 1
    assert "JoinParts' memory" in " ".join(shown.stderr.split())


@pytest.mark.parametrize(
    "odd", [["--images", "99999999999999"], ["--images", "5", "--labels", "999999999"]]
)
def test_numbers_that_no_dataset_has_are_wrong_usage(odd: list[str]) -> None:
    assert runner.invoke(app, ["estimate", *odd]).exit_code == 2


def test_a_list_that_no_lambda_plans_is_told_by_its_size_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.lst"
    with path.open("wb") as file:
        file.write(b"".join(b"%d\t0\t1\t%0200d.jpg\n" % (n, n) for n in range(10_000)))
        file.truncate(3 << 30)  # a hole, which reads as zeros and would take its time
    found = told("estimate", str(path))
    assert (found["labels"], found["planned_by"], found["counted"]) == (2, "task", False)
    shown = runner.invoke(app, ["estimate", str(path)])
    assert shown.exit_code == 0
    assert "about 15," in shown.stdout


def test_a_list_without_rows_says_why_there_is_no_estimate(tmp_path: Path) -> None:
    (tmp_path / "a.lst").write_text("1,0,1,a.png\n2,1,0,b.png\n")
    result = runner.invoke(app, ["estimate", str(tmp_path / "a.lst")])
    assert result.exit_code == 1
    assert "columns are separated by commas" in result.stderr


def test_the_labels_of_a_list_are_counted_as_its_settings_say(tmp_path: Path) -> None:
    path, config = tmp_path / "a.lst", tmp_path / "dataset.yaml"
    path.write_text("".join(f"{n}\t{n % 2}\timages/{n}.png\n" for n in range(40)))
    config.write_text("task: single\n")
    assert told("estimate", str(path))["labels"] == 1
    assert told("estimate", str(path), "--settings", str(config))["labels"] == 2
    refused = runner.invoke(app, ["estimate", str(path), "--labels", "3"])
    assert refused.exit_code == 1
    assert "--labels goes with --images" in refused.stderr


@pytest.mark.parametrize("given", ["MostTrials=4", "=1", "ApiAuth=jwt"])
def test_parameters_that_do_not_count_are_refused(given: str) -> None:
    result = runner.invoke(app, ["estimate", "--images", "9", "--parameter", given])
    assert result.exit_code == 1
    assert "FetchConcurrency, PackConcurrency, PackShardsPerTask" in result.stderr


def test_own_prices_and_another_region(tmp_path: Path) -> None:
    own = {"as_of": "2027-01-01", "regions": {"eu-x-1": {"instances": {"ml.c5.4xlarge": 36}}}}
    (tmp_path / "prices.json").write_text(json.dumps(own))
    found = told("estimate", "--images", "1000", "--region", "eu-x-1",
                 "--prices", str(tmp_path / "prices.json"))  # fmt: skip
    priced = {state["state"] for state in found["run"]["states"] if state["price"] is not None}
    assert priced == {"Train"}
    assert found["endpoint_a_month"] is None
    assert any("ml.m5.xlarge in eu-x-1" in said for said in found["run"]["unknown"])


def test_a_sum_says_which_states_are_not_in_it(tmp_path: Path) -> None:
    config = tmp_path / "dataset.yaml"
    config.write_text(
        "training: {instance_type: ml.x9.large}\nendpoint: {instance_type: ml.x9.large}"
    )
    arguments = ["estimate", "--images", "1000", "--config", str(config)]
    shown = " ".join(runner.invoke(app, arguments).stdout.split())
    assert re.search(r"Together . at least \d.* USD: Train not in it, for want of a price", shown)
    assert shown.count("no price is known") == 2  # training at most, the endpoint
    assert "at least" not in runner.invoke(app, arguments[:3]).stdout


@pytest.mark.parametrize("arguments", [[], ["--images", "5", __file__]])
def test_an_estimate_wants_a_list_or_a_number(arguments: list[str]) -> None:
    result = runner.invoke(app, ["estimate", *arguments])
    assert result.exit_code == 1
    assert "one of the two" in result.stderr


def test_a_long_list_is_packed_in_parts_and_a_search_trains_more() -> None:
    def work(images: int, trials: int) -> dict[str, float]:
        asked = Work(images=images, validation=0.2, size=96, epochs=10, trials=trials,
                     training_type="ml.c5.4xlarge", evaluation_type="ml.m5.xlarge")  # fmt: skip
        return {s.state: s.seconds for s in forecast(asked, US).states}

    short, long = work(50_000, 1), work(50_001, 10)
    assert "PackDataset" in short
    assert {"PackParts", "JoinParts", "Tune"} <= set(long)
    rates = Rates()
    learning = 10 * 40_000 / rates.learned
    assert short["Train"] == pytest.approx(rates.job_start + learning, abs=1e-2)
    assert long["Tune"] == pytest.approx(10 * short["Train"], rel=1e-3)


def test_each_machine_of_a_training_job_is_paid_for_while_it_starts() -> None:
    def trained(machines: int) -> float:
        asked = Work(images=50_000, validation=0.2, size=96, epochs=10, machines=machines,
                     training_type="ml.c5.4xlarge", evaluation_type="ml.m5.xlarge")  # fmt: skip
        return next(s.seconds for s in forecast(asked, US).states if s.state == "Train")

    assert trained(4) - trained(1) == pytest.approx(3 * Rates().job_start, abs=1e-2)


@pytest.fixture
def runs(stack: Target) -> Target:
    month = f"{NOW:%Y-%m}-01T00:00:00Z"
    put(stack, f"designs/runs/{RUN}/status.json", status(RUN, "Promoted", month, cost=cost(1.25)))
    later = status(LATER_RUN, "Failed", month, cost=cost(0.25, "what Train used: nobody knows"))
    put(stack, f"designs/runs/{LATER_RUN}/status.json", later)
    before = status(OTHER_RUN, "Promoted", "2020-02-29T00:00:00Z", cost=cost(9))
    put(stack, f"logos/runs/{OTHER_RUN}/status.json", before)
    return stack


def test_a_month_is_summed_by_dataset(runs: Target) -> None:
    found = told("costs")
    assert found["datasets"] == [
        {"dataset": "designs", "runs": 2, "price": 1.5, "incomplete": 1, "batches": 0}
    ]
    assert (found["price"], found["endpoints"]) == (1.5, [])
    assert told("costs", "2020-02")["datasets"] == [
        {"dataset": "logos", "runs": 1, "price": 9, "incomplete": 0, "batches": 0}
    ]
    assert told("costs", "2020-03")["datasets"] == []


@pytest.mark.parametrize("known", [True, False])
def test_a_batchs_functions_are_priced_by_its_history(
    stack: Target, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    ended = {
        "batch": RUN, "dataset": "designs", "list": "designs/batches/new.txt", "outcome": "Tagged",
        "state": "PublishBatch", "reason": "all are tagged", "started": f"{NOW:%Y-%m}-01T00:00:00Z",
        "ended": f"{NOW:%Y-%m}-01T00:01:00Z",
    }  # fmt: skip
    put(stack, f"designs/batches/{RUN}/status.json", json.dumps(ended).encode())

    def read(usage: Usage, execution: str) -> None:
        assert execution.endswith(f":execution:tagline-tag-batch:{RUN}")
        if not known:
            missing = {"Error": {"Code": "ExecutionDoesNotExist", "Message": ""}}
            raise ClientError(missing, "GetExecutionHistory")  # type: ignore[arg-type]
        usage.uses.append(Use("TagShards", function_of("TagShard"), 3600))

    monkeypatch.setattr(Usage, "read", read)
    (found,) = told("costs")["datasets"]
    hour = 3600 * 0.0000166667
    assert found["price"] == pytest.approx(hour if known else 0, abs=1e-4)
    assert (found["runs"], found["batches"], found["incomplete"]) == (0, 1, 0 if known else 1)
    assert "Batches" in runner.invoke(app, ["costs"]).stdout


@pytest.mark.parametrize(
    ("month", "said"),
    [("2026", "is no month"), ("2026-13", "is no month"), ("2999-01", "has not begun")],
)
def test_a_month_that_is_none_is_refused(runs: Target, month: str, said: str) -> None:
    result = runner.invoke(app, ["costs", month])
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.fixture
def endpoints(runs: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Four endpoints that were made before the present, of which other stacks own two."""
    client: Any = boto3.client("sagemaker", region_name="us-east-1")
    role = "arn:aws:iam::123456789012:role/x"
    image = {"Image": "i", "ModelDataUrl": "s3://data/m.tar.gz"}
    client.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer=image)
    variant = {"VariantName": "AllTraffic", "ModelName": "m", "InitialInstanceCount": 2,
               "InstanceType": "ml.c5.large", "InitialVariantWeight": 1}  # fmt: skip
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    for name in ("tagline-designs", "tagline-logos", "other-tagline-x", "tagline-dev--logos-1"):
        client.create_endpoint(EndpointName=name, EndpointConfigName="c")
    watched = boto3.client("cloudwatch", region_name="us-east-1")
    for days, name in ((1, "tagline-designs"), (20, "tagline-logos")):
        dimensions: Any = [{"Name": "EndpointName", "Value": name},
                      {"Name": "VariantName", "Value": "AllTraffic"}]  # fmt: skip
        watched.put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[{"MetricName": "Invocations", "Dimensions": dimensions, "Value": 7,
                         "Timestamp": NOW - timedelta(days=days)}],
        )  # fmt: skip

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return NOW + timedelta(days=10)

    monkeypatch.setattr(costs_module, "datetime", Later)
    return runs


def test_endpoints_are_priced_and_the_idle_ones_named(endpoints: Target) -> None:
    month = f"{NOW + timedelta(days=10):%Y-%m}"
    found = {e["endpoint"]: e for e in told("costs", month, "--idle-days", "14")["endpoints"]}
    assert set(found) == {"tagline-designs", "tagline-logos"}
    first = found["tagline-designs"]
    assert first["on"] == "2 x ml.c5.large"
    assert first["price"] == pytest.approx(first["hours"] * 2 * 0.102, rel=1e-2)
    assert (first["invocations"], first["idle"]) == (7, False)
    found = {e["endpoint"]: e for e in told("costs", month, "--idle-days", "9")["endpoints"]}
    assert (found["tagline-logos"]["invocations"], found["tagline-logos"]["idle"]) == (0, True)
    result = runner.invoke(app, ["costs", month, "--idle-days", "9"])
    assert "tagline-logos is idle: nobody asked it for 9 days" in result.stderr


def test_a_serverless_endpoint_is_priced_by_what_its_model_took(endpoints: Target) -> None:
    client: Any = boto3.client("sagemaker", region_name="us-east-1")
    variant = {"VariantName": "AllTraffic", "ModelName": "m",
               "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}  # fmt: skip
    client.create_endpoint_config(EndpointConfigName="s", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="tagline-small", EndpointConfigName="s")
    dimensions: Any = [{"Name": "EndpointName", "Value": "tagline-small"},
                  {"Name": "VariantName", "Value": "AllTraffic"}]  # fmt: skip
    later = NOW + timedelta(days=9)
    boto3.client("cloudwatch", region_name="us-east-1").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[{"MetricName": "ModelLatency", "Dimensions": dimensions, "Value": 3e9,
                     "Unit": "Microseconds", "Timestamp": later}],
    )  # fmt: skip
    month = f"{NOW + timedelta(days=10):%Y-%m}"
    found = {e["endpoint"]: e for e in told("costs", month)["endpoints"]}["tagline-small"]
    assert found["on"] == "serverless, 2048 MB"
    if f"{later:%Y-%m}" == month:  # else it is another month's
        assert found["price"] == pytest.approx(3000 * 2 * 0.00002)
    assert (found["invocations"], found["idle"]) == (0, True)


def test_an_estimate_of_a_serverless_endpoint_is_by_its_answers(tmp_path: Path) -> None:
    config = tmp_path / "dataset.yaml"
    config.write_text("endpoint: {mode: serverless, memory: 4096}\n")
    found = told("estimate", "--images", "1000", "--config", str(config))
    assert found["endpoint_a_month"] is None
    assert found["serverless_answers"] == pytest.approx(100_000 * 0.2 * 4 * 0.00002)
    assert told("estimate", "--images", "1000")["serverless_answers"] is None


def test_a_run_is_shown_with_its_price(runs: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    from tagline.cli import run_report

    monkeypatch.setattr(run_report, "describe", lambda _target, _run: None)
    result = runner.invoke(app, ["show", LATER_RUN])
    assert "at least 0.2500 USD (estimated; prices of us-east-1, 2026-11-26)" in result.stdout
    assert "Not in the price: what Train used: nobody knows" in result.stderr
    assert told("show", RUN)["cost"]["price"] == 1.25
