"""A champion whose model or endpoint configuration was deleted, made again from its artifact.

Both get the names that champion.json knows, so that it stays true: SageMaker lets a deleted
model's name be used again.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket
from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.keys import RunKeys
from tagline.formats.outcomes import Champion
from tagline.formats.plan import Plan
from tagline.formats.sagemaker import Container
from tagline.formats.steps import ModelOfVariant, Rebuild
from tagline.serving.endpoints import config_is_gone, model_is_gone
from tagline.serving.machines import Hosting, is_serverless

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass(frozen=True)
class Gone:
    """What of a champion was deleted, and what it is made of."""

    model: bool
    config: bool
    rebuild: Rebuild


def look_for(
    champion: Champion, bucket: Bucket, client: "SageMakerClient", hosting: Hosting
) -> Gone | None:
    """Return what of a champion was deleted, None where nothing was.

    Its fleet is what its own plan says; the stack's where that plan is gone.
    """
    model = model_is_gone(client, champion.model)
    config = config_is_gone(client, champion.endpoint_config)
    if not (model or config):
        return None
    plan = bucket.whole(RunKeys(champion.run).plan, Plan)
    variant = hosting.variant(plan.settings.endpoint if plan else EndpointSettings())
    rebuild = Rebuild(
        model=champion.model,
        container=Container(image=hosting.image, model_data_url=champion.artifact),
        network_isolation=not is_serverless(variant),
        variant=variant,
        of_variant=ModelOfVariant(model_name=champion.model),
    )
    return Gone(model, config, rebuild)
