"""TakeOrder: a person makes a run the champion."""

from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.steps import OrderAnswer, OrderEvent
from tagline.serving.ordering import take_order


@step
def handler(event: OrderEvent) -> OrderAnswer:
    """Return what the deploying states go by; raises OrderRefused, which no retry can cure."""
    bucket = Bucket(clients.s3(), event.bucket)
    return take_order(bucket, event.run, event.order, environment().stack)
