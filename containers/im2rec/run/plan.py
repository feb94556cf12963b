"""What the packing needs of plan.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from im2rec.errors import PackFailed
from im2rec.run.store import RunStore
from tagline.imaging import ImageSpec


@dataclass(frozen=True)
class Plan:
    """The planned dataset: how many rows, which labels, how images look, what is tolerated.

    `reuse` names the run whose records `reused` rows take their images from, or is None;
    `packed_before` are the runs that packed the dataset last, newest first.
    """

    run: str
    rows: int
    rejected: int
    labels: tuple[str, ...]
    fingerprint: str
    spec: ImageSpec
    tolerance: float
    reused: int = 0
    reuse: Mapping[str, Any] | None = None
    packed_before: tuple[str, ...] = ()

    @classmethod
    def of_run(cls, store: RunStore) -> Self:
        """Return the plan of the store's run; raise PackFailed when it has no usable one."""
        return cls.from_dict(store.read_json(store.keys.of("plan.json")))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the plan that plan.json states; raise PackFailed naming what is wrong in it."""
        try:
            settings = values["settings"]
            return cls(
                run=values["run"],
                rows=int(values["rows"]),
                rejected=int(values["rejected"]),
                labels=tuple(values["labels"]),
                fingerprint=values["fingerprint"],
                spec=ImageSpec.from_dict(settings["image"]),
                tolerance=float(settings["tolerance"]["rejected"]),
                reused=int(values.get("reused", 0)),
                reuse=values.get("reuse"),
                packed_before=tuple(values.get("packed_before", ())),
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise PackFailed(f"plan.json cannot be used: {type(exc).__name__} {exc}.") from exc
