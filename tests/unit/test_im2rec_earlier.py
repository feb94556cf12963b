"""Of an earlier set a task keeps what its own rows reuse, and no more."""

import io
import tempfile

import pytest

from im2rec.errors import PackFailed
from im2rec.run.earlier import EarlierRecords, Look
from tagline.formats.recordio import frame, pack_record
from tagline.formats.rows import Lost, Side, Verdict


def test_what_nobody_asks_for_is_not_kept() -> None:
    images = {number: b"image %d" % number * number for number in range(1, 200)}
    with tempfile.TemporaryFile() as file:
        earlier = EarlierRecords("demo-0", {3, 150, 999}, file)
        for some in (range(1, 100), range(100, 200)):  # files of one set
            framed = (frame(pack_record(it, [1.0, 0.0], images[it])) for it in some)
            earlier.take(io.BytesIO(b"".join(framed)))
        told = {"path": "a.png", "verdict": "accepted", "split": Side.TRAIN}
        earlier.look_up(
            Verdict(line=it, id=it, lost=Lost.TRANSPARENT, sha256=f"{it}", **told)  # type: ignore[arg-type]
            for it in (3, 4)
        )
        assert file.tell() == len(images[3]) + len(images[150])
        assert [earlier.image(it) for it in (150, 3, 150)] == [images[it] for it in (150, 3, 150)]
        assert earlier.look(3) == Look(Lost.TRANSPARENT, sha256="3")
        assert earlier.look(4) == earlier.look(150) == Look()
        with pytest.raises(PackFailed, match="Run demo-0 has no record 999, which the plan reuses"):
            earlier.image(999)
