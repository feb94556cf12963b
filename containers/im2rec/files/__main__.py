"""`python -m im2rec.files PREFIX ROOT …`: make a list, or pack the images of lists.

Exit code 0: every row is packed. 1: rows were rejected beyond the tolerance, or nothing could be
packed. 2: wrong usage.
"""

import signal
import sys
from types import FrameType
from typing import NoReturn

from im2rec.errors import PackFailed
from im2rec.files.listing import write_lists
from im2rec.files.options import read_options
from tagline.reasons import UnusableList


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
        print(f"im2rec: {exc}", file=sys.stderr)
        return 1


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit("im2rec was told to stop: no record file was changed.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main(sys.argv[1:]))
