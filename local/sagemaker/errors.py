"""The errors SageMaker answers with."""


class SageMakerError(Exception):
    """An error answer: AWS's code, a message for a person, the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> SageMakerError:
    """Return the error for a request that breaks a rule."""
    return SageMakerError("ValidationException", message)


def unsupported(operation: str) -> SageMakerError:
    """Return the error for an operation that only AWS has."""
    return SageMakerError(
        "UnknownOperationException",
        f"SageMaker {operation}: the laptop cloud does not support this operation",
    )
