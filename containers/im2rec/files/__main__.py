"""`python -m im2rec.files PREFIX ROOT …`: make a list, or pack the images of lists.

Exit code 0: every row is packed. 1: rows were rejected beyond the tolerance, or nothing could be
packed, or the run was told to stop. 2: wrong usage.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from im2rec.errors import PackFailed
from im2rec.files.listing import write_lists
from im2rec.files.options import read_options
from im2rec.stopping import STOPS
from tagline.formats.printable import printable
from tagline.formats.reasons import UnusableList

_STOPPED = "im2rec was told to stop: each record file is the old or the new one"


def main(arguments: list[str]) -> int:
    """Do what the arguments ask for; return the exit code."""
    options = read_options(arguments)
    try:
        if options.list:
            return write_lists(options)
        # the decoder is loaded for packing only
        from im2rec.files.packing import pack_lists  # noqa: PLC0415

        return pack_lists(options)
    except (OSError, PackFailed, UnusableList) as exc:
        print(printable(f"im2rec: {exc}"), file=sys.stderr)
        return 1


class _Stopped(BaseException):
    """A signal said stop."""


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for number in STOPS:
        signal.signal(number, lambda *_: None)  # a second one must not disturb the clearing up
    raise _Stopped


def _main() -> int:
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, _stop)
    try:
        return main(sys.argv[1:])
    except _Stopped:
        with suppress(OSError):  # the terminal may be gone
            print(_STOPPED, file=sys.stderr, flush=True)
            sys.stdout.flush()
        os._exit(1)  # the interpreter's own end would take a second signal for a deadly one


if __name__ == "__main__":
    sys.exit(_main())
