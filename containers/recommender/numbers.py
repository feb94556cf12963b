"""metrics.json: what was found, as files state it."""

from msgspec.structs import asdict

from recommender.judging import Evaluation, Sample
from tagline.formats.recommending import (
    ChampionRanking,
    GroupRanking,
    RankingDifference,
    RankingMeans,
    RatingsMetrics,
)
from tagline.ranking.groups import groups
from tagline.ranking.lists import Lists
from tagline.scores.bootstrap import Gain
from tagline.scores.stating import number, resampled


def metrics_document(evaluation: Evaluation) -> RatingsMetrics:
    """Return metrics.json."""
    test, mine = evaluation.test, evaluation.lists
    model, means = evaluation.challenger.candidate, _means(mine, test)
    return RatingsMetrics(
        run=model.run,
        created=evaluation.created,
        algorithm=model.description.algorithm,
        users=len(mine),
        without_history=test.without_history,
        ratings=test.ratings,
        items=len(test.items),
        ndcg_at_10=means.ndcg_at_10,
        recall_at_10=means.recall_at_10,
        map=means.map,
        coverage=means.coverage,
        novelty=means.novelty,
        groups=_groups(mine, test),
        baseline=_means(evaluation.popular, test),
        over_popularity=_difference(evaluation.over_popularity, len(mine)),
        champion=_champion(evaluation),
        difference=_difference(evaluation.difference, len(mine)),
        not_compared=evaluation.not_compared,
        ended_early=model.description.ended_early,
    )


def _means(found: Lists, test: Sample) -> RankingMeans:
    return RankingMeans(
        ndcg_at_10=number(found.ndcg().mean()),
        recall_at_10=number(found.recall().mean()),
        map=number(found.precision.mean()),
        coverage=number(found.coverage(len(test.items))),
        novelty=number(found.novelty(test.raters, test.known)),
    )


def _groups(found: Lists, test: Sample) -> tuple[GroupRanking, ...]:
    ndcg, recall = found.ndcg(), found.recall()
    return tuple(
        GroupRanking(
            group=name,
            users=int(inside.sum()),
            ndcg_at_10=number(ndcg[inside].mean()),
            recall_at_10=number(recall[inside].mean()),
        )
        for name, inside in groups(test.lengths)
    )


def _champion(evaluation: Evaluation) -> ChampionRanking | None:
    champion, found = evaluation.champion, evaluation.champion_lists
    if champion is None or found is None or evaluation.not_compared:
        return None
    means = asdict(_means(found, evaluation.test))
    return ChampionRanking(run=champion.candidate.run, **means)


def _difference(gain: Gain | None, users: int) -> RankingDifference | None:
    if gain is None:
        return None
    return RankingDifference(value=number(gain.value), users=users, **resampled(gain))
