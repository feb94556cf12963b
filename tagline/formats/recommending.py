"""What a recommender is asked and answers, and what is said of it: model.json, metrics.json."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from tagline.formats.document import Document, Record
from tagline.formats.resampled import Resampled
from tagline.formats.rows import Side, Size

MOST_RECOMMENDATIONS = 100
MOST_ITEMS = 10_000  # of a history, or to leave out, in one request
TopK = Annotated[int, Meta(ge=1, le=MOST_RECOMMENDATIONS)]
Items = Annotated[tuple[str, ...], Meta(max_length=MOST_ITEMS)]
ServedBasis = Literal["history", "popularity"]
FEWEST_USERS = 30  # on which a comparison of models says anything


_MOST_GATHERED = 16_000_000  # scores that a model adds up for one answer: 64 MB


def newest_heard(items: int) -> int:
    """Return how many of a history's newest items a model of so many items hears."""
    return max(1, _MOST_GATHERED // max(items, 1))


class RecommendRequest(Record):
    """What an endpoint is asked: application/json, or a line each of application/jsonlines."""

    items: Items = ()
    """The history, newest last; ids that the model does not know are told and passed over."""
    exclude: Items = ()
    """Ids that are not to be recommended; the history's are, unless they stand here."""
    top_k: TopK = 10


class Recommended(Record):
    """An item that is recommended."""

    item: str
    title: str | None
    """Null where items.csv has none."""
    score: float


class Recommendations(Record):
    """What an endpoint answers."""

    run: str
    created: str
    """When the model was trained: ISO 8601, UTC."""
    recommendations: tuple[Recommended, ...]
    """Highest score first."""
    basis: ServedBasis
    """popularity: no item of the history is known, or it is empty."""
    unknown: tuple[str, ...]
    """Ids of the history that the model does not know."""


class RecommenderDescription(Document, kw_only=True):
    """model.json of a recommender: what was trained, and how the one that is served was picked."""

    kind: Literal["ratings"] = "ratings"
    run: str
    created: str
    """ISO 8601, UTC."""
    algorithm: str
    """The one that is served: ease, multdae, bpr …"""
    ndcg_at_10: float | None
    """Of it, on the validation ratings."""
    candidates: Mapping[str, float | None]
    """The same figure of every algorithm that was trained."""
    items: Size
    """Columns of the scores, in the order of items.csv in the archive."""
    users: Size
    """That it was trained on."""
    ratings: Size
    """That it was trained on."""
    hyperparameters: Mapping[str, str]
    versions: Mapping[str, str]
    ended_early: str | None = None
    """What ended training before its end; null where nothing did."""


class RankingMeans(Record):
    """How well items are ranked, by users' means; null where nothing could be measured."""

    ndcg_at_10: float | None
    recall_at_10: float | None
    map: float | None
    coverage: float | None
    """The share of all items that stands in at least one user's first ten."""
    novelty: float | None
    """Mean of -log2 of the share of users who rated an item, over the first ten."""


class ChampionRanking(RankingMeans):
    """The champion's numbers for the same users, over the same items."""

    run: str


class RankingDifference(Resampled, kw_only=True):
    """What a model has more of the primary metric than another, by resampled users."""

    value: float | None
    users: Size | None = None
    """Of whom both were judged."""


class GroupRanking(Record):
    """The numbers of users with histories of similar length."""

    group: str
    """Such as `1-4`: items of the history."""
    users: Size
    ndcg_at_10: float | None
    recall_at_10: float | None


class RatingsMetrics(Document, kw_only=True):
    """metrics.json of ratings: how good the challenger is, and the champion for the same users."""

    kind: Literal["ratings"] = "ratings"
    run: str
    created: str
    primary_metric: Literal["ndcg_at_10"] = "ndcg_at_10"
    """The one that the gate compares."""
    algorithm: str
    judged_on: Side = Side.TEST
    users: Size
    """With a history and something relevant: the numbers are theirs."""
    without_history: Size
    """Users of the test who have no history, and are left out."""
    ratings: Size
    """Of the test."""
    items: Size
    """That were ranked: those of both models."""
    ndcg_at_10: float | None
    recall_at_10: float | None
    map: float | None
    coverage: float | None
    novelty: float | None
    groups: tuple[GroupRanking, ...]
    baseline: RankingMeans
    """What popularity reaches."""
    over_popularity: RankingDifference | None = None
    """Challenger less popularity."""
    champion: ChampionRanking | None = None
    difference: RankingDifference | None = None
    """Challenger less champion."""
    not_compared: str | None = None
    """Why there is no difference although there is a champion."""
    ended_early: str | None = None
    """As the challenger's model.json has it."""

    @property
    def value(self) -> float | None:
        """The primary metric's."""
        return self.ndcg_at_10


class SmokeHistory(Record):
    """A request, and what the evaluation saw as its answer."""

    request: RecommendRequest
    items: tuple[str, ...]
    """Recommended, highest score first, as many as the request's top_k or fewer."""
    scores: tuple[float, ...]


class RecommenderSmoke(Document, kw_only=True):
    """smoke.json of ratings: what a fresh endpoint must reproduce before it takes over."""

    kind: Literal["ratings"] = "ratings"
    run: str
    histories: tuple[SmokeHistory, ...]
