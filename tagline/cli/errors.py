"""What a command says when it will not or cannot do as asked."""

from botocore.exceptions import ClientError


class Refused(Exception):
    """The command ends with this one line on stderr and exit code 1."""


def one_line(error: Exception) -> str:
    """Return an error as one line that a person can act on."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        text = f"{error.operation_name} refused: {told.get('Code')}: {told.get('Message')}"
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())
