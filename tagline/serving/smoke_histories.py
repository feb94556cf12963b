"""Whether a recommender's endpoint recommends what the evaluation saw.

Both run the same model on the same histories; what may differ is the machine's arithmetic, and with
it the order of items whose scores are all but equal.
"""

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from tagline.formats.document import UnreadableDocument, decode_record
from tagline.formats.recommending import Recommendations, RecommenderSmoke, SmokeHistory
from tagline.serving.smoke_failed import SmokeTestFailed

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

TOLERANCE = 0.02  # of the largest score of a history


def check_histories(
    runtime: "SageMakerRuntimeClient", endpoint: str, expected: RecommenderSmoke
) -> int:
    """Ask the endpoint for smoke.json's histories and return how many agreed.

    Raises SmokeTestFailed for another run's model, fewer items, a score further than 0.02 of the
    largest away, or an item that is not among the expected though its score tells it from them.
    """
    for number, history in enumerate(expected.histories, 1):
        where = f"Endpoint {endpoint}, smoke history {number} of {len(expected.histories)}"
        answer = _ask(runtime, endpoint, history, where)
        if answer.run != expected.run:
            raise SmokeTestFailed(f"{where}: run {answer.run} answered instead of {expected.run}")
        _compare(history, answer, where)
    return len(expected.histories)


def _ask(
    runtime: "SageMakerRuntimeClient", endpoint: str, history: SmokeHistory, where: str
) -> Recommendations:
    try:
        reply = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType="application/json",
            Accept="application/json",
            Body=msgspec.json.encode(history.request),
        )
        return decode_record(reply["Body"].read(), Recommendations, f"{where}: the answer")
    except ClientError as exc:
        raise SmokeTestFailed(f"{where}: {exc}") from exc
    except UnreadableDocument as exc:
        raise SmokeTestFailed(str(exc)) from exc


def _compare(history: SmokeHistory, answer: Recommendations, where: str) -> None:
    got = answer.recommendations
    if len(got) != len(history.items):
        raise SmokeTestFailed(f"{where}: {len(got)} items, the evaluation saw {len(history.items)}")
    room = TOLERANCE * max(map(abs, history.scores), default=0.0)
    seen = dict(zip(history.items, history.scores, strict=True))
    for place, (found, score) in enumerate(zip(got, history.scores, strict=True), 1):
        if abs(found.score - score) > room or abs(found.score - seen.get(found.item, score)) > room:
            raise SmokeTestFailed(
                f"{where}: place {place} is {found.item!r} with {found.score:.4f}, the evaluation "
                f"saw {history.items[place - 1]!r} with {score:.4f}"
            )
