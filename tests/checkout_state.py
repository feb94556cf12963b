"""A watch over the checkout's own state: a test that writes below its `.tagline` fails there."""

import os
import sys
from pathlib import Path

STATE = Path(__file__).resolve().parents[1] / ".tagline"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = frozenset(
    (
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
    )
)


class CheckoutTouched(BaseException):
    """A test was about to change the checkout's state; no handler of the product's stops it."""


def guard() -> None:
    """Refuse, for as long as this process lives, what would change the checkout's `.tagline`.

    Processes that tests start are told of another folder by TAGLINE_STATE.
    """
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        paths = [path] if isinstance(flags, int) and flags & _WRITING else []
    elif event in _CHANGES:
        paths = list(arguments)
    else:
        return
    last = arguments[-1]
    folder = isinstance(last, int) and last >= 0  # where a relative path begins, then
    for path in paths:
        if not isinstance(path, str | bytes | os.PathLike):
            continue
        if folder and event != "open" and not Path(os.fsdecode(path)).is_absolute():
            continue
        if _below(os.fsdecode(path)):
            raise CheckoutTouched(f"{event} of {os.fsdecode(path)}, which no test may change")


def _below(path: str) -> bool:
    return Path(os.path.abspath(path)).is_relative_to(STATE)  # noqa: PTH100 - follows no link
