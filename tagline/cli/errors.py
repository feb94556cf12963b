"""What a command says when it will not or cannot do as asked; loads nothing until then."""

import sys
from typing import Any


class Refused(Exception):
    """The command ends with this one line on stderr and exit code 1."""


def is_expected(error: Exception) -> bool:
    """Return whether an error is one that people can act on: its line says all."""
    from tagline.formats.document import UnreadableDocument  # noqa: PLC0415
    from tagline.formats.names import InvalidName  # noqa: PLC0415
    from tagline.formats.reasons import UnusableList  # noqa: PLC0415
    from tagline.settings.errors import InvalidSettings  # noqa: PLC0415

    ours = (Refused, InvalidName, InvalidSettings, UnreadableDocument, UnusableList, OSError)
    boto = _botocore()
    return isinstance(error, ours) or (
        boto is not None and isinstance(error, boto.BotoCoreError | boto.ClientError)
    )


def one_line(error: Exception) -> str:
    """Return an error as one line that a person can act on."""
    boto = _botocore()
    if boto is not None and isinstance(error, boto.ClientError):
        told = error.response.get("Error", {})
        text = f"{error.operation_name} refused: {told.get('Code')}: {told.get('Message')}"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())


def _botocore() -> Any:
    """Return botocore's exceptions where botocore was used; nothing else can have raised them."""
    return sys.modules.get("botocore.exceptions")
