"""The data bucket of a stack that is gone: it stays unless it was to go with the stack."""

from botocore.exceptions import ClientError

from tagline.aws.faults import error_code
from tagline.cli.readiness import bucket_name
from tagline.cli.target import NoStack, Target

_NOT_OURS = {"403", "404", "NoSuchBucket"}  # names are the world's: 403 is somebody else's


def own_bucket(target: Target) -> str:
    """Return what the bucket that a stack makes itself is called."""
    account = target.client("sts").get_caller_identity()["Account"]
    return bucket_name(target.stack, account, target.session.region_name)


def bucket_left(target: Target) -> str | None:
    """Return the bucket that a stack left when it was deleted; None where it is there, or none."""
    try:
        target.stack_outputs()
    except NoStack:
        name = own_bucket(target)
        return name if _is_there(target, name) else None
    return None


def _is_there(target: Target, bucket: str) -> bool:
    try:
        target.s3.head_bucket(Bucket=bucket)
    except ClientError as exc:
        if error_code(exc) in _NOT_OURS:
            return False
        raise
    return True
