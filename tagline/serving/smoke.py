"""Does the endpoint answer what the evaluation saw? The last look before a champion is recorded.

Both run the same model on the same bytes; what may differ is the machine's arithmetic.
"""

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.aws.faults import Absent
from tagline.aws.s3 import Bucket
from tagline.formats.document import UnreadableDocument, decode_record
from tagline.formats.keys import RunKeys
from tagline.formats.models import ImageScores, Smoke, SmokeImage
from tagline.formats.recommending import RecommenderSmoke
from tagline.serving.smoke_failed import SmokeTestFailed
from tagline.serving.smoke_histories import check_histories

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

TOLERANCE = 0.02  # of a score in [0, 1]


def check_run(runtime: "SageMakerRuntimeClient", endpoint: str, bucket: Bucket, run: str) -> int:
    """Ask the endpoint for what a run's smoke.json has and return how many answers agreed.

    Raises SmokeTestFailed, or Absent for a run without one.
    """
    key = RunKeys(run).smoke
    expected = bucket.either(key, Smoke, RecommenderSmoke)
    if expected is None:
        raise Absent(f"{bucket.uri(key)} is missing: the step before left it unwritten")
    if isinstance(expected, RecommenderSmoke):
        return check_histories(runtime, endpoint, expected)
    return check_endpoint(runtime, endpoint, expected)


def check_endpoint(runtime: "SageMakerRuntimeClient", endpoint: str, expected: Smoke) -> int:
    """Ask the endpoint for smoke.json's images and return how many agreed.

    Raises SmokeTestFailed for another run's model, other labels, or scores further than 0.02 away.
    """
    for number, image in enumerate(expected.images, 1):
        where = f"Endpoint {endpoint}, smoke image {number} of {len(expected.images)}"
        answer = _ask(runtime, endpoint, image, where)
        if answer.run != expected.run:
            raise SmokeTestFailed(f"{where}: run {answer.run} answered instead of {expected.run}")
        if answer.labels != expected.labels:
            raise SmokeTestFailed(f"{where}: the labels are not those of the evaluation")
        _compare(image.scores, answer.scores, expected.labels, where)
    return len(expected.images)


def _ask(
    runtime: "SageMakerRuntimeClient", endpoint: str, image: SmokeImage, where: str
) -> ImageScores:
    try:
        reply = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=image.content_type,
            Accept="application/json",
            Body=base64.b64decode(image.body),
        )
        return decode_record(reply["Body"].read(), ImageScores, f"{where}: the answer")
    except ClientError as exc:
        raise SmokeTestFailed(f"{where}: {exc}") from exc
    except UnreadableDocument as exc:
        raise SmokeTestFailed(str(exc)) from exc


def _compare(
    wanted: Sequence[float], got: Sequence[float], labels: Sequence[str], where: str
) -> None:
    if len(got) != len(wanted):
        raise SmokeTestFailed(f"{where}: expected {len(wanted)} scores")
    gaps = [abs(a - b) for a, b in zip(wanted, got, strict=True)]
    worst = max(range(len(gaps)), key=gaps.__getitem__)
    if gaps[worst] > TOLERANCE:
        raise SmokeTestFailed(
            f"{where}: {labels[worst]} scores {got[worst]:.4f}, the evaluation saw "
            f"{wanted[worst]:.4f}"
        )
