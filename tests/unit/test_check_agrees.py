"""`tagline check` accepts what PlanDataset accepts, and says what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tagline.formats.reasons import UnusableList
from tagline.listing.checking import check_list
from tagline.settings import InvalidSettings
from tests.unit.ingest_world import World, world


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def listed(*labels: str) -> bytes:
    rows = (f"{at}\t{row}\timages/{at}.png\n" for at, row in enumerate(labels))
    return "".join(rows).encode()


MANY = listed(*["1\t0", "0\t1"] * 20)
TUNED = "tuning: {max_jobs: 4, ranges: {mini_batch_size: [8, %d]}}"


@pytest.mark.parametrize(
    ("data", "settings", "sentence"),
    [
        (MANY, "", None),
        (listed("1\t0", "1\t0"), "", None),
        (listed("1\t0", "0\t1", *["0\t0"] * 30), "", None),
        (listed("1\t0"), "", "a split needs at least 2"),
        (listed(*["0\t0"] * 9), "", "no training image has any label"),
        (listed("1\t0", *["0\t0"] * 30), "", "image has any label"),
        (MANY, "training: {network: resnet9000}", "training.network: expected one of auto"),
        (MANY, "training: {network: mobilenet_v2_0_5}", None),
        (MANY, "training: {mini_batch_size: 28}", None),
        (MANY, "training: {mini_batch_size: 36}", "training.mini_batch_size reaches 36"),
        (MANY, TUNED % 28, None),
        (MANY, TUNED % 36, "tuning.ranges.mini_batch_size reaches 36"),
        (MANY, "tuning: {max_jobs: 3, ranges: {optimizer: [adam, sgd]}}", "the 2 combinations"),
        (MANY, "tuning: {max_jobs: 2, ranges: {optimizer: [adam, sgd]}}", None),
        (MANY, "tuning: {max_jobs: 2, max_parallel_jobs: 3}", "max_parallel_jobs 3 is more than"),
    ],
)
def test_check_and_plan_agree(
    demo: World, tmp_path: Path, data: bytes, settings: str, sentence: str | None
) -> None:
    (tmp_path / "a.lst").write_bytes(data)
    (tmp_path / "a.yaml").write_text(settings)
    for at in range(data.count(b"\n")):
        demo.image(f"{at}.png", b"picture %d" % at)
    demo.put("demo/dataset.yaml", settings.encode())
    demo.drop(data)
    report = check_list(tmp_path / "a.lst", settings_path=tmp_path / "a.yaml")
    if sentence is None:
        assert report.problems == []
        demo.plan()
        return
    assert sentence in report.problems[0]
    with pytest.raises((UnusableList, InvalidSettings), match=sentence):
        demo.plan()
