"""Where paths lead, and which buckets a list may name."""

import pytest

from tagline.formats.locations import Location
from tagline.formats.reasons import Reason
from tagline.listing.sources import BadLocation, Source
from tagline.settings import InvalidSettings


def test_a_source_of_another_account() -> None:
    source = Source.of_dataset("demo", "data", "s3://pictures/site/", {"pictures"})
    assert source.resolve("/a.png") == ("pictures", "site/a.png")
    assert source.resolve("~/a.png") == ("pictures", "site/~/a.png")
    assert source.resolve("s3://data/demo/b.png") == ("data", "demo/b.png")
    assert source.resolve("s3://pictures/c.png") == ("pictures", "c.png")


def test_a_source_must_be_allowed() -> None:
    for bad in ("s3://elsewhere/x/", "s3://data/other/", "s3://data/"):
        with pytest.raises(InvalidSettings, match="SourceBuckets"):
            Source.of_dataset("demo", "data", bad, {"pictures"})
    inner = Source.of_dataset("demo", "data", "s3://data/demo/images/", ())
    assert inner.resolve("a.png").key == "demo/images/a.png"


def test_naming_the_data_bucket_as_a_source_opens_it() -> None:
    source = Source.of_dataset("demo", "data", "s3://data/shared/", {"data", ""})
    assert source.resolve("a.png").key == "shared/a.png"


def test_another_dataset_with_the_same_beginning_is_refused() -> None:
    source = Source.of_dataset("demo", "data", None, ())
    with pytest.raises(BadLocation) as caught:
        source.resolve("s3://data/demo2/a.png")
    assert caught.value.reason is Reason.NOT_ALLOWED_BUCKET


def test_lists_no_more_than_the_prefix_it_needs() -> None:
    source = Source.of_dataset("demo", "data", "s3://pictures/site/", {"pictures"})
    assert source.scope(Location("pictures", "site/a.png")) == "site/"
    assert source.scope(Location("pictures", "else/a.png")) == ""
    assert source.scope(Location("data", "demo/a.png")) == "demo/"


def test_without_a_cloud_any_bucket_goes() -> None:
    assert Source.unchecked().resolve("s3://any-bucket/a.png").bucket == "any-bucket"
    assert Source.unchecked("s3://pictures/x/").resolve("a.png") == ("pictures", "x/a.png")
