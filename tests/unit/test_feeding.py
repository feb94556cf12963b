"""How a training job gets its records: each machine its own, copied or as they are read."""

from typing import Any

import pytest

from tagline.formats.instances import memory
from tagline.formats.packed import BySide, PackedDataset, PackedFile, PackedFiles
from tagline.formats.settings import Training
from tagline.jobs.feeding import Feeding, feeding
from tests.unit.documents import packed_dataset

GIB = 2**30
SMALL, LARGE = "ml.c5.4xlarge", "ml.m5.24xlarge"  # of 32 and 384 GiB


def dataset(*files: int, validation: int = 1) -> PackedDataset:
    """Return a set whose training files have so many GiB."""
    several = tuple(
        PackedFile(name=f"train-{number:05}.rec", images=1, bytes=size * GIB, sha256="0")
        for number, size in enumerate(files)
    )
    return packed_dataset(
        bytes=BySide(train=sum(files) * GIB, validation=validation * GIB),
        files=PackedFiles(train=several if len(files) > 1 else ()),
    )


def fed(found: PackedDataset, kind: str = SMALL, **training: Any) -> Feeding:
    return feeding(found, Training(**training), kind)


@pytest.mark.parametrize(
    ("files", "machines", "wanted"),
    [((2,), 1, 2), ((2, 2, 1), 1, 5), ((2,), 2, 2), ((2, 2), 3, 4)],
)
def test_all_machines_get_all_files_where_there_are_fewer(
    files: tuple[int, ...], machines: int, wanted: int
) -> None:
    found = fed(dataset(*files), instance_count=machines)
    assert found == Feeding("File", "FullyReplicated", (wanted + 1) * GIB)


def test_each_machine_gets_files_of_its_own_where_there_are_as_many() -> None:
    found = fed(dataset(2, 2, 1), instance_count=2)
    assert found == Feeding("File", "ShardedByS3Key", (2 + 1 + 1) * GIB)  # the first and the third
    assert fed(dataset(2, 2, 1), instance_count=3).on_disk == 3 * GIB


@pytest.mark.parametrize(
    ("files", "kind", "machines", "mode"),
    [
        ((128,), SMALL, 1, "File"),
        ((129,), SMALL, 1, "FastFile"),
        ((129,), "ml.p4d.24xlarge", 1, "FastFile"),  # whose memory nobody wrote down here
        ((192,), LARGE, 1, "File"),
        ((193,), LARGE, 1, "FastFile"),
        ((100, 100), SMALL, 2, "File"),
        ((100, 100), SMALL, 1, "FastFile"),
        ((9000,), "ml.g6e.48xlarge", 1, "FastFile"),
    ],
)
def test_what_takes_long_to_copy_and_is_streamed_anyway_stays_where_it_is(
    files: tuple[int, ...], kind: str, machines: int, mode: str
) -> None:
    found = fed(dataset(*files), kind, instance_count=machines)
    assert found.mode == mode
    assert found.on_disk == (1 if mode == "FastFile" else 1 + max(files)) * GIB
    for algorithm in ("builtin", "ours"):
        asked = {"instance_count": machines, "algorithm": algorithm}
        assert fed(dataset(*files), kind, input_mode="file", **asked).mode == "File"
        assert fed(dataset(*files), kind, input_mode="fastfile", **asked).mode == "FastFile"
    assert fed(dataset(*files), kind, algorithm="builtin", instance_count=machines).mode == "File"


@pytest.mark.parametrize(
    ("kind", "gib"),
    [("ml.c5.large", 4), ("ml.c5.9xlarge", 72), ("ml.m5.xlarge", 16), ("ml.g5.48xlarge", 768),
     ("ml.p4d.24xlarge", None), ("ml.c5", None), ("", None)],
)  # fmt: skip
def test_what_the_name_of_a_machine_tells_of_its_memory(kind: str, gib: float | None) -> None:
    assert memory(kind) == (None if gib is None else gib * GIB)
