"""Prices: the table of the repository, the owner's over it, and sums that never guess."""

import json
import re
from datetime import date

import pytest

from tagline.formats.costs import Prices
from tagline.formats.document import decode
from tagline.pricing.bill import Use, bill
from tagline.pricing.machines import PACKING, Fargate, Function, Instance, function_of
from tagline.pricing.table import PriceList, table
from tests.unit.cloudformation import ROOT, TEMPLATES, resources

US = PriceList("us-east-1")


def own(**regions: object) -> Prices:
    text = json.dumps({"as_of": "2027-01-01", "currency": "EUR", "regions": regions})
    return decode(text.encode(), Prices, "prices.json")


def test_the_table_has_a_day_and_a_price_of_every_default() -> None:
    assert date.fromisoformat(table().as_of) >= date(2026, 11, 26)
    for name, parameter in TEMPLATES["template"]["Parameters"].items():
        if name.endswith("InstanceType"):
            assert US.hourly(Instance(parameter["Default"])) is not None, name
    assert US.hourly(PACKING) == pytest.approx(4 * 0.04048 + 16 * 0.004445 + 180 * 0.000111)


def test_what_is_not_known_is_said_with_what_to_do() -> None:
    assert US.hourly(Instance("ml.x9.huge")) is None
    assert US.missing(Instance("ml.x9.huge")) == (
        "no price is known of ml.x9.huge in us-east-1: write it to prices.json of the bucket"
    )
    elsewhere = PriceList("eu-nowhere-1")
    machines = (Instance("ml.m5.xlarge"), PACKING, Function(512))
    assert [elsewhere.hourly(machine) for machine in machines] == [None] * 3
    assert "eu-nowhere-1, a region that the table lacks" in elsewhere.missing(PACKING)


def test_the_owners_prices_go_before_the_tables() -> None:
    mine = own(**{"us-east-1": {"instances": {"ml.m5.xlarge": 0.1, "ml.x9.huge": 7}}})
    prices = PriceList("us-east-1", mine)
    assert prices.hourly(Instance("ml.m5.xlarge")) == 0.1
    assert prices.hourly(Instance("ml.x9.huge")) == 7
    assert prices.hourly(Instance("ml.m5.large")) == US.hourly(Instance("ml.m5.large"))
    assert prices.hourly(PACKING) == US.hourly(PACKING)
    assert (prices.as_of, prices.currency) == ("2027-01-01", "EUR")
    assert PriceList("us-east-1", own(**{"eu-west-1": {}})).currency == "USD"


def test_a_bill_sums_what_is_known_and_names_what_is_not() -> None:
    uses = [
        Use("Train", Instance("ml.c5.4xlarge"), 1800),
        Use("Train", Instance("ml.c5.4xlarge"), 1800),
        Use("Evaluate", Instance("ml.x9.huge"), 60),
        Use("PlanDataset", Function(1024), 10, calls=2),
    ]
    cost = bill(uses, US, ["what Tune used: nobody knows"])
    by_function = 10 * 0.0000166667 + 2 * 0.0000002
    assert [(s.state, s.seconds, s.price) for s in cost.states] == [
        ("Train", 3600, 0.816),
        ("Evaluate", 60, None),
        ("PlanDataset", 10, pytest.approx(by_function, abs=1e-6)),
    ]
    assert cost.price == pytest.approx(0.816 + by_function, abs=1e-6)
    assert cost.unknown == (
        "what Tune used: nobody knows",
        US.missing(Instance("ml.x9.huge")),
    )


def test_machines_are_those_of_the_templates() -> None:
    flows = "".join(path.read_text() for path in (ROOT / "statemachine").glob("*.asl.json"))
    called = set(re.findall(r"\$\{FunctionPrefix\}-([a-z-]+)", flows))
    assert {"plan-dataset", "tag-shard"} < called
    for template, name, resource in resources("AWS::Serverless::Function"):
        shared = TEMPLATES[template]["Globals"]["Function"]
        memory = resource["Properties"].get("MemorySize", shared["MemorySize"])
        assert shared["Architectures"] == ["x86_64"]
        if re.sub("(?<!^)(?=[A-Z])", "-", name).lower() in called:
            assert function_of(name) == Function(memory), name
    tasks = [task["Properties"] for _, _, task in resources("AWS::ECS::TaskDefinition")]
    assert [
        Fargate(int(t["Cpu"]) / 1024, int(t["Memory"]) / 1024, t["EphemeralStorage"]["SizeInGiB"])
        for t in tasks
    ] == [PACKING, PACKING]  # and the one that plans
    assert re.fullmatch(r"Fargate, 4 vCPU, 16 GB", str(PACKING))
