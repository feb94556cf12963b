"""What is wrong with the files beside a list."""


class InvalidSettings(ValueError):
    """A setting, label name or source that cannot be used; the message names it.

    `setting` is the dotted name of the setting at fault, `line` where it stands, if known.
    """

    def __init__(self, message: str, setting: str = "", line: int | None = None) -> None:
        super().__init__(message)
        self.setting = setting
        self.line = line
