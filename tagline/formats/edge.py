"""What goes to devices: the archive's manifest and smoke test, the signed statement, the release.

The archive `model.zip` holds manifest.json, model.onnx, labels.txt, model_card.json, smoke.json and
smoke/: its bytes are the same whenever the same model is packaged.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from tagline.formats.document import Document, Record, UnreadableDocument, decode_record
from tagline.formats.edge_keys import VERSION
from tagline.formats.packed import Names
from tagline.formats.resampled import Resampled
from tagline.formats.rows import Size
from tagline.formats.settings import ImageSpec, Promotion
from tagline.formats.tasks import Task

MANIFEST, MODEL, LABELS = "manifest.json", "model.onnx", "labels.txt"
SMOKE, SMOKE_FOLDER, CARD = "smoke.json", "smoke/", "model_card.json"
UPDATE = "tagline-update"
"""The operation that a job's document names."""
Precision = Literal["fp32", "int8"]
By = Literal["greengrass", "jobs"]
# a description says what is expected, in errors too; patterns are searched for, hence ^ and \Z
Digest = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}\Z", description="a SHA-256 in small hexadecimal digits")
]
Version = Annotated[
    str, Meta(pattern=rf"^{VERSION.pattern}\Z", description="1.<yymmdd>.<second of the day>")
]
FileName = Annotated[
    str,
    Meta(
        pattern=r"^(?!/)(?!.*(?:^|/)\.\.?(?:/|\Z))[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*\Z",
        description="a path within the archive",
    ),
]
Score = Annotated[float, Meta(ge=0, le=1)]


class EdgeFile(Record):
    """A file of the archive."""

    sha256: Digest
    bytes: Size


class EdgeModel(Record):
    """The network within the archive: input `data` (n, 3, S, S), output `scores` (n, L)."""

    file: FileName
    precision: Precision


class EdgeManifest(Document, kw_only=True):
    """manifest.json of model.zip: all that a device has to know of a model."""

    dataset: str
    version: Version
    run: str
    """Whose model it is."""
    created: str
    """When it was promoted: ISO 8601, UTC."""
    task: Task
    """single: one label an image, whose score has to reach its threshold; else it is unsure."""
    labels: Names
    """In the order of the network's outputs."""
    thresholds: Mapping[str, float]
    """The score from which a label is given, by label."""
    image: ImageSpec
    model: EdgeModel
    files: Mapping[FileName, EdgeFile]
    """Every other file of the archive, by its path."""
    tolerance: Score
    """How far a smoke image's scores may be from those that are expected."""


class EdgeSmokeImage(Record):
    """An image of the archive and the scores that its model gave it."""

    file: FileName
    scores: Sequence[Score]


class EdgeSmoke(Document, kw_only=True):
    """smoke.json of model.zip: what a device must reproduce before it switches."""

    labels: Names
    images: Annotated[tuple[EdgeSmokeImage, ...], Meta(min_length=1)]


class Statement(Record):
    """What is signed; its canonical text has these keys in this order, and no blanks."""

    bytes: Size
    """Of model.zip."""
    dataset: str
    sha256: Digest
    version: Version


def statement_text(statement: Statement) -> str:
    """Return the text that is signed: JSON, keys in order, no blanks."""
    return msgspec.json.encode(statement).decode()


def read_statement(text: str, where: str) -> Statement:
    """Return what a statement's text says; raises UnreadableDocument naming the key.

    A text that is not canonical is refused, so that one statement has one text.
    """
    found = decode_record(text.encode(), Statement, where)
    if statement_text(found) != text:
        raise UnreadableDocument(f"{where}: its keys are not in order, or there are blanks")
    return found


class EdgeUpdate(Record):
    """An IoT job's document: fetch this archive, check it, switch to it."""

    operation: Literal["tagline-update"]
    dataset: str
    version: Version
    url: str
    """Where to fetch model.zip, for an hour."""
    statement: str
    """Text that `read_statement` reads."""
    signature: str
    """Of the statement: ECDSA with SHA-256 on P-256, DER, base64."""


class Int8Verdict(Record, kw_only=True):
    """Whether the int8 model went out, and what it was judged by."""

    accepted: bool
    reason: str
    """A sentence for people."""
    images: Size = 0
    """On which both were judged."""
    agreement: float | None = None
    """The share of them that both give the same label, or the same tags."""
    metric: str = "mAP"
    """The primary metric."""
    fp32: float | None = None
    """Of the primary metric, like `int8`."""
    int8: float | None = None
    difference: Resampled | None = None
    """int8 less fp32 of the primary metric, by resampled images."""
    calibrated_on: Size = 0
    """Validation images, which chose the ranges of the numbers."""
    excluded: tuple[str, ...] = ()
    """Nodes of the network that stay fp32."""


class EdgeOrder(Document, kw_only=True):
    """What is to be packaged."""

    dataset: str
    version: Version
    run: str
    """The champion."""
    created: str
    """When it was promoted: ISO 8601, UTC."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """That a person set by hand, by label."""
    int8: bool = False
    """Whether a quantized model is to go out where it may."""
    promotion: Promotion = Promotion()
    """What the int8 model is held to."""
    targets: tuple[str, ...]
    """Thing groups that it goes to."""
    by: By = "greengrass"


class EdgePackage(Document, kw_only=True):
    """What packaging says of model.zip, which lies beside it."""

    dataset: str
    version: Version
    run: str
    sha256: Digest
    """Of model.zip."""
    bytes: Size
    precision: Precision
    int8: Int8Verdict | None = None
    """Null where int8 was not asked for."""


class EdgeDeployment(Record, kw_only=True):
    """Where a version was sent."""

    target: str
    """The thing group's name."""
    id: str
    """Of Greengrass's deployment, or of the IoT job."""


class EdgeRelease(Document, kw_only=True):
    """What went out to which devices; written once, when all of it has been ordered."""

    dataset: str
    version: Version
    run: str
    created: str
    """ISO 8601, UTC."""
    artifact: str
    """S3 URI of model.zip."""
    statement: str
    """What is signed."""
    signature: str
    """Base64."""
    key_id: str
    """ARN of the key of AWS KMS that signed."""
    by: By
    component: str | None = None
    """ARN of the version of the Greengrass component; null where jobs were made."""
    deployments: tuple[EdgeDeployment, ...] = ()
    precision: Precision
    int8: Int8Verdict | None = None
