"""What a run costs, for its status.json: told as far as it can be, and never in a run's way."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.costs import Cost
from tagline.formats.document import UnreadableDocument
from tagline.outcomes.usage import Usage
from tagline.pricing.bill import bill
from tagline.pricing.table import PriceList, price_list

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient


def cost_of(
    execution: str, bucket: Bucket, states: "SFNClient", sagemaker: "SageMakerClient"
) -> Cost:
    """Return what an execution costs so far; whatever cannot be told is named in it."""
    usage, region = Usage(states, sagemaker), states.meta.region_name
    try:
        prices = price_list(bucket, region)
    except (UnreadableDocument, ClientError, BotoCoreError) as exc:
        logger.warning("the owner's prices cannot be read", error=str(exc))
        usage.unknown.append(f"the owner's prices: {exc}")
        prices = PriceList(region)
    try:
        usage.read(execution)
    except (ClientError, BotoCoreError) as exc:
        logger.warning("what the run used cannot be read", error=str(exc))
        usage.unknown.append(f"what the rest of the run used: {exc}")
    return bill(usage.uses, prices, usage.unknown)


def execution_of(state_machine: str, run: str) -> str:
    """Return the ARN of a run's execution, whose name is the run's."""
    return f"{state_machine.replace(':stateMachine:', ':execution:', 1)}:{run}"
