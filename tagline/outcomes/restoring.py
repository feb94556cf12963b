"""Bringing the champion back after an execution that cannot do so itself: by another one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.keys import RunKeys
from tagline.formats.names import endpoint_name, restoring_name, trial_name
from tagline.formats.steps import Restore, RestoreInput

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class Machine:
    """The state machine of a stack, to start an execution that brings a champion back."""

    client: "SFNClient"
    arn: str
    stack: str

    def restore(self, bucket: Bucket, run: str, started: str, attempt: int, *, tried: bool) -> None:
        """Start it, once for a run and attempt; `tried`: only the trial's endpoint was changed."""
        dataset = RunKeys(run).dataset
        given = RestoreInput(
            bucket=bucket.name,
            run=run,
            dataset=dataset,
            started=started,
            restore=Restore(endpoint=(trial_name if tried else endpoint_name)(self.stack, dataset)),
        )
        name = restoring_name(run, attempt)
        try:
            self.client.start_execution(
                stateMachineArn=self.arn, name=name, input=msgspec.json.encode(given).decode()
            )
        except self.client.exceptions.ExecutionAlreadyExists:
            logger.info("the champion is being brought back already", execution=name)
