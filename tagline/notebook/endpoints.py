"""Endpoints that were tried in a notebook, and are to leave nothing behind."""

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.notebook.connection import Connection

_MISSING = "ValidationException"  # what SageMaker answers about one that is not there


def remove(stack: Connection, name: str) -> None:
    """Delete an endpoint, its configuration and the models in it; nothing where there is none.

    For a `finally`: what a deployment that failed half-way left is found by the endpoint's name.
    """
    client = stack.session.sagemaker_client
    try:
        config = client.describe_endpoint_config(EndpointConfigName=name)
    except ClientError as exc:
        if error_code(exc) != _MISSING:
            raise
        return  # it is made before the endpoint
    try:
        client.delete_endpoint(EndpointName=name)
    except ClientError as exc:
        if error_code(exc) != _MISSING:
            raise
    client.delete_endpoint_config(EndpointConfigName=name)
    for variant in config["ProductionVariants"]:
        client.delete_model(ModelName=variant["ModelName"])
