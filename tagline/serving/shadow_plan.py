"""The champion's endpoint with a challenger as its shadow: the configuration of both.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-shadow-deployment.html: one production
variant and one shadow, whose weight is the share of the requests that it is given. Serverless
endpoints have none.
"""

import math
from typing import TYPE_CHECKING

from msgspec import UNSET
from msgspec.structs import replace

from tagline.aws.s3 import Bucket
from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.keys import RunKeys
from tagline.formats.names import job_name
from tagline.formats.outcomes import Champion
from tagline.formats.sagemaker import DataCapture, Variant, VariantOfModel
from tagline.formats.shadow import SHADOW_VARIANT, Shadowing
from tagline.serving.endpoints import Endpoint, variant_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def plan_shadow(
    client: "SageMakerClient",
    bucket: Bucket,
    *,
    stack: str,
    run: str,
    champion: Champion | None,
    found: Endpoint | None,
    wanted: EndpointSettings,
    variant: Variant,
) -> Shadowing | None:
    """Return how the challenger, which is to serve as `variant`, answers beside the champion first.

    None where the settings ask for no shadow, or no champion serves on instances.
    """
    if wanted.shadow is None or champion is None or found is None:
        return None
    serves = (found.status, found.config) == ("InService", champion.endpoint_config)
    if not serves or found.serverless or variant.serverless_config is not UNSET:
        return None
    serving = variant_of(client, champion.endpoint_config)
    if serving is None:
        return None
    return shadowing(
        stack=stack,
        run=run,
        champion=champion.run,
        serving=serving,
        instances=found.instances,
        variant=variant,
        share=wanted.shadow,
        destination=bucket.uri(RunKeys(run).captured),
    )


def shadowing(
    *,
    stack: str,
    run: str,
    champion: str,
    serving: VariantOfModel,
    instances: int | None,
    variant: Variant,
    share: float,
    destination: str,
) -> Shadowing:
    """Return the configuration; `serving` is the champion's variant, with so many instances now.

    The shadow has as many machines of its own as its share of the requests asks for.
    """
    count = instances or (
        serving.initial_instance_count if isinstance(serving.initial_instance_count, int) else 1
    )
    return Shadowing(
        endpoint_config=job_name(stack, run, "shadow"),
        champion=champion,
        production=replace(serving, initial_variant_weight=1, initial_instance_count=count),
        variant=replace(
            variant,
            variant_name=SHADOW_VARIANT,
            initial_variant_weight=share,
            initial_instance_count=math.ceil(share * count),
        ),
        capture=DataCapture(destination_s3_uri=destination),
    )
