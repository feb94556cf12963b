"""SmokeTest: the endpoint must answer what the evaluation saw."""

from typing import Any

from tagline.aws import clients
from tagline.aws.observability import Event, step
from tagline.aws.s3json import read_json
from tagline.formats.keys import RunKeys
from tagline.serving.smoke import check_endpoint


@step
def handler(event: Event) -> dict[str, Any]:
    """Return how many images were checked."""
    expected = read_json(clients.s3(), event["bucket"], RunKeys(event["run"]).of("smoke.json"))
    endpoint = event["deployment"]["endpoint"]
    return {"checked": check_endpoint(clients.sagemaker_runtime(), endpoint, expected)}
