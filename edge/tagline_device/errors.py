"""What goes wrong in ways that somebody is told about."""


class Refused(Exception):
    """What was asked for is refused; the message says what, where, and what to do."""


class UpdateRefused(Refused):
    """A version is not installed, and the old one goes on; the message is the job's reason."""


class UnusableVersion(Exception):
    """A version's folder holds no model that can answer."""
