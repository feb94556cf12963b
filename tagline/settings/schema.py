"""A dataset's settings: what `dataset.yaml` may say, its defaults, and what plan.json keeps.

A setting that is absent takes the default; one that is unknown, of the wrong type or out of range
is an error which names it, so that a typing mistake never trains a model with defaults.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Self, cast, get_args, get_type_hints

from tagline.settings import rules
from tagline.settings.rules import InvalidSettings

__all__ = ["InvalidSettings", "Settings", "load_settings"]

MAX_SETTINGS_BYTES = 64 * 1024
OPTIMIZERS = ("adam", "sgd", "rmsprop", "nag")
AUGMENTATIONS = ("none", "crop", "crop_color", "crop_color_transform")


def _setting(default: Any, rule: Callable[[str, Any], Any]) -> Any:
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True)
class Image:
    """How images reach the model: `size` pixels square, letterboxed, cropped or stretched."""

    size: int = _setting(96, rules.integer(16, 1024))
    mode: str = _setting("letterbox", rules.one_of("letterbox", "crop", "stretch"))
    background: str = _setting("#ffffff", rules.colour)


@dataclass(frozen=True)
class Split:
    """Share of the images kept for validation, and the seed that picks them."""

    validation: float = _setting(0.2, rules.number(0.01, 0.9))
    seed: int = _setting(0, rules.integer(0, 2**31 - 1))


@dataclass(frozen=True)
class Tolerance:
    """Share of the list's rows that may be rejected before the run fails."""

    rejected: float = _setting(0.5, rules.number(0, 1))


@dataclass(frozen=True)
class Training:
    """What the training job is asked for; null leaves the choice to the plan (`max_runtime`: s)."""

    network: str = _setting("auto", rules.word)
    epochs: int | None = _setting(None, rules.optional(rules.integer(1, 1000)))
    learning_rate: float | None = _setting(None, rules.optional(rules.number(1e-7, 1)))
    mini_batch_size: int | None = _setting(None, rules.optional(rules.integer(1, 4096)))
    optimizer: str = _setting("adam", rules.one_of(*OPTIMIZERS))
    weight_decay: float | None = _setting(None, rules.optional(rules.number(0, 1)))
    augmentation_type: str | None = _setting(None, rules.optional(rules.one_of(*AUGMENTATIONS)))
    use_weighted_loss: bool = _setting(default=False, rule=rules.boolean)
    seed: int = _setting(0, rules.integer(0, 2**31 - 1))
    instance_type: str | None = _setting(None, rules.optional(rules.instance_type))
    max_runtime: int = _setting(86400, rules.integer(60, 5 * 86400))


@dataclass(frozen=True)
class Tuning:
    """A search over hyperparameters: number ranges are [low, high], others lists of choices."""

    max_jobs: int = _setting(4, rules.integer(1, 500))
    max_parallel_jobs: int = _setting(1, rules.integer(1, 100))
    strategy: str = _setting("Random", rules.one_of("Random", "Bayesian"))
    ranges: Mapping[str, tuple[Any, ...]] = field(
        default_factory=lambda: {"learning_rate": (0.0001, 0.01)},
        metadata={
            "rule": rules.ranges(
                floats={"learning_rate": (1e-7, 1), "weight_decay": (0, 1)},
                integers={"mini_batch_size": (1, 4096), "epochs": (1, 1000)},
                choices={
                    "optimizer": OPTIMIZERS,
                    "augmentation_type": AUGMENTATIONS,
                    "network": None,
                    "use_weighted_loss": (False, True),
                },
            )
        },
    )


@dataclass(frozen=True)
class Promotion:
    """A challenger is promoted at `minimum_map` or more and `margin` above the champion's mAP."""

    margin: float = _setting(0.0, rules.number(0, 1))
    minimum_map: float = _setting(0.0, rules.number(0, 1))


@dataclass(frozen=True)
class Endpoint:
    """Where the champion serves; null takes the stack's parameters."""

    instance_type: str | None = _setting(None, rules.optional(rules.instance_type))
    instance_count: int | None = _setting(None, rules.optional(rules.integer(1, 100)))


@dataclass(frozen=True)
class Settings:
    """All settings of a dataset, checked; `source` is an s3:// prefix or None."""

    source: str | None = _setting(None, rules.optional(rules.s3_prefix))
    image: Image = field(default_factory=Image)
    split: Split = field(default_factory=Split)
    tolerance: Tolerance = field(default_factory=Tolerance)
    training: Training = field(default_factory=Training)
    tuning: Tuning | None = None
    promotion: Promotion = field(default_factory=Promotion)
    endpoint: Endpoint = field(default_factory=Endpoint)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings a mapping states; raises InvalidSettings naming the key."""
        return cast("Self", _build(cls, values, ""))

    def to_dict(self) -> dict[str, Any]:
        """Return every setting as JSON-ready values; `from_dict` takes them back."""
        return cast("dict[str, Any]", _plain(self))


def load_settings(text: str | bytes) -> Settings:
    """Read a `dataset.yaml`; an empty one means all defaults.

    Raises InvalidSettings for what is not YAML, too long (64 KiB), or not a setting.
    """
    from tagline.settings.yaml_file import parse_yaml  # noqa: PLC0415 - containers have no YAML reader

    if len(text) > MAX_SETTINGS_BYTES:
        raise InvalidSettings(f"dataset.yaml is larger than {MAX_SETTINGS_BYTES // 1024} KiB")
    values = parse_yaml(text)
    return cast("Settings", _build(Settings, {} if values is None else values, ""))


def _build(cls: type, values: object, where: str) -> object:
    if not isinstance(values, Mapping):
        place = where or "dataset.yaml"
        raise InvalidSettings(f"{place}: expected `name: value` settings, found {values!r:.60}")
    known = {f.name: f for f in fields(cls)}
    types = get_type_hints(cls)
    given: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{where}.{name}" if where else str(name)
        if name not in known:
            raise InvalidSettings(f"{path}: no such setting; known here: {', '.join(known)}")
        rule = known[name].metadata.get("rule")
        if rule is not None:
            given[name] = rule(path, value)
            continue
        optional = type(None) in get_args(types[name])
        section = cast("type", next(filter(is_dataclass, get_args(types[name])), types[name]))
        # `training:` with nothing under it reads as null: a section left at its defaults
        given[name] = (
            (None if optional else section()) if value is None else _build(section, value, path)
        )
    return cls(**given)


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
