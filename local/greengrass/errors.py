"""The errors Greengrass answers with."""

from http import HTTPStatus


class GreengrassError(Exception):
    """An error answer: AWS's code, a message for a person, the HTTP status."""

    def __init__(self, code: str, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> GreengrassError:
    """Return the error for a request that breaks a rule."""
    return GreengrassError("ValidationException", message)


def absent(message: str) -> GreengrassError:
    """Return the error for what is not there."""
    return GreengrassError("ResourceNotFoundException", message, HTTPStatus.NOT_FOUND)


def conflict(message: str) -> GreengrassError:
    """Return the error for what is there already, and is another."""
    return GreengrassError("ConflictException", message, HTTPStatus.CONFLICT)


def unsupported(operation: str) -> GreengrassError:
    """Return the error for an operation that only AWS has."""
    return GreengrassError(
        "UnknownOperationException",
        f"Greengrass {operation}: the laptop cloud does not support this operation",
    )
