"""Does the endpoint answer what the evaluation saw? The last look before a champion is recorded.

Both run the same model on the same bytes; what may differ is the machine's arithmetic.
"""

import base64
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

TOLERANCE = 0.02  # of a score in [0, 1]


class SmokeTestFailed(RuntimeError):
    """The endpoint serves, but not what was evaluated."""


def check_endpoint(
    runtime: "SageMakerRuntimeClient", endpoint: str, expected: dict[str, Any]
) -> int:
    """Ask the endpoint for smoke.json's images and return how many agreed.

    Raises SmokeTestFailed for another run's model, other labels, or scores further than 0.02 away.
    """
    for number, image in enumerate(expected["images"], 1):
        where = f"Endpoint {endpoint}, smoke image {number} of {len(expected['images'])}"
        answer = _ask(runtime, endpoint, image, where)
        if answer.get("run") != expected["run"]:
            raise SmokeTestFailed(
                f"{where}: run {answer.get('run')} answered instead of {expected['run']}"
            )
        if answer.get("labels") != expected["labels"]:
            raise SmokeTestFailed(f"{where}: the labels are not those of the evaluation")
        _compare(image["scores"], answer.get("scores"), expected["labels"], where)
    return len(expected["images"])


def _ask(
    runtime: "SageMakerRuntimeClient", endpoint: str, image: dict[str, Any], where: str
) -> dict[str, Any]:
    try:
        reply = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=image["content_type"],
            Accept="application/json",
            Body=base64.b64decode(image["body"]),
        )
        answer = json.loads(reply["Body"].read())
    except ClientError as exc:
        raise SmokeTestFailed(f"{where}: {exc}") from exc
    except ValueError as exc:
        raise SmokeTestFailed(f"{where}: the answer is not JSON: {exc}") from exc
    if not isinstance(answer, dict):
        raise SmokeTestFailed(f"{where}: the answer is {type(answer).__name__}, not an object")
    return answer


def _compare(wanted: list[float], got: object, labels: list[str], where: str) -> None:
    if not isinstance(got, list) or len(got) != len(wanted):
        raise SmokeTestFailed(f"{where}: expected {len(wanted)} scores")
    gaps = [abs(a - b) for a, b in zip(wanted, got, strict=True)]
    worst = max(range(len(gaps)), key=gaps.__getitem__)
    if not gaps[worst] <= TOLERANCE:  # a NaN is not near anything
        raise SmokeTestFailed(
            f"{where}: {labels[worst]} scores {got[worst]:.4f}, the evaluation saw "
            f"{wanted[worst]:.4f}"
        )
