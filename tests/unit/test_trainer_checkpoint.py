"""Checkpoint files: what is written is read, and nothing else is taken for one."""

import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from trainer.checkpoint import (
    BestEpoch,
    Checkpoint,
    Checkpoints,
    DamagedCheckpoint,
    Progress,
    random_state,
    read,
    set_random_state,
)


def checkpoint(epoch: int, fingerprint: str = "f") -> Checkpoint:
    values = np.arange(6, dtype=np.float32).reshape(2, 3) + epoch
    progress = Progress(
        fingerprint=fingerprint,
        job="demo-train-0",
        epoch=epoch,
        seconds=1.5,
        best=BestEpoch(1, 0.25, 0.5, 0.75),
        fault=None,
        random=random_state(np.random.default_rng(7)),
    )
    # more than ten, so that their order is not the alphabet's
    weights = [values + n for n in range(12)]
    return Checkpoint(progress, weights, average=[values * 2], best=[values[0]], optimizer=[])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    Checkpoints(tmp_path / "new", "f", "demo-train-0").save(checkpoint(3))
    found = Checkpoints(tmp_path / "new", "f", "demo-train-0").latest()
    assert found is not None
    assert found.progress == checkpoint(3).progress
    for group in ("weights", "average", "best", "optimizer"):
        before, after = getattr(checkpoint(3), group), getattr(found, group)
        assert len(before) == len(after)
        assert all(
            (a == b).all() and a.dtype == b.dtype for a, b in zip(before, after, strict=True)
        )


def test_the_newest_two_are_kept_and_half_written_ones_go(tmp_path: Path) -> None:
    (tmp_path / "epoch-00001.writing").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("somebody else's")
    kept = Checkpoints(tmp_path, "f", "")
    for epoch in (1, 2, 3):
        kept.save(checkpoint(epoch))
    assert names(tmp_path) == ["epoch-00002.checkpoint", "epoch-00003.checkpoint", "notes.txt"]


def test_the_one_that_was_taken_stays_beside_its_successor(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "f", "").save(checkpoint(2))
    Checkpoints(tmp_path, "other", "").save(checkpoint(9, "other"))
    assert names(tmp_path) == ["epoch-00009.checkpoint"]
    Checkpoints(tmp_path, "f", "").save(checkpoint(2))
    (tmp_path / "epoch-00009.checkpoint").write_bytes(b"")
    again = Checkpoints(tmp_path, "f", "")
    assert again.latest() is not None
    again.save(checkpoint(3))
    assert names(tmp_path) == ["epoch-00002.checkpoint", "epoch-00003.checkpoint"]


def flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def sealed(rest: bytes) -> bytes:
    """Return a file whose digest is right, whatever else is wrong with it."""
    return b"tagline checkpoint 1 " + sha256(rest).hexdigest().encode() + b"\n" + rest


SPOILED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "it is no checkpoint of this trainer"),
    "a pickle": (lambda _: b"\x80\x04cos\nsystem\n", "it is no checkpoint of this trainer"),
    "the first line alone": (lambda c: c.partition(b"\n")[0], "it is damaged"),
    "cut off": (lambda c: c[:-1], "it is damaged"),
    "longer": (lambda c: c + b"x", "it is damaged"),
    "a bit of the header": (lambda c: flip(c, 120), "it is damaged"),
    "a bit of the arrays": (lambda c: flip(c, len(c) // 2), "it is damaged"),
    "of a later version": (
        lambda c: c.replace(b"checkpoint 1 ", b"checkpoint 2 ", 1),
        "damaged, or",
    ),
    "sealed nothing": (lambda _: sealed(b""), "its content is not understood"),
    "sealed header": (lambda _: sealed(b"{}\n"), "its content is not understood"),
    "sealed rubbish": (
        lambda c: sealed(c.split(b"\n", 2)[1] + b"\nrubbish"),
        "its content is not understood",
    ),
}


@pytest.mark.parametrize("case", SPOILED)
def test_what_is_no_whole_checkpoint_is_named_and_passed_over(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Checkpoints(tmp_path, "f", "")
    kept.save(checkpoint(1))
    kept.save(checkpoint(2))
    newest = tmp_path / "epoch-00002.checkpoint"
    spoil, told = SPOILED[case]
    newest.write_bytes(spoil(newest.read_bytes()))
    with pytest.raises(DamagedCheckpoint, match=told):
        read(newest)
    found = Checkpoints(tmp_path, "f", "").latest()
    assert found is not None
    assert found.progress.epoch == 1
    assert f"checkpoint {newest.name} is not used: " in capsys.readouterr().out


def test_another_trainings_checkpoint_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Checkpoints(tmp_path, "f", "").save(checkpoint(1))
    assert Checkpoints(tmp_path, "g", "").latest() is None
    assert "is of other hyperparameters or data" in capsys.readouterr().out


def test_generators_go_on_where_they_were() -> None:
    rng = np.random.default_rng(3)
    normal = np.random.standard_normal
    normal(3)  # leaves half of a pair behind
    random.gauss(0, 1)
    told = random_state(rng)

    def draw() -> list[list[float]]:
        return [rng.random(5).tolist(), normal(4).tolist(), [random.gauss(0, 1)]]

    before = draw()
    set_random_state(told, rng)
    assert draw() == before
