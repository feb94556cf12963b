"""What the API takes and answers of changes: orders, and lists that are dropped."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tagline.api.documents import LINK_SECONDS, DatasetName, ObjectUri, Part, RunName
from tagline.formats.list_lines import FUNCTION_LIST_BYTES
from tagline.serving.orders import LONGEST_WHY

Why = Annotated[str, Meta(min_length=1, max_length=LONGEST_WHY)]
Who = Annotated[str, Meta(min_length=1, max_length=200)]
OrderKind = Literal["redeploy", "rollback", "promote"]
FileKind = Literal["list", "labels", "settings"]
Bytes = Annotated[int, Meta(ge=1, le=FUNCTION_LIST_BYTES)]


class OrderAsked(Part, kw_only=True, forbid_unknown_fields=True):
    """A person's order: bring the champion back, go back to a former one, or promote a run."""

    kind: OrderKind
    run: RunName | UnsetType = UNSET
    """Which run is to serve: for promote; for rollback the champion before, unless said."""
    why: Why | UnsetType = UNSET
    """For rollback and promote; kept with the champion."""
    who: Who | UnsetType = UNSET
    """Who orders, where the API does not ask who calls; else the caller is known."""


class OrderGiven(Part, kw_only=True):
    """An order that is being carried out: the run's progress and the champions tell how it ends."""

    dataset: DatasetName
    kind: OrderKind
    run: RunName
    """Which is to serve."""
    execution: str
    """Name of the state machine's execution."""
    instead_of: RunName | None
    """The champion until then, where it is another one."""
    by: str
    """Who ordered."""
    why: str | None


class FileAsked(Part, kw_only=True, forbid_unknown_fields=True):
    """A file that is to be uploaded: a list, which starts a run, or what goes beside it."""

    kind: FileKind = "list"
    """labels is labels.txt, settings is dataset.yaml."""
    name: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    """Of a list: a name without a folder; ".lst" is added where it is missing."""
    bytes: Bytes
    """How many it has: just so many may be sent."""


class Upload(Part, kw_only=True):
    """Where the file is to be sent, by PUT."""

    s3_uri: ObjectUri
    url: Annotated[str, Meta(description=f"Takes the file for {LINK_SECONDS // 60} minutes.")]
    name: str
    """As the list is called then."""
    bytes: Bytes
    """The request's Content-Length has to be this."""
