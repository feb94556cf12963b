"""What packing leaves: dataset.json, packed.json, and a part's part.json."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, field

from tagline.formats.document import Document, Record
from tagline.formats.keys import record_name
from tagline.formats.pictures import BackgroundChoice, LostCounts, NearCopies, vanished_said
from tagline.formats.reasons import Reason
from tagline.formats.rows import Rejected, Side, Size
from tagline.formats.settings import ImageSpec
from tagline.formats.tasks import Task

Names = Annotated[tuple[str, ...], Meta(min_length=1)]
# a side's folder in the bucket
CHANNELS = {Side.TRAIN: "training", Side.VALIDATION: "validation", Side.TEST: "test"}


class BySide(Record):
    """A number for each side of the split."""

    train: Size
    validation: Size
    test: Size = 0


class Digests(Record):
    """The SHA-256 (hexadecimal) of each side's records: of its files, one after the other."""

    train: str
    validation: str
    test: str = ""
    """Empty in older sets, which have no such file."""


class PackedFile(Record):
    """One of the record files of a side."""

    name: Annotated[str, Meta(pattern=r"^[a-z]+(?:-\d{5,})?\.rec\Z")]
    """In the side's folder, such as `train-00000.rec`."""
    images: Size
    bytes: Size
    sha256: str


class PackedFiles(Record, omit_defaults=True):
    """The record files of the sides that have several, in the order of their records."""

    train: tuple[PackedFile, ...] = ()
    validation: tuple[PackedFile, ...] = ()
    test: tuple[PackedFile, ...] = ()

    def __getitem__(self, side: Side) -> tuple[PackedFile, ...]:
        return getattr(self, side)  # type: ignore[no-any-return]


class Versions(Record):
    """What the dataset was packed with."""

    tagline: str
    opencv: str
    numpy: str
    python: str


class PackedDataset(Document, kw_only=True):
    """A packed dataset: what training, evaluation and people may rely on."""

    run: str
    packing: str
    """How images became records (`image_index.PACKING`)."""
    fingerprint: str
    rows: Size
    accepted: Size
    rejected: Size
    reused: Size = 0
    fetched: Size = 0
    lost: LostCounts = LostCounts()
    near_copies: NearCopies = NearCopies()
    train: Size
    validation: Size
    test: Size = 0
    """None in an older or a very small set, which is judged on its validation images."""
    labels: Names
    """In column order."""
    task: Task = Task.MULTI
    """single: each image has exactly one label; absent in older files."""
    positives: Mapping[str, BySide]
    """Images that have each label."""
    sha256: Digests
    bytes: BySide
    """Of the record files."""
    files: PackedFiles = PackedFiles()
    """Of the sides that are longer than `records.file_mib`; the others are one file each."""
    image: ImageSpec
    background: BackgroundChoice | None = None
    """Of `background: auto`; null where dataset.yaml names a colour."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """That dataset.yaml sets by hand, by label: the evaluation goes by them."""
    reasons: Mapping[Reason, Rejected] = field(default_factory=dict)
    """Why rows were rejected, the most frequent first; empty in older files, too."""
    versions: Versions

    def record_files(self, side: Side) -> tuple[PackedFile, ...]:
        """Return a side's record files in order; none of a test side that older sets lack."""
        if several := self.files[side]:
            return several
        sha256: str = getattr(self.sha256, side)
        if not sha256:
            return ()
        return (
            PackedFile(
                name=record_name(CHANNELS[side]),
                images=getattr(self, side),
                bytes=getattr(self.bytes, side),
                sha256=sha256,
            ),
        )


def pictures_said(packed: PackedDataset) -> list[str]:
    """Return sentences about what a dataset's pictures do not tell any more."""
    return vanished_said(
        packed.lost,
        packed.near_copies,
        packed.accepted,
        packed.image,
        chosen=packed.background is not None,
    )


class PackedRuns(Document, kw_only=True):
    """Which runs' packed sets are the newest complete ones."""

    run: str
    before: tuple[str, ...] = ()
    """Those before it, newest first."""


class RecordFile(Record):
    """What is known of a record file."""

    images: Size
    bytes: Size
    sha256: str
    positives: tuple[int, ...]
    """Images that have each label, in column order."""


class RecordFiles(Record):
    """The record files of all sides."""

    train: RecordFile
    validation: RecordFile
    test: RecordFile = RecordFile(images=0, bytes=0, sha256="", positives=())

    def __getitem__(self, side: Side) -> RecordFile:
        return getattr(self, side)  # type: ignore[no-any-return]


class Part(Document, kw_only=True):
    """A packed range of shards."""

    rows: Size
    """Verdicts in the part's verdicts.jsonl."""
    channels: RecordFiles
    background: BackgroundChoice | None = None
    """Of `background: auto`, the same in every part."""
