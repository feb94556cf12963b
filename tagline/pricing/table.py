"""The price table that comes with Tagline, and the owner's own prices over it."""

import functools
from importlib.resources import files

from msgspec.structs import asdict, replace

from tagline.aws.s3 import Bucket
from tagline.formats.costs import PRICES_KEY, Prices, RegionPrices
from tagline.formats.document import decode
from tagline.pricing.machines import Machine

_FILE = "prices.json"


@functools.cache
def table() -> Prices:
    """Return the table that comes with Tagline."""
    found = files("tagline.pricing").joinpath(_FILE)
    return decode(found.read_bytes(), Prices, f"tagline/pricing/{_FILE}")


class PriceList:
    """The prices of one region: the owner's where there are any, else the table's."""

    def __init__(self, region: str, own: Prices | None = None) -> None:
        """Take the prices of a region such as us-east-1."""
        base = table()
        self.region = region
        self._known = region in base.regions or (own is not None and region in own.regions)
        self.prices = base.regions.get(region, RegionPrices())
        self.as_of, self.currency = base.as_of, base.currency
        if own is not None and region in own.regions:
            self.prices = _over(self.prices, own.regions[region])
            self.as_of, self.currency = own.as_of, own.currency

    def hourly(self, machine: Machine) -> float | None:
        """Return the price of a machine's hour, or None where it is not known."""
        return machine.hourly(self.prices)

    def missing(self, machine: Machine) -> str:
        """Say that a price is not known, and what to do."""
        where = self.region if self._known else f"{self.region}, a region that the table lacks"
        return f"no price is known of {machine} in {where}: write it to {PRICES_KEY} of the bucket"


def price_list(bucket: Bucket, region: str) -> PriceList:
    """Return a region's prices, the owner's own first; raises UnreadableDocument."""
    return PriceList(region, bucket.get(PRICES_KEY, Prices))


def _over(base: RegionPrices, own: RegionPrices) -> RegionPrices:
    """Return the prices of `base` with those that `own` names."""
    given = {name: value for name, value in asdict(own).items() if value is not None}
    return replace(base, **(given | {"instances": {**base.instances, **own.instances}}))
