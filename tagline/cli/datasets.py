"""Which datasets there are, for whoever named another."""

from itertools import islice

from tagline.cli.target import Target
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import DATASET

_MOST = 10  # datasets named
_LOOKED_AT = 100  # folders of the bucket


def has_runs(target: Target, dataset: str) -> bool:
    """Return whether runs of a dataset have left something."""
    return next(iter(target.bucket.folders(DatasetKeys(dataset).runs)), None) is not None


def datasets_said(target: Target) -> str:
    """Return which datasets have runs, as words."""
    names = [
        name
        for name in islice(filter(DATASET.fullmatch, target.bucket.folders("")), _LOOKED_AT)
        if has_runs(target, name)
    ]
    if not names:
        return "no dataset has a run yet: `tagline drop DATASET LIST` starts one"
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"there are runs of {', '.join(names[:_MOST])}{more}"
