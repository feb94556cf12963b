"""How long an endpoint's log is kept: SageMaker makes its group, and keeps it for ever."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from tagline.aws.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


def limit_logs(logs: "CloudWatchLogsClient", endpoint: str, days: int) -> None:
    """Let an endpoint's log be kept for so many days; where it cannot be said, that is logged.

    SageMaker writes the first line a little after the first answer: the group of a new endpoint
    may not be there yet, and is limited when it is tested the next time.
    """
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    try:
        logs.put_retention_policy(logGroupName=group, retentionInDays=days)
    except (ClientError, BotoCoreError) as exc:
        logger.warning("how long the log is kept was not limited", group=group, error=str(exc))
