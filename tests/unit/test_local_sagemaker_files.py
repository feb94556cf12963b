"""Files on their way between S3, jobs and servers of the laptop cloud."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from local.context import Cloud
from local.objects import Objects
from local.sagemaker import archives, channels
from local.sagemaker.archives import UnusableArchive
from local.sagemaker.channels import UnusableInput
from local.sagemaker.errors import SageMakerError
from local.sagemaker.store import ENDPOINT, MODEL, Store


class MemoryObjects(Objects):
    """S3 objects in a dictionary."""

    def __init__(self, content: dict[str, bytes]) -> None:
        object.__setattr__(self, "content", content)

    content: dict[str, bytes]

    def get(self, uri: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.content[uri])

    def put(self, file: Path, uri: str) -> None:
        self.content[uri] = file.read_bytes()

    def list(self, uri: str) -> list[str]:
        return sorted(item for item in self.content if item.startswith(uri))


def names(folder: Path) -> list[str]:
    return sorted(str(item.relative_to(folder)) for item in folder.rglob("*") if item.is_file())


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("s3://b/d/train/", ["a.rec", "deep/b.rec"]),
        ("s3://b/d/train", ["_lst/c.lst", "a.rec", "deep/b.rec"]),
        ("s3://b/d/train/a.rec", ["a.rec"]),
    ],
)
def test_a_prefix_takes_every_object_under_it(tmp_path: Path, uri: str, found: list[str]) -> None:
    keys = ("d/train/a.rec", "d/train/deep/b.rec", "d/train_lst/c.lst", "d/train/", "d/other")
    objects = MemoryObjects({f"s3://b/{key}": key.encode() for key in keys})
    assert channels.download(objects, uri, tmp_path) == len(found)
    assert names(tmp_path) == found


@pytest.mark.parametrize(
    ("machines", "found"),
    [
        (1, [["a.rec", "b.rec", "c.rec"]]),
        (2, [["a.rec", "c.rec"], ["b.rec"]]),
        (4, [["a.rec"], ["b.rec"], ["c.rec"], []]),
    ],
)
def test_the_objects_of_a_prefix_are_dealt_out_to_machines(
    tmp_path: Path, machines: int, found: list[list[str]]
) -> None:
    keys = ("d/train/b.rec", "d/train/c.rec", "d/train/a.rec", "d/train/", "d/other")
    objects = MemoryObjects({f"s3://b/{key}": key.encode() for key in keys})
    folders = [tmp_path / str(number) for number in range(machines)]
    channels.deal(objects, "s3://b/d/train/", folders)
    assert [names(folder) for folder in folders] == found
    with pytest.raises(UnusableInput):
        channels.deal(objects, "s3://b/none/", folders)


def test_a_prefix_without_objects_or_with_a_way_out_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "input" / "data"
    objects = MemoryObjects({"s3://b/d/../../x": b"", "s3://b/empty/": b""})
    with pytest.raises(UnusableInput, match="no S3 objects found"):
        channels.download(objects, "s3://b/empty/", folder)
    with pytest.raises(UnusableInput, match=r"'\.\.'"):
        channels.download(objects, "s3://b/d/", folder)
    assert names(tmp_path) == []


def test_a_folder_is_uploaded_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"A")
    (tmp_path / "link").symlink_to("/etc/passwd")
    objects = MemoryObjects({})
    assert channels.upload(objects, tmp_path, "s3://b/out/") == 1
    assert objects.content == {"s3://b/out/deep/a": b"A"}


def test_a_model_is_packed_and_unpacked(tmp_path: Path) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "deep" / "a").write_bytes(b"A")
    archives.pack(tmp_path / "model", tmp_path / "model.tar.gz")
    archives.unpack(tmp_path / "model.tar.gz", tmp_path / "again")
    assert names(tmp_path / "again") == ["deep/a"]


def member(name: str, **fields: Any) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        item = tarfile.TarInfo(name)
        for field, value in fields.items():
            setattr(item, field, value)
        archive.addfile(item)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        member("../outside"),
        member("link", type=tarfile.SYMTYPE, linkname="../../outside"),
        member("device", type=tarfile.CHRTYPE),
        b"not an archive",
        member("x")[:20],
    ],
    ids=["outside", "link", "device", "no-archive", "cut"],
)
def test_an_unsafe_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    with pytest.raises(UnusableArchive, match="cannot be unpacked"):
        archives.unpack(tmp_path / "model.tar.gz", tmp_path / "model")
    assert names(tmp_path) == ["model.tar.gz"]


def test_an_absolute_name_is_taken_as_relative(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(member("/deep/inside"))
    archives.unpack(tmp_path / "model.tar.gz", tmp_path / "model")
    assert names(tmp_path) == ["model.tar.gz", "model/deep/inside"]


def test_an_archive_that_grows_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGEST_MODEL", 1000)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a").write_bytes(bytes(2000))
    archives.pack(tmp_path / "model", tmp_path / "model.tar.gz")
    with pytest.raises(UnusableArchive, match="1000 bytes"):
        archives.unpack(tmp_path / "model.tar.gz", tmp_path / "again")


def test_the_store_outlives_its_process_and_copies(tmp_path: Path) -> None:
    cloud = Cloud(1, tmp_path, tmp_path)
    store = Store(cloud)
    record = {"ModelName": "M", "PrimaryContainer": {"Image": "i"}}
    arn = store.add(MODEL, "M", record, [{"Key": "a", "Value": "b"}])
    assert arn == "arn:aws:sagemaker:us-east-1:000000000000:model/m"
    record["PrimaryContainer"]["Image"] = "changed"  # type: ignore[index]
    store.get(MODEL, "M")["PrimaryContainer"]["Image"] = "changed"

    again = Store(cloud)

    assert again.get(MODEL, "M")["PrimaryContainer"] == {"Image": "i"}
    assert again.tags(arn) == [{"Key": "a", "Value": "b"}]
    with pytest.raises(SageMakerError, match="already existing model"):
        again.add(MODEL, "m", {})
    with pytest.raises(SageMakerError, match='Could not find endpoint "arn:'):
        again.get(ENDPOINT, "M")
    again.remove(MODEL, "M")
    assert json.loads((tmp_path / "sagemaker.json").read_text())["records"]["model"] == {}
    with pytest.raises(SageMakerError, match="Could not find resource"):
        again.tags(arn)
