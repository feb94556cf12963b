"""What a dataset's champion recommends to a user, or to somebody who names some items.

The API owns the users: the model is asked with a history, which lies in the champion's run in
partitions by a hash of the user, and never hears whose it is.
"""

import gzip
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.documents import Model
from tagline.api.endpoint import invoke
from tagline.api.problem import bad_request
from tagline.api.recommending_documents import Basis, Recommendation, RecommendedItem
from tagline.api.requests import count, only
from tagline.aws.observability import logger
from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.keys import RunKeys
from tagline.formats.ratings import Histories, RatingsDataset
from tagline.formats.ratings_keys import RatingsRunKeys, partition_of
from tagline.formats.recommending import (
    MOST_ITEMS,
    MOST_RECOMMENDATIONS,
    Recommendations,
    RecommendRequest,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

_LONGEST_ID = 256  # bytes, of a user or an item
_MOST_NAMED = 1000  # items in a query
_MOST_BYTES = 64 << 20  # of a partition, packed
_KEPT = 64  # partitions that a container remembers
_YES_OR_NO: Mapping[str, bool] = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True)
class RecommendQuery:
    """For whom: a user, items that somebody likes (the newest last), or neither."""

    user: str | None = None
    items: tuple[str, ...] = ()
    top_k: int = 10
    exclude_seen: bool = True
    """Whether what the user has rated, and the items named, are left out."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "RecommendQuery":
        """Check `user`, `items` (commas between them), `top_k` (1 to 100), `exclude_seen` (0 or 1).

        Anything else is a 400.
        """
        only(query, "user", "items", "top_k", "exclude_seen")
        seen = _YES_OR_NO.get(query.get("exclude_seen", "1"))
        if seen is None:
            raise bad_request("bad_query", "exclude_seen must be 0 or 1.")
        user = query.get("user") or None
        items = tuple(name.strip() for name in query.get("items", "").split(",") if name.strip())
        if len(items) > _MOST_NAMED:
            raise bad_request("bad_query", f"items may name {_MOST_NAMED} items at most.")
        for name in filter(None, (user, *items)):
            if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_ID:
                raise bad_request("bad_query", f"A user or item has {_LONGEST_ID} bytes at most.")
        top_k = count("top_k", query.get("top_k", "10"), MOST_RECOMMENDATIONS)
        return cls(user, items, top_k, seen)


class History(NamedTuple):
    """What a user rated, by items' ids."""

    items: tuple[str, ...] = ()
    """The newest last."""
    low: tuple[str, ...] = ()
    """Below recommender.minimum_rating: seen, and no part of the history."""
    unread: bool = False
    """Whether the file that may have it is gone or damaged."""


class UserHistories:
    """What users rated, as runs left it; some partitions are remembered."""

    def __init__(self, bucket: DataBucket) -> None:
        self._bucket = bucket
        self._partitions: dict[str, int] = {}
        self._read: OrderedDict[str, Histories] = OrderedDict()

    def of(self, run: str, user: str) -> History:
        """Return what a user rated; nothing of one who is not known."""
        if run not in self._partitions:
            dataset = self._bucket.read(RunKeys(run).packed_dataset, RatingsDataset)
            self._partitions[run] = dataset.partitions
        key = RatingsRunKeys(run).histories(partition_of(user, self._partitions[run]))
        if key not in self._read:
            read = self._users(key)
            if read is None:
                return History(unread=True)
            self._read[key] = read
            while len(self._read) > _KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(key)
        found = self._read[key]
        return History(found.users.get(user, ()), found.low.get(user, ()))

    def _users(self, key: str) -> Histories | None:
        """Return a partition's histories; None, with a word, of one that is gone or damaged."""
        found = self._bucket.find_bytes(key, _MOST_BYTES)
        if found is None:
            logger.warning("a partition of histories is missing", key=key)
            return None
        try:
            body = gzip.decompress(found.content)
            return decode(body, Histories, self._bucket.uri(key))
        except (UnreadableDocument, OSError, EOFError, zlib.error) as exc:
            logger.warning("a partition of histories is damaged", key=key, error=str(exc))
            return None


def recommend(
    runtime: "SageMakerRuntimeClient",
    endpoint: str,
    dataset: str,
    query: RecommendQuery,
    history: History,
    *,
    seconds: float | None = None,
) -> Recommendation:
    """Ask a dataset's endpoint with what the user rated. The answer tells its basis.

    It is waited for so many `seconds`, or for what is left of the request.
    """
    known = (*history.items, *(item for item in query.items if item not in set(history.items)))
    seen = (*history.low, *known)
    asked = RecommendRequest(
        items=known[-MOST_ITEMS:],
        exclude=seen[-MOST_ITEMS:] if query.exclude_seen else (),
        top_k=query.top_k,
    )
    found = invoke(
        runtime,
        endpoint,
        dataset,
        Recommendations,
        content_type="application/json",
        body=msgspec.json.encode(asked),
        seconds=seconds,
    )
    basis: Basis = found.basis
    if basis == "history" and not history.items:
        basis = "items"
    return Recommendation(
        dataset=dataset,
        model=Model(run=found.run, created=found.created),
        user=query.user,
        basis=basis,
        reason=_reason(query, history, basis),
        recommendations=[
            RecommendedItem(item=each.item, title=each.title, score=round(each.score, 6))
            for each in found.recommendations
        ],
        unknown=list(found.unknown),
    )


def _reason(
    query: RecommendQuery,
    history: History,
    basis: Literal["history", "items", "popularity"],
) -> str | None:
    """Return why the answer is not of a user's history; None where it is."""
    if basis == "history":
        return None
    whose = f"user {query.user!r} has no history" if query.user else "no user is named"
    if history.unread:
        whose = f"the history of user {query.user!r} could not be read"
    if history.items:
        whose = f"the model knows nothing of what user {query.user!r} rated"
    if basis == "items":
        return f"{whose}: recommended by the items that are named"
    named = "none of the items named is known" if query.items else "no items are named"
    return f"{whose} and {named}: the most popular"
