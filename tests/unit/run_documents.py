"""Complete documents as the flow leaves them, for tests that change a few keys."""

from typing import Any

import msgspec

from tagline.formats.models import Metrics
from tagline.formats.names import endpoint_name
from tagline.formats.outcomes import Champion, Decision, Latest, Outcome, Status
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan

RUN = "demo-0123456789abcdef"
LABELS = ("circle", "red")
COUNTS = {"rows": 40, "accepted": 38, "rejected": 2, "train": 30, "validation": 8}
IMAGE = {"size": 64, "mode": "letterbox", "background": "#ffffff"}


def plan(**changes: Any) -> Plan:
    """A plan.json."""
    source = {"key": "demo/lists/a.lst", "version_id": "v", "etag": "e", "sha256": "s"}
    known = {"run": RUN, "dataset": "demo", "bucket": "data", "list": source, "fingerprint": "f"}
    counts = COUNTS | {"positives": dict.fromkeys(LABELS, 9), "shards": 1}
    return msgspec.convert({**known, **counts, "labels": LABELS, "settings": {}, **changes}, Plan)


def packed_dataset(**changes: Any) -> PackedDataset:
    """A dataset.json."""
    side = {"train": 7, "validation": 2}
    known = {"run": RUN, "packing": "2", "fingerprint": "f", **COUNTS, "labels": LABELS}
    bits = {"sha256": {"train": "a", "validation": "b"}, "bytes": side, "image": IMAGE}
    versions = dict.fromkeys(("tagline", "opencv", "numpy", "python"), "1")
    more = {"positives": dict.fromkeys(LABELS, side), "versions": versions}
    return msgspec.convert({**known, **bits, **more, **changes}, PackedDataset)


def metrics(**changes: Any) -> Metrics:
    """A metrics.json, without a champion to compare with."""
    means = {"mAP": 0.91, "micro_ap": 0.93, "baseline_map": 0.19}
    row = {"ap": 0.8, "f1": 0.7, "support": 20, "threshold": 0.5}
    known = {"run": RUN, "created": "2026-01-01T00:00:00+00:00", "images": 250, **means}
    labels = [{"label": label, **row} for label in LABELS]
    return msgspec.convert({**known, "labels": labels, **changes}, Metrics)


def champion(**changes: Any) -> Champion:
    """A champion.json."""
    run = changes.get("run", RUN)
    dataset, digest = run[:-17], run[-16:]
    known = {
        "run": run,
        "created": "2026-01-01T00:00:00Z",
        "endpoint": endpoint_name("tagline", dataset or "demo"),
        "endpoint_config": f"tagline--{digest}-config-0",
        "model": f"tagline--{digest}-model-0",
        "artifact": f"s3://data/{dataset}/output/tagline--{digest}-train-0/output/model.tar.gz",
        "mAP": 0.91,
        "reason": "the first model of the dataset",
        "previous": None,
    }
    return msgspec.convert(known | changes, Champion)


def decision(**changes: Any) -> Decision:
    """A decision.json that promotes."""
    maps = {"challenger_map": 0.91, "champion_map": 0.85}
    return msgspec.convert({"promote": True, "reason": "better", **maps, **changes}, Decision)


def status(**changes: Any) -> Status:
    """A status.json of a promoted run."""
    times = {"started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:59Z"}
    ending = {"outcome": Outcome.PROMOTED, "state": "RecordChampion", "reason": "better"}
    known = {"run": RUN, "dataset": "demo", **ending, **times}
    return msgspec.convert(known | changes, Status)


def latest(**changes: Any) -> Latest:
    """A latest.json."""
    known = {"run": RUN, "fingerprint": "f", "outcome": Outcome.NOT_PROMOTED}
    return msgspec.convert(known | changes, Latest)
