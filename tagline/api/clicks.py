"""A click on what was recommended, as POST …/feedback takes it of a dataset of ratings."""

import json
from datetime import UTC, datetime

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.clicks_documents import ClickTaken, FeedbackOnItem
from tagline.api.problem import bad_request, not_found, other_kind
from tagline.api.requests import MAX_JSON_BYTES, Request
from tagline.feedback.clicks import record_click
from tagline.feedback.finding import NoList, newest_plan
from tagline.formats.feedback import Click
from tagline.formats.keys import DatasetKeys
from tagline.formats.kinds import Kind
from tagline.formats.outcomes import Champion
from tagline.formats.owners import owns_run
from tagline.formats.printable import printable

_SHAPE = (
    'The JSON body must be {"user": …, "item": …, "rating"?: number, "who"?: …}, and nothing else'
)


def is_click(body: bytes) -> bool:
    """Tell whether a body is meant as a click, whatever else is wrong with it."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and bool({"user", "item"} & document.keys())


def take_click(bucket: DataBucket, request: Request, body: bytes, auth: str) -> ClickTaken:
    """Keep a click; raises a 400, a 404, or a 409 for a dataset of images."""
    if len(body) > MAX_JSON_BYTES:
        raise bad_request("bad_json", f"A click may have {MAX_JSON_BYTES} bytes.")
    try:
        asked = msgspec.json.decode(body, type=FeedbackOnItem)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise bad_request("bad_json", f"{_SHAPE}: {exc}.") from exc
    dataset = request.dataset()
    champion = bucket.whole(DatasetKeys(dataset).champion, Champion)
    run = champion.run if champion and owns_run(dataset, champion.run) else None
    check_kind(bucket, dataset, run, Kind.RATINGS)
    who = asked.who if auth == "none" else request.caller
    click = Click(
        dataset=dataset,
        user=asked.user,
        item=asked.item,
        rating=asked.rating,
        run=run,
        who=printable(who) if who else None,
        at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    kept = record_click(bucket, click)
    return ClickTaken(
        dataset=dataset,
        click=kept.key.rpartition("/")[2].removesuffix(".json"),
        user=click.user,
        item=click.item,
        rating=click.rating,
        run=run,
        who=click.who,
        at=click.at,
        repeated=kept.repeated,
    )


def check_kind(bucket: DataBucket, dataset: str, run: str | None, kind: Kind) -> None:
    """Raise a 404 for a dataset nobody made, a 409 for one whose newest file is of another kind."""
    try:
        found = newest_plan(bucket, dataset, run).kind
    except NoList as exc:
        if not bucket.holds(f"{dataset}/"):
            raise not_found("unknown_dataset", f"There is no dataset {dataset}.") from exc
        return
    if found is not kind:
        raise other_kind(dataset, found, "feedback")
