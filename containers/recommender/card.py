"""The model card: what a model was made from, how good it is, and what it is not."""

from msgspec.structs import replace

from recommender.judging import Evaluation
from tagline.formats.recommender_card import CardRatings, RecommenderCard
from tagline.formats.recommending import FEWEST_USERS, RatingsMetrics


def card_document(evaluation: Evaluation, numbers: RatingsMetrics) -> RecommenderCard:
    """Return model_card.json; `numbers` are metrics.json."""
    model = evaluation.challenger.candidate
    made = replace(model.description, run=model.run)
    return RecommenderCard(
        model=made,
        intended_use="Suggest items to users like those whose ratings it was trained on.",
        data=CardRatings(
            users=made.users,
            items=made.items,
            ratings=made.ratings,
            test_ratings=numbers.ratings,
            test_users=numbers.users,
        ),
        metrics=numbers,
        limits=limits(evaluation),
        licence=(
            "The model inherits whatever terms the ratings carry; the files do not state them, so "
            "check them before passing the model on. It says which items were rated by the same "
            "people."
        ),
    )


def limits(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what a reader should know before relying on the numbers, in sentences."""
    test, made = evaluation.test, evaluation.challenger.candidate.description
    said = [
        "A rating says that somebody wanted the item; how high it is does not count.",
        "An item that nobody has rated yet is never recommended.",
        "Users rate what they were shown: a list that looks worse here may have been better.",
    ]
    if len(test.users) < FEWEST_USERS:
        said.append(
            f"{len(test.users)} users judged the model: its numbers are little more than a guess "
            f"below {FEWEST_USERS}."
        )
    if test.without_history:
        said.append(
            f"{test.without_history} users of the test had rated nothing before and are left out: "
            "they get what is popular."
        )
    if new := len(test.items) - made.items:
        said.append(
            f"{new} of {len(test.items)} items are unknown to the model and stand at the end of "
            "every list."
        )
    if made.ended_early:
        said.append(f"The model is of an unfinished training: {made.ended_early}.")
    if evaluation.not_compared:
        said.append(f"It was not compared with the champion: {evaluation.not_compared}.")
    return tuple(said)
