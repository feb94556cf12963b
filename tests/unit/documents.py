"""Complete documents for tests to change, and today's JSON to compare with (golden/)."""

import json
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from tagline.formats.models import ChampionMeans, Difference, Metrics
from tagline.formats.outcomes import Champion, Outcome, Status
from tagline.formats.packed import BySide, Digests, PackedDataset, Versions
from tagline.formats.plan import ListVersion, Plan
from tagline.formats.rows import Side
from tagline.formats.settings import ImageSpec, Settings

RUN, OTHER = "demo-0123456789abcdef", "demo-00000000000000ff"
# Each value is another one than the default, and than the others
TRAINING = {
    "network": "small",
    "epochs": 7,
    "learning_rate": 0.0025,
    "mini_batch_size": 24,
    "optimizer": "nag",
    "weight_decay": 0.0003,
    "augmentation_type": "crop_color",
    "use_weighted_loss": True,
    "seed": 17,
    "max_runtime": 5400,
}
TUNING = {"max_jobs": 7, "max_parallel_jobs": 2, "strategy": "Bayesian"}
RANGES = {
    "learning_rate": [0.0001, 0.01],
    "weight_decay": [0, 0.1],
    "mini_batch_size": [16, 64],
    "epochs": [3, 9],
    "optimizer": ["adam", "sgd"],
    "augmentation_type": ["none", "crop"],
    "network": ["small", "resnet18_v1"],
    "use_weighted_loss": [True, False],
}
LABELS = ("red", "round", "großer Ball")
GIB = 2**30


def golden(name: str) -> dict[str, Any]:
    """Return a JSON document of golden/."""
    path = Path(__file__).parent / "golden" / f"{name}.json"
    return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


def plain(document: msgspec.Struct) -> dict[str, Any]:
    """Return a document as its JSON reads."""
    return cast("dict[str, Any]", json.loads(msgspec.json.encode(document)))


def settings(**sections: Any) -> Settings:
    """Return settings as dataset.yaml would state them."""
    return msgspec.convert(sections, Settings)


def plan(**changes: Any) -> Plan:
    """Return a plan.json."""
    made = Plan(
        run=RUN,
        dataset="demo",
        bucket="data",
        list=ListVersion(key="demo/lists/all.lst", version_id="v1", etag="e1", sha256="f" * 64),
        fingerprint="abc",
        rows=1003,
        accepted=1000,
        rejected=3,
        train=800,
        validation=200,
        labels=LABELS,
        positives={"red": 300, "round": 200, "großer Ball": 100},
        settings=Settings(),
        shards=2,
    )
    return replace(made, **changes)


def packed_dataset(**changes: Any) -> PackedDataset:
    """Return a dataset.json."""
    made = PackedDataset(
        run=RUN,
        packing="p1",
        fingerprint="abc",
        rows=1003,
        accepted=1000,
        rejected=3,
        train=800,
        validation=200,
        labels=LABELS,
        positives={label: BySide(train=80, validation=20) for label in LABELS},
        sha256=Digests(train="a" * 64, validation="b" * 64),
        bytes=BySide(train=30 * GIB, validation=8 * GIB),
        image=ImageSpec(size=80),
        versions=Versions(tagline="0.1.0", opencv="4", numpy="2", python="3.11"),
    )
    return replace(made, **changes)


def difference(value: float, **changes: Any) -> Difference:
    """Return what one model has more of mAP than another: proven, where it is more."""
    made = Difference(
        mAP=value,
        low=value / 2,
        high=value * 1.5,
        level=0.95,
        rounds=400,
        bound=value * 0.6,
        confidence=0.9,
        probability=0.98 if value > 0 else 0.01,
        images=200,
    )
    return replace(made, **changes)


def metrics(challenger: float | None, champion: float | None = None, run: str = OTHER) -> Metrics:
    """Return a metrics.json; no champion's number: there was none to compare with."""
    means = ChampionMeans(run=run, mAP=champion, micro_ap=None, baseline_map=None)
    gain = challenger - champion if challenger is not None and champion is not None else None
    return Metrics(
        run=RUN,
        created="2026-11-12T01:00:00Z",
        images=200,
        judged_on=Side.TEST,
        mAP=challenger,
        micro_ap=None,
        baseline_map=None,
        labels=(),
        over_frequencies=None if challenger is None else difference(challenger),
        champion=None if champion is None else means,
        difference=None if gain is None else difference(gain),
    )


def champion(**changes: Any) -> Champion:
    """Return a champion.json."""
    made = Champion(
        run=OTHER,
        created="2026-11-11T00:00:00Z",
        endpoint="tagline--demo-50876c98a6b2",
        endpoint_config="tagline--00000000000000ff-config-0",
        model="tagline--00000000000000ff-model-0",
        artifact="s3://data/demo/output/old/output/model.tar.gz",
        mAP=0.5,
        reason="mAP 0.5000, and there is no champion to beat",
        previous=None,
    )
    return replace(made, **changes)


def status(**changes: Any) -> Status:
    """Return a status.json."""
    made = Status(
        run=RUN,
        dataset="demo",
        outcome=Outcome.PROMOTED,
        state="RecordChampion",
        reason="won",
        started="2026-11-12T00:00:00Z",
        ended="2026-11-12T02:00:00Z",
    )
    return replace(made, **changes)
