"""What the trials of a search came to: trials.json."""

from collections.abc import Mapping

from tagline.formats.document import Document, Record


class Trial(Record, kw_only=True):
    """One trial."""

    job: str
    """Its training job."""
    hyperparameters: Mapping[str, str]
    """Those that were searched, named as in the settings."""
    objective: float | None
    """Null for a trial that had none."""
    status: str
    """Completed, Stopped or Failed, as SageMaker says."""
    seconds: float | None
    """From its start to its end; null where it did not start."""
    failure: str | None = None
    """Why it failed."""


class Trials(Document, kw_only=True):
    """The trials of a search, in the order of their start."""

    tuning_job: str
    metric: str
    """The objective, of which more is better."""
    best: str
    """The training job whose model is evaluated."""
    trials: tuple[Trial, ...]
