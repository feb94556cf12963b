"""What the API answers of how a run goes: its states, its jobs, their epochs."""

from typing import Annotated, Literal

from msgspec import Meta

from tagline.api.documents import DatasetName, Part, RunName
from tagline.formats.names import RUN
from tagline.formats.rows import Size

EXECUTION = (
    f"^{RUN.pattern.replace('?P<dataset>', '?:')}(?:-order-[0-9]{{1,11}}|-restore-[0-9]{{1,12}})?$"
)


class StateShown(Part, kw_only=True):
    """A state of the flow that was entered; one that was entered again is shown once."""

    name: str
    status: Literal["running", "done", "failed"]
    entered: str
    """ISO 8601, UTC, like `ended`; when it was entered first."""
    ended: str | None
    attempts: Size
    error: str | None


class EpochShown(Part, kw_only=True):
    """What training said at the end of an epoch."""

    epoch: Size
    at: str
    """ISO 8601, UTC."""
    metrics: dict[str, float]
    """By name, such as train:loss and validation:mAP."""


class JobShown(Part, kw_only=True):
    """A training job."""

    name: str
    status: str
    """SageMaker's TrainingJobStatus."""
    started: str
    """When it was asked for: ISO 8601, UTC, like `ended`."""
    ended: str | None
    objective: float | None
    """Of a trial that ended: what the search goes by."""
    epochs: list[EpochShown] | None
    """null for trials but the one that is shown."""


class ItemsShown(Part, kw_only=True):
    """How far a state that does many things is."""

    done: Size
    failed: Size
    all: Size


class RunProgress(Part, kw_only=True):
    """How a run goes, or went."""

    dataset: DatasetName
    run: RunName
    execution: Annotated[str, Meta(description="Name of the state machine's execution.")]
    status: str | None
    """Step Functions' ExecutionStatus, such as RUNNING; null for an execution that is not there
    (any more: Step Functions forgets it after 90 days)."""
    current: str | None
    """The state that is going on."""
    states: list[StateShown]
    """In the order of their beginnings."""
    epochs: Size | None
    """How many epochs training asks for."""
    jobs: list[JobShown]
    """Training jobs, the newest first; 100 at most."""
    items: ItemsShown | None
    """While shards are fetched or packed, how many of them."""
