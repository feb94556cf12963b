"""What people bring along to a training: files of weights, scripts, hyperparameters of theirs."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

# a description says what is expected, in errors too; patterns are searched for, hence ^ and \Z
StartFrom = Annotated[
    str,
    Meta(
        pattern=r"^(?:auto|starter|champion|none|s3://[^/]+/.*[^/])\Z",
        description="auto, starter, champion, none, or a file s3://bucket/key",
    ),
]
Script = Annotated[
    str,
    Meta(
        pattern=r"^s3://[^/]+/(?:.*/)?[^/]+\.tar\.gz\Z",
        description="a file s3://bucket/key.tar.gz",
    ),
]
Entry = Annotated[
    str,
    Meta(
        # what SageMaker's toolkit takes: no option, no .., no space
        pattern=r"^(?!(?:.*/)?\.\.?/)[A-Za-z0-9._][A-Za-z0-9._+-]*(?:/[A-Za-z0-9._+-]+)*\.(?:py|sh)\Z",
        description="a .py or .sh file of the archive, such as train.py",
    ),
]
OwnHyperparameters = Annotated[
    Mapping[str, str | bool | int | float],
    Meta(description="`name: value` of the algorithm's hyperparameters"),
]
