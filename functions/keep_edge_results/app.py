"""KeepEdgeResults: a device said something by MQTT; keep it, or say why not."""

import functools

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.fleet.hearing import Ear
from tagline.formats.fleet_steps import DeviceMessage, HeardAnswer


@functools.cache
def ear() -> Ear:
    """Return what hears devices, which remembers them."""
    here = environment()
    return Ear(Bucket(clients.s3(), here.data_bucket), here.edge_result_days)


@step
def handler(event: DeviceMessage) -> HeardAnswer:
    """Return what became of a message; only what S3 refuses is an error, and tried again."""
    return ear().hear(event)
