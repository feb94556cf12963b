"""The first line of `<dataset>/split.txt`."""

from tagline.formats.document import Document


class SplitHead(Document, kw_only=True):
    """The settings that the remembered sides were decided under; under others they mean nothing."""

    seed: int
    validation: float
