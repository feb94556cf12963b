"""Why a champion does not go to devices."""


class NotReleased(RuntimeError):
    """A champion does not go to devices; the message says why, and what to do."""
