"""`python -m tagline_device`, or `tagline-device`."""

import sys

from tagline_device import command


def main() -> None:
    """Run the command and end with its exit code."""
    sys.exit(command.main())


if __name__ == "__main__":
    main()
