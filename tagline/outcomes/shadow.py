"""Looking at a challenger that answers beside the champion, until it may serve or may not."""

from datetime import datetime
from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket
from tagline.formats.keys import RunKeys
from tagline.formats.models import Metrics
from tagline.formats.plan import Plan
from tagline.formats.sagemaker import Variant
from tagline.formats.shadow import SHADOW_VARIANT, Shadow
from tagline.formats.steps import ShadowAnswer, ShadowEvent
from tagline.outcomes.endings import Overtaken
from tagline.planning.standing import overtaken_by
from tagline.serving.agreement import Agreement, thresholds_of
from tagline.serving.asked import asked
from tagline.serving.captured import Captured
from tagline.serving.endpoints import describe
from tagline.serving.shadow_section import with_section
from tagline.serving.shadowing import Seen, fault, is_over, pause, told, wanted

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sagemaker import SageMakerClient

_LARGEST_REPORT = 64 * 2**20  # bytes


class ShadowRejected(RuntimeError):
    """The challenger did not stand the requests of every day; the message says how."""


class ShadowLost(RuntimeError):
    """Somebody deployed something else to the endpoint while the shadow was watched."""


def watch(
    event: ShadowEvent,
    bucket: Bucket,
    sagemaker: "SageMakerClient",
    cloudwatch: "CloudWatchClient",
    now: datetime,
) -> ShadowAnswer:
    """Look at a shadow once; when it is over, write shadow.json and the report's section.

    Raises ShadowRejected, ShadowLost, and Overtaken where a list was dropped meanwhile.
    """
    keys, at = RunKeys(event.run), event.awaited
    if newer := overtaken_by(bucket, event.run):
        raise Overtaken(f"run {newer}, of a list that was dropped later, decides")
    endpoint = describe(sagemaker, at.endpoint)
    if endpoint is None or endpoint.config != at.endpoint_config:
        there = endpoint.config if endpoint else "nothing"
        raise ShadowLost(
            f"endpoint {at.endpoint} serves {there} instead of {at.endpoint_config}: somebody "
            "else deployed to it; upload the list again"
        )
    settings = bucket.read(keys.plan, Plan).settings.endpoint
    since = datetime.fromisoformat(event.watched.since)
    captured, most = Captured(bucket, keys.captured, at.endpoint), wanted(settings)
    shadow_asked = asked(cloudwatch, at.endpoint, SHADOW_VARIANT, since, now)
    seen = Seen(captured.count(most), shadow_asked, (now - since).total_seconds())
    reason = event.decision.reason
    if not is_over(seen, settings):
        seconds = pause(settings, at.seconds)
        return ShadowAnswer(since=event.watched.since, done=False, reason=reason, seconds=seconds)
    old, new = (bucket.read(RunKeys(run).metrics, Metrics) for run in (at.run, event.run))
    agreement = Agreement(thresholds_of(old), thresholds_of(new), (old.task, new.task))
    captured.compare(agreement, (at.run, event.run), most)
    wrong = fault(shadow_asked, settings, agreement.alike)
    shadow = Shadow(
        run=event.run,
        champion=at.run,
        share=settings.shadow or 0,
        began=_plain(since),
        ended=_plain(now),
        wanted=most,
        compared=agreement.compared,
        alike=agreement.alike,
        difference=agreement.difference,
        labels=agreement.labels(),
        left_out=agreement.left_out,
        asked=shadow_asked,
        champion_asked=asked(cloudwatch, at.endpoint, Variant().variant_name, since, now),
        decision="reject" if wrong else "serve",
        reason=wrong or "nothing spoke against it",
    )
    _report(bucket, keys.report, shadow)
    bucket.write(keys.shadow, shadow)
    if wrong:
        raise ShadowRejected(f"{told(shadow)}; {wrong}: the champion serves on")
    return ShadowAnswer(
        since=event.watched.since, done=True, reason=f"{reason}; {told(shadow)}", seconds=at.seconds
    )


def _report(bucket: Bucket, key: str, shadow: Shadow) -> None:
    """Write the report anew, over the version that was read."""
    found = bucket.find_bytes(key, _LARGEST_REPORT)
    if found is None:
        return
    page = with_section(found.content.decode(), shadow)
    bucket.put_over(key, page.encode(), "text/html", found.etag)


def _plain(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
