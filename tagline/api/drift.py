"""GET /datasets/{dataset}/drift: the last look at what is tagged, as WatchDrift left it."""

import msgspec

from tagline.api.bucket import DataBucket
from tagline.api.drift_documents import Drift
from tagline.api.problem import not_found
from tagline.formats.drift import DriftReport, DriftState
from tagline.formats.keys import DatasetKeys


def last_drift(bucket: DataBucket, dataset: str) -> Drift:
    """Return the last report on a dataset; raises a 404 where there is none."""
    keys = DatasetKeys(dataset)
    state = bucket.whole(keys.drift_state, DriftState)
    report = bucket.whole(keys.drift_report(state.hour), DriftReport) if state else None
    if report is not None:
        return msgspec.convert(report, Drift, from_attributes=True)
    if not bucket.holds(f"{dataset}/"):
        raise not_found("unknown_dataset", f"There is no dataset {dataset}.")
    raise not_found(
        "no_drift",
        f"Drift of {dataset} was not looked at yet: that is done hourly once its champion tagged "
        f"images. `tagline drift {dataset}` looks now.",
    )
