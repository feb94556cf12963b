"""SmokeTest: the endpoint must answer what the evaluation saw."""

from typing import Any

from tagline import aws
from tagline.layout import RunKeys
from tagline.observability import Event, step
from tagline.s3json import read_json
from tagline.smoke import check_endpoint


@step
def handler(event: Event) -> dict[str, Any]:
    """Return how many images were checked."""
    expected = read_json(aws.s3(), event["bucket"], RunKeys(event["run"]).of("smoke.json"))
    endpoint = event["deployment"]["endpoint"]
    return {"checked": check_endpoint(aws.sagemaker_runtime(), endpoint, expected)}
