"""TagShard: a shard's images fetched and tagged by the champion's endpoint, one verdict each.

The verdicts are written last: where they exist, the shard is done, and a repeated call returns.
"""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import msgspec
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as AwsConnectionError
from msgspec import UNSET

from tagline.api.champions import Champions
from tagline.api.clients import ANSWER_SECONDS
from tagline.api.endpoint import ask
from tagline.api.images import MAX_IMAGE_BYTES, Image
from tagline.api.problem import Problem, unavailable
from tagline.api.recognising import image_type, usual_cause
from tagline.api.recommending import RecommendQuery, UserHistories, recommend
from tagline.api.recommending_documents import Recommendation
from tagline.api.tagging import tags_document
from tagline.aws.faults import Absent
from tagline.aws.s3 import BINARY, JSON_LINES, Bucket
from tagline.fetching.arriving import Wait, as_they_arrive
from tagline.fetching.image import ShardOutOfTime, fetch_image, may_pass
from tagline.fetching.parts import EXPIRING, ROWS_DIGEST
from tagline.formats.batch_keys import BatchKeys
from tagline.formats.batch_steps import TagShardAnswer, TagShardEvent
from tagline.formats.batches import (
    ANSWER,
    MODEL_FAILED,
    BatchItem,
    BatchPlan,
    BatchTag,
    BatchVerdict,
)
from tagline.formats.document import decode_lines, decode_record, encode_record
from tagline.formats.kinds import Kind
from tagline.formats.locations import Location
from tagline.formats.models import ImageScores
from tagline.formats.reasons import Reason
from tagline.formats.recommending import Recommended
from tagline.listing.sources import BadLocation, Source

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

T = TypeVar("T")
WORKERS = 4  # images asked for at a time: the endpoint has people to answer, too
_MAX_SHARD_BYTES = 16 << 20
_MODEL_TRIES = 5  # of an image that the model fails on, or does not answer in time
_PATIENCE = 300.0  # seconds that an endpoint may be too busy for an image
_OF_ENDPOINT = {"busy", "endpoint_not_ready"}  # the API's codes
_PASSING = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0


class ModelChanged(RuntimeError):
    """Another model with other labels became champion while the batch was tagged."""


class ModelFailed(RuntimeError):
    """The model answered not one image of a shard."""


@dataclass(frozen=True)
class Tagger:
    """Who is asked, and where images may lie."""

    bucket: Bucket
    runtime: "SageMakerRuntimeClient"
    champions: Champions
    histories: UserHistories
    source_buckets: frozenset[str]


def tag_shard(
    event: TagShardEvent, tagger: Tagger, seconds_left: Callable[[], float]
) -> TagShardAnswer:
    """Tag a shard's images; leave the tagged ones as rows of a list, then all verdicts.

    The items are input like any other: one that leads where no list of the dataset may go is
    rejected unread. Raises ShardOutOfTime where the endpoint stays busy, ModelFailed and
    ModelChanged.
    """
    deadline = time.monotonic() + seconds_left()
    bucket, keys = tagger.bucket, BatchKeys(event.batch)
    body = bucket.find_bytes(keys.shard_items(event.shard), _MAX_SHARD_BYTES)
    if body is None:
        raise Absent(f"shard {event.shard} of batch {event.batch} is not in the bucket")
    digest = hashlib.sha256(body.content).hexdigest()
    done = bucket.head(keys.shard_verdicts(event.shard))
    if done is not None and done.metadata.get(ROWS_DIGEST) == digest:
        return decode_record(done.metadata[ANSWER].encode(), TagShardAnswer, event.shard)
    plan = bucket.read(keys.plan, BatchPlan)
    where = bucket.uri(keys.shard_items(event.shard))
    items = list(decode_lines(body.content.splitlines(), BatchItem, where))
    allowed = Source.of_dataset(keys.dataset, bucket.name, None, tagger.source_buckets)
    work = _Work(tagger, plan, allowed, deadline)
    arriving = as_they_arrive(items, work.verdict, deadline, WORKERS)
    verdicts = {item.number: verdict for item, verdict in arriving}
    in_order = [verdicts[item.number] for item in items]
    _check_model(in_order)
    tagged = sum(verdict.reason is None for verdict in in_order)
    answer = TagShardAnswer(shard=event.shard, tagged=tagged, rejected=len(items) - tagged)
    rows = b"".join(_rows(items, in_order, plan.labels))
    bucket.put(keys.shard_rows(event.shard), rows, BINARY, tags=EXPIRING)
    bucket.put(
        keys.shard_verdicts(event.shard),
        b"".join(map(encode_record, in_order)),
        JSON_LINES,
        metadata={ROWS_DIGEST: digest, ANSWER: msgspec.json.encode(answer).decode()},
        tags=EXPIRING,
    )
    return answer


@dataclass(frozen=True)
class _Work:
    tagger: Tagger
    plan: BatchPlan
    allowed: Source
    deadline: float

    def verdict(self, item: BatchItem, wait: Wait) -> BatchVerdict:
        if item.reason is not None:
            return _rejected(item, item.reason, item.detail)
        if self.plan.kind is Kind.RATINGS:
            return self._recommended(item, wait)
        return self._of_image(item, wait)

    def _of_image(self, item: BatchItem, wait: Wait) -> BatchVerdict:
        try:
            self.allowed.check(Location(item.bucket, item.key))
        except BadLocation as exc:
            return _rejected(item, exc.reason, exc.detail)
        client = self.tagger.bucket.client
        image = fetch_image(client, item, self.deadline, wait, most=MAX_IMAGE_BYTES)
        if image.data is None:
            return _rejected(item, image.reason or Reason.ACCESS_DENIED, image.detail)
        kind = image_type(image.data)
        if kind is None:
            cause = usual_cause(image.data) or "is no PNG, JPEG or WebP image by its first bytes"
            return _rejected(item, Reason.UNSUPPORTED_IMAGE, f"the object {cause}")
        try:
            scores = self._scores(Image(kind, image.data), wait)
        except Problem as problem:
            return _rejected(item, problem.code, problem.detail)
        return self._tagged(item, scores)

    def _scores(self, image: Image, wait: Wait) -> ImageScores:
        dataset = self.plan.dataset

        def asked() -> ImageScores:
            endpoint = self.tagger.champions.of(dataset).endpoint
            return ask(self.tagger.runtime, endpoint, dataset, image, seconds=ANSWER_SECONDS)

        return self._patiently(asked, wait)

    def _recommended(self, item: BatchItem, wait: Wait) -> BatchVerdict:
        dataset, query = self.plan.dataset, RecommendQuery(user=item.path)

        def asked() -> Recommendation:
            champion = self.tagger.champions.of(dataset, Kind.RATINGS)
            history = self.tagger.histories.of(champion.run, item.path)
            runtime, endpoint = self.tagger.runtime, champion.endpoint
            return recommend(runtime, endpoint, dataset, query, history, seconds=ANSWER_SECONDS)

        try:
            found = self._patiently(asked, wait)
        except Problem as problem:
            return _rejected(item, problem.code, problem.detail)
        return BatchVerdict(
            line=item.line,
            path=item.path,
            verdict="tagged",
            run=found.model.run,
            recommendations=tuple(
                Recommended(item=each.item, title=each.title, score=each.score)
                for each in found.recommendations
            ),
            basis="history" if found.basis == "history" else "popularity",
        )

    def _patiently(self, asked: Callable[[], T], wait: Wait) -> T:
        """Ask until there is an answer; raises the Problem that is the item's own."""
        longest, failed = _FIRST_PAUSE, 0
        patient_until = time.monotonic() + _PATIENCE
        while True:
            try:
                return asked()
            except Problem as exc:
                problem = exc
            except ClientError as exc:
                if not may_pass(exc):
                    raise
                problem = unavailable("busy", str(exc), 1)
            except (HTTPClientError, AwsConnectionError) as exc:  # no answer in time, for one
                problem = unavailable(MODEL_FAILED, f"the endpoint has not answered: {exc}", 1)
            failed += problem.code == MODEL_FAILED
            passes = problem.status in _PASSING and failed < _MODEL_TRIES
            if not passes or time.monotonic() > patient_until:
                raise problem
            pause = random.uniform(0, longest)  # noqa: S311 - jitter
            if time.monotonic() + pause >= self.deadline or wait(pause):
                raise ShardOutOfTime(problem) from problem
            longest = min(2 * longest, _LONGEST_PAUSE)

    def _tagged(self, item: BatchItem, scores: ImageScores) -> BatchVerdict:
        if set(scores.labels) != set(self.plan.labels):
            raise ModelChanged(
                f"run {scores.run} became champion while the batch was tagged, and its labels are "
                "not those of the champion before: upload the list again"
            )
        thresholds = self.tagger.champions.limits(scores.run)
        task = self.tagger.champions.task(scores.run)
        found = tags_document(self.plan.dataset, scores, task, thresholds)
        return BatchVerdict(
            line=item.line,
            path=item.path,
            verdict="tagged",
            label=found.label,
            unsure=found.unsure,
            confidence=UNSET if found.scores is UNSET else found.scores[0].score,
            tags=tuple(BatchTag(label=tag.label, score=tag.score) for tag in found.tags),
            run=scores.run,
        )


def _check_model(verdicts: Sequence[BatchVerdict]) -> None:
    """Raise ModelFailed where the endpoint answered no image: then it is no image's fault."""
    unanswered = [v for v in verdicts if v.reason == MODEL_FAILED or v.reason in _OF_ENDPOINT]
    alone = len(unanswered) == 1 and unanswered[0].reason == MODEL_FAILED
    if unanswered and not alone and not any(verdict.run for verdict in verdicts):
        raise ModelFailed(unanswered[0].detail or MODEL_FAILED)


def _rejected(item: BatchItem, reason: str, detail: str) -> BatchVerdict:
    return BatchVerdict(
        line=item.line, path=item.path, verdict="rejected", reason=reason, detail=detail
    )


def _rows(
    items: Sequence[BatchItem], verdicts: Sequence[BatchVerdict], labels: Sequence[str]
) -> list[bytes]:
    """Return the tagged images as rows of a list: id, a 0 or 1 a label, path.

    An image that has exactly one label, of which the model is unsure, would be no row.
    """
    rows = []
    for item, verdict in zip(items, verdicts, strict=True):
        if verdict.reason is None and labels and verdict.unsure is not True:
            tagged = {tag.label for tag in verdict.tags}
            columns = "\t".join("1" if label in tagged else "0" for label in labels)
            rows.append(f"{item.number}\t{columns}\t{item.path}\n".encode())
    return rows
