"""What is wrong with the files beside a list."""


class InvalidSettings(ValueError):
    """A setting, label name or source that cannot be used; the message names it."""
