"""What the API takes and answers of feedback: corrections of the tags of one image."""

from typing import Annotated

from msgspec import Meta, field

from tagline.api.documents import DatasetName, ObjectUri, Part, RunName

Label = Annotated[str, Meta(min_length=1, max_length=128)]
Labels = Annotated[list[Label], Meta(max_length=1000)]
Who = Annotated[str, Meta(min_length=1, max_length=200)]
RowId = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Said(Part, kw_only=True):
    """What is said of an image's tags: each label in one of the lists at most."""

    confirmed: Labels = field(default_factory=list)
    """Labels that the image has, as the model said."""
    added: Labels = field(default_factory=list)
    """Labels that it has, too."""
    removed: Labels = field(default_factory=list)
    """Labels that it does not have."""
    run: RunName | None = None
    """Whose tags were looked at; without it the champion's."""
    who: Who | None = None
    """Taken where the API asks nobody to sign in; else it knows who calls."""


class FeedbackOnRow(Said, kw_only=True, forbid_unknown_fields=True):
    """Feedback on the image of a row of the newest list."""

    id: RowId


class FeedbackOnHash(Said, kw_only=True, forbid_unknown_fields=True):
    """Feedback on an image that is known: sent before, kept of a request, or the newest list's."""

    hash: Sha256
    """SHA-256 of the image's bytes."""


class FeedbackOnPlace(Said, kw_only=True, forbid_unknown_fields=True):
    """Feedback on an image below the dataset in the data bucket, or below the dataset's source."""

    s3_uri: ObjectUri


class FeedbackOnImage(Said, kw_only=True, forbid_unknown_fields=True):
    """Feedback on an image in the request itself, which is kept to train on."""

    image: Annotated[str, Meta(description="Base64, or a data: URL of base64.")]


class CorrectedImageShown(Part, kw_only=True):
    """The image that was corrected."""

    s3_uri: ObjectUri
    sha256: Sha256 | None
    """null where its bytes were not read."""
    id: RowId | None
    """Of its row in the newest list; null where nobody looked for one."""


class FeedbackTaken(Part, kw_only=True):
    """A correction, as it is kept."""

    dataset: DatasetName
    correction: str
    """Its name: later ones sort behind."""
    image: CorrectedImageShown
    run: RunName | None
    """Whose tags were looked at; null where there is no champion."""
    confirmed: list[Label]
    added: list[Label]
    removed: list[Label]
    who: Who | None
    at: str
    """ISO 8601, UTC."""
    repeated: bool
    """Whether it was kept before: the last correction of the image said the same."""
