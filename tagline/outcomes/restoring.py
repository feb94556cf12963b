"""Bringing the champion back after an execution that cannot do so itself: by another one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tagline.aws.observability import logger
from tagline.aws.s3 import Bucket
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import restoring_name, trial_name
from tagline.formats.outcomes import Champion
from tagline.formats.owners import serving_endpoint
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
        if tried:
            endpoint = trial_name(self.stack, dataset)
        else:
            champion = bucket.whole(DatasetKeys(dataset).champion, Champion)
            endpoint = serving_endpoint(self.stack, dataset, champion)
        given = RestoreInput(
            bucket=bucket.name,
            run=run,
            dataset=dataset,
            started=started,
            restore=Restore(endpoint=endpoint),
        )
        name = restoring_name(run, attempt)
        try:
            self.client.start_execution(
                stateMachineArn=self.arn, name=name, input=msgspec.json.encode(given).decode()
            )
        except self.client.exceptions.ExecutionAlreadyExists:
            logger.info("the champion is being brought back already", execution=name)
