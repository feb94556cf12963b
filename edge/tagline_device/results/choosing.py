"""Which of many answers are told: so many a second, and where asked only what is new."""

from tagline_device.answer import Answer


class Chooser:
    """Says of each answer whether it is told."""

    def __init__(self, per_second: float, *, change_only: bool) -> None:
        self._between = 1 / per_second
        self._change_only = change_only
        self._told_at: float | None = None
        self._said: object = None

    def wants(self, answer: Answer, version: str, now: float) -> bool:
        """Return whether to tell an answer; `now` in seconds, never going back.

        A change within the pause after another is told when the pause is over, if it still holds.
        """
        said = (version, answer.said)
        if self._told_at is not None:
            if now - self._told_at < self._between:
                return False
            if self._change_only and said == self._said:
                return False
        self._told_at, self._said = now, said
        return True
