"""S3 prefixes to local folders and back."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from local.objects import Objects, S3Uri


class UnusableInput(ValueError):
    """An input holds no object, or one whose name has no place in a folder."""


def download(objects: Objects, uri: str, folder: Path) -> int:
    """Copy every object under the prefix `uri` into `folder`; return how many.

    A prefix is a prefix: `…/train` takes `…/train/a` and `…/train_lst/b` alike, as on AWS. Names
    are what follows the prefix; an object that is the prefix itself keeps its last part. Raises
    UnusableInput when there is none.
    """
    return _copy(objects, uri, _listed(objects, uri), folder)


def deal(objects: Objects, uri: str, folders: Sequence[Path]) -> None:
    """Copy the objects under the prefix `uri` into folders, each into one: ShardedByS3Key.

    In the order of their keys they are dealt out one by one, so that each folder has its n-th part
    of them, to an object. AWS says no more than that of which machine gets which; a machine for
    which there is none gets an empty folder, as there.
    """
    found = sorted(_listed(objects, uri))
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True, exist_ok=True)
        _copy(objects, uri, found[number :: len(folders)], folder)


def _listed(objects: Objects, uri: str) -> list[str]:
    found = [item for item in objects.list(uri) if not item.endswith("/")]
    if not found:
        raise UnusableInput(f"no S3 objects found under S3 URL {uri!r}")
    return found


def _copy(objects: Objects, uri: str, found: Sequence[str], folder: Path) -> int:
    prefix = S3Uri.parse(uri).key
    for item in found:
        key = S3Uri.parse(item).key
        name = key[len(prefix) :].lstrip("/") or key.rsplit("/", 1)[-1]
        if ".." in PurePosixPath(name).parts:
            raise UnusableInput(f"object {item!r} cannot be placed in a folder: its name has '..'")
        objects.get(item, folder / name)
    return len(found)


def upload(objects: Objects, folder: Path, uri: str) -> int:
    """Copy every file in `folder` to a key under `uri`; return how many."""
    files = sorted(item for item in folder.rglob("*") if item.is_file() and not item.is_symlink())
    for file in files:
        objects.put(file, f"{uri.rstrip('/')}/{file.relative_to(folder).as_posix()}")
    return len(files)
