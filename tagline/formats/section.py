"""What the sections of a dataset's settings are made of."""

from typing import Annotated, dataclass_transform

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
# a description says what is expected, in errors too; patterns are searched for, hence ^ and \Z
InstanceType = Annotated[
    str,
    Meta(
        pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+\Z",
        description="an instance type such as ml.m5.xlarge",
    ),
]
Instances = Annotated[int, Meta(ge=1, le=100)]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that belong together."""
