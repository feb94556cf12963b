"""What a run costs: the price table, the list of prices that an owner keeps, and a run's bill."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from tagline.formats.document import Document, Record

Price = Annotated[float, Meta(ge=0)]
PRICES_KEY = "prices.json"
"""At the root of the data bucket: the owner's own prices, which go before the table's."""


class RegionPrices(Record, kw_only=True):
    """On-demand prices of one region; null what is not known."""

    instances: Mapping[str, Price] = {}
    """Of SageMaker's jobs and endpoints: an hour of an instance of the type."""
    serverless_gb_second: Price | None = None
    """Of a serverless endpoint that answers."""
    fargate_vcpu_hour: Price | None = None
    fargate_gb_hour: Price | None = None
    fargate_disk_gb_hour: Price | None = None
    """Of disk beyond the 20 GB that are free."""
    lambda_gb_second: Price | None = None
    lambda_request: Price | None = None


class Prices(Document, kw_only=True):
    """Prices by region, and their day."""

    as_of: str
    """The day they were looked up: ISO 8601."""
    currency: str = "USD"
    regions: Mapping[str, RegionPrices]


class StateCost(Record, kw_only=True):
    """What a state of a run used: its attempts, machines and children together."""

    state: str
    on: str
    """The machine: an instance type, or what a task or function was given."""
    seconds: float
    """Billable."""
    price: float | None
    """Estimated; null where no price is known."""


class Cost(Record, kw_only=True):
    """What a run used and, by the price table, costs: an estimate, not a bill."""

    region: str
    prices: str
    """The prices' day."""
    currency: str
    price: float
    """Of all that is known."""
    states: tuple[StateCost, ...]
    unknown: tuple[str, ...] = ()
    """What is not in the price, each a sentence."""
