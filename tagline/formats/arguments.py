"""The arguments of the programs that are no `tagline` command."""

import argparse
from typing import NoReturn

from tagline.formats.printable import printable


class Arguments(argparse.ArgumentParser):
    """A parser whose complaints about what was typed do not move the terminal."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with 2."""
        super().error(printable(message))
