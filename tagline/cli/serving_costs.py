"""What a stack's endpoints cost in a month, and whether anybody asks them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tagline.cli.target import Target
from tagline.formats.document import Record
from tagline.pricing.forecast import serverless
from tagline.pricing.machines import Instance
from tagline.pricing.table import PriceList

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef

_DAY = 86400  # seconds


class EndpointCost(Record, kw_only=True):
    """An endpoint of the stack; null what is not known."""

    endpoint: str
    on: str
    hours: float
    """In the month, so far."""
    price: float | None
    invocations: float
    """In the last days."""
    idle: bool
    """Whether there was none of them."""


def endpoint_costs(
    target: Target, prices: PriceList, span: tuple[datetime, datetime], days: int
) -> Iterator[EndpointCost]:
    """Yield the stack's endpoints with what they cost within the span.

    An endpoint counts with the instances that it has now, from when it was made; a serverless one
    with the seconds that its model took.
    """
    pages = target.sagemaker.get_paginator("list_endpoints").paginate(
        NameContains=f"{target.stack}-"
    )
    for page in pages:
        for listed in page["Endpoints"]:
            name = listed["EndpointName"]
            # names of before have no two hyphens, those of another stack have them further on
            former = name.startswith(f"{target.stack}-") and "--" not in name
            if former or name.startswith(f"{target.stack}--"):
                yield _cost(target, prices, span, days, name)


def _cost(
    target: Target, prices: PriceList, span: tuple[datetime, datetime], days: int, name: str
) -> EndpointCost:
    found = target.sagemaker.describe_endpoint(EndpointName=name)
    began = max(span[0], found["CreationTime"])
    hours = max(0.0, (span[1] - began).total_seconds() / 3600)
    config = target.sagemaker.describe_endpoint_config(
        EndpointConfigName=found["EndpointConfigName"]
    )
    variant = config["ProductionVariants"][0]
    if "ServerlessConfig" in variant:
        memory = variant["ServerlessConfig"]["MemorySizeInMB"]
        took = _sum(target, name, "ModelLatency", (began, span[1])) / 1e6  # of microseconds
        on, price = f"serverless, {memory} MB", serverless(1, took, memory, prices)
    else:
        count = _instances(found) or variant["InitialInstanceCount"]
        hourly = prices.hourly(Instance(variant["InstanceType"]))
        on = f"{count} x {variant['InstanceType']}"
        price = None if hourly is None else hourly * count * hours
    asked = _sum(target, name, "Invocations", (span[1] - timedelta(days=days), span[1]))
    young = found["CreationTime"] > span[1] - timedelta(days=days)
    return EndpointCost(
        endpoint=name,
        on=on,
        hours=round(hours, 2),
        price=None if price is None else round(price, 4),
        invocations=asked,
        idle=asked == 0 and not young,
    )


def _instances(endpoint: "DescribeEndpointOutputTypeDef") -> int:
    return sum(
        variant.get("CurrentInstanceCount", 0) for variant in endpoint.get("ProductionVariants", [])
    )


def _sum(target: Target, endpoint: str, metric: str, span: tuple[datetime, datetime]) -> float:
    answer = target.cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=span[0],
        EndTime=span[1],
        Period=_DAY,
        Statistics=["Sum"],
    )
    return float(sum(point.get("Sum", 0.0) for point in answer["Datapoints"]))
