"""What SageMaker does with a role that it was handed: data, images, logs, alarms."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from local import logs
from local.access.authority import Authority
from local.access.calls import Call
from local.access.sessions import Session, session_of
from local.context import Cloud
from local.emulated import is_pulled
from local.objects import Objects

_SESSION = "SageMaker"  # the name that AWS gives it


@dataclass(frozen=True)
class Role:
    """A role at work; what its policies do not allow raises AccessDenied or S3's ClientError."""

    cloud: Cloud
    authority: Authority
    arn: str

    @cached_property
    def session(self) -> Session:
        """The role's credentials."""
        return session_of(self.arn, _SESSION)

    @cached_property
    def objects(self) -> Objects:
        """S3 as this role sees it."""
        return Objects(self.cloud, self.session)

    def container(self, *, isolated: bool) -> Session | None:
        """Return what its container may use: nothing where it has no network."""
        return None if isolated else self.session

    def pull(self, image: str) -> None:
        """Fetch an image."""
        if is_pulled(image):
            self.authority.require_pull(self.session.access_key, image)

    def log(self, group: str, stream: str) -> Callable[[str], None]:
        """Begin a log stream and return what appends one line to it."""
        self.authority.require_log(self.session.access_key, group, stream)
        return logs.writer(group, stream)

    def alarms(self, names: list[str]) -> None:
        """Look at alarms."""
        call = Call("cloudwatch", "DescribeAlarms", {"AlarmNames": names})
        self.authority.require(self.session.access_key, call)


class Roles:
    """All roles that SageMaker may be handed."""

    def __init__(self, cloud: Cloud, authority: Authority) -> None:
        self.cloud = cloud
        self._authority = authority
        self._known: dict[str, Role] = {}

    def of(self, arn: str) -> Role:
        """Return a role by its ARN: the same one again, for its client is costly to make."""
        return self._known.setdefault(arn, Role(self.cloud, self._authority, arn))
