"""`python -m server serve`: the entry point of the serving image.

The processes that decode large images load this module, too, and need nothing of a server.
"""

import sys

if __name__ == "__main__":
    from server.serve import main

    sys.exit(main(sys.argv[1:]))
