"""What a dataset is made of, in one hash: two runs with equal fingerprints train the same model."""

import hashlib
import json
from collections.abc import Iterable, Sequence

import msgspec

from tagline.formats.image_index import PACKING
from tagline.formats.outcomes import Latest
from tagline.formats.rows import PlannedRow
from tagline.formats.section import Section
from tagline.formats.settings import Settings, Tuning

_ADDED = {  # by later versions: where they are at their defaults, the mark stays what it was
    "split": ("test",),
    "training": (
        "loss",
        "label_smoothing",
        "dropout",
        "early_stopping_patience",
        "weight_averaging",
        "views",
        "calibration",
        "engine",
        "instance_count",
        "input_mode",
        "shuffle_buffer",
        "start_from",
        "algorithm",
        "hyperparameters",
        "script",
        "entry",
    ),
    "tuning": ("early_stopping",),
    "promotion": ("confidence", "max_label_drop"),
    "endpoint": (
        "mode",
        "min_instances",
        "max_instances",
        "invocations_per_instance",
        "memory",
        "max_concurrency",
    ),
}
_WHOLE_ADDED = ("quality", "task", "reject_option")  # whole ones, likewise
_MOVING = (  # of traffic
    *("rollout", "rollout_step", "rollout_wait", "bake", "max_latency"),
    *("shadow", "shadow_requests", "shadow_minutes", "shadow_agreement"),
)
_NO_MODEL = (
    *("budget", "sampling", "retrain", "drift", "thresholds", "recommender", "edge"),
    "records",
)
RATINGS_FORMAT = 1
FORMAT = 2  # raise it when planning changes what the same list turns into


def fingerprint(
    names: Sequence[str],
    settings: Settings,
    rows: Iterable[PlannedRow],
    script: str | None = None,
) -> str:
    """Return the SHA-256 (hex) of the label names, the settings and the accepted rows.

    `script` is the SHA-256 of a training script, which counts by what it is, wherever it lies.

    The rows come in packing order, which does not depend on the order of the list; neither do line
    numbers or the way the file is written count. What settings make of rows shows in the rows.
    """
    plain = msgspec.to_builtins(settings)
    del plain["on_conflict"]
    # what is paid and how, what is kept and watched, from where on a score is a tag, where a model
    # goes, how long a file is, and what a later version added and nobody set, make no other model
    for name in _NO_MODEL:
        del plain[name]
    del plain["training"]["spot"]
    for name in _MOVING:
        del plain["endpoint"][name]
    if script:
        plain["training"]["script"] = script
    unset = msgspec.to_builtins(Settings(tuning=Tuning()))
    for name in _WHOLE_ADDED:
        if plain[name] == unset[name]:
            del plain[name]
    for section, names_added in _ADDED.items():
        for name in names_added:
            if plain[section] and plain[section][name] == unset[section][name]:
                del plain[section][name]
    head = {
        "format": FORMAT,
        "packing": PACKING,
        "labels": list(names),
        "settings": plain,
    }
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode() + b"\n")
    for row in rows:
        # no field can hold a tab: the parser refuses control characters
        digest.update(f"{row.id}\t{row.labels}\t{row.bucket}\t{row.key}\t{row.etag}\n".encode())
    return digest.hexdigest()


def ratings_fingerprint(settings: Settings, content: Sequence[str]) -> str:
    """Return the SHA-256 (hex) of what settings ask for and of the channels' content (hex).

    A setting that is at its default does not count, so that one which is added changes nothing.
    """
    head = {
        "format": RATINGS_FORMAT,
        "settings": {
            name: _given(getattr(settings, name))
            for name in ("split", "training", "tuning", "promotion", "endpoint", "recommender")
        },
        "content": list(content),
    }
    return hashlib.sha256(json.dumps(head, sort_keys=True).encode()).hexdigest()


def _given(section: Section | None) -> dict[str, object]:
    if section is None:
        return {}
    unset = type(section)()
    return {
        field.name: msgspec.to_builtins(value)
        for field in msgspec.structs.fields(section)
        if (value := getattr(section, field.name)) != getattr(unset, field.name)
        and field.name not in (*_MOVING, "spot")
    }


def compare(
    mark: str, judged: Sequence[Latest], what: str = "list, labels, settings and images"
) -> tuple[bool, str]:
    """Return whether a judged run has this fingerprint, and the reason in words.

    `what` goes into the fingerprint.
    """
    if not judged:
        return False, "the dataset has no finished run yet"
    for run in judged:
        if run.fingerprint == mark:
            same = f"{what} are those of run {run.run}"
            return True, f"{same} ({run.outcome})"
    changed = what.replace(" and ", " or ")
    return False, f"the {changed} changed since run {judged[-1].run}"
