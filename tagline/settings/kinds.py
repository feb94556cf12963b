"""Which settings a dataset of ratings may have, and which are such a dataset's alone."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import fields

from tagline.formats.kinds import Kind
from tagline.formats.section import Section
from tagline.formats.settings import Settings
from tagline.settings.errors import InvalidSettings

LEARNING = (
    "epochs",
    "learning_rate",
    "mini_batch_size",
    "weight_decay",
    "dropout",
    "early_stopping_patience",
)
"""Settings of `training` that become hyperparameters of a recommender."""
_OWN_RANGES = ("algorithm", "regularization", "age_decay", "hidden")
_FOR_RATINGS = {
    "training": (*LEARNING, "seed", "instance_type", "max_runtime", "spot"),
    "tuning.ranges": (*LEARNING, *_OWN_RANGES),
    "promotion": ("margin", "confidence"),
}
_WHOLE_FOR_RATINGS = ("split", "tolerance", "tuning", "endpoint", "budget", "recommender")


def check_kind(settings: Settings, kind: Kind) -> None:
    """Raise InvalidSettings for a setting that says something of the other kind of datasets."""
    alien = _of_images if kind is Kind.RATINGS else _of_ratings
    named = next(alien(settings), None)
    if named is None:
        if kind is Kind.RATINGS and settings.split.test == 0:
            raise InvalidSettings(
                "split.test is 0, and nothing else judges ratings: name a share, or take it out",
                "split.test",
            )
        return
    if kind is Kind.RATINGS:
        words = "images, and this dataset has ratings: take it out"
    else:
        words = "ratings, and this dataset has images: take it out, or drop a file into ratings/"
    raise InvalidSettings(f"{named} is for datasets of {words}", named)


def _of_images(settings: Settings) -> Iterator[str]:
    for section, value in _set(settings, Settings()):
        if section not in (*_WHOLE_FOR_RATINGS, *_FOR_RATINGS):
            yield from _names(section, value, type(value)())
        elif known := _FOR_RATINGS.get(section):
            for name, _ in _set(value, type(value)()):
                if name not in known:
                    yield f"{section}.{name}"
    yield from _searched(settings, _FOR_RATINGS["tuning.ranges"], allowed=True)
    endpoint = settings.endpoint
    for name, _ in _set(endpoint, type(endpoint)()):
        if name.startswith("shadow"):
            yield f"endpoint.{name}"


def _of_ratings(settings: Settings) -> Iterator[str]:
    own = settings.recommender
    yield from (f"recommender.{name}" for name, _ in _set(own, type(own)()))
    yield from _searched(settings, _OWN_RANGES, allowed=False)


def _searched(settings: Settings, names: tuple[str, ...], *, allowed: bool) -> Iterator[str]:
    if settings.tuning is None:
        return
    ranges = settings.tuning.ranges
    for field in fields(ranges):
        if getattr(ranges, field.name) is not None and (field.name in names) is not allowed:
            yield f"tuning.ranges.{field.name}"


def _names(section: str, value: object, unset: object) -> Iterator[str]:
    if isinstance(value, Section) and isinstance(unset, Section):
        yield from (f"{section}.{name}" for name, _ in _set(value, unset))
    else:
        yield section


def _set(section: Section, unset: Section) -> Iterator[tuple[str, Any]]:
    """Yield what of a section is not at its default."""
    for field in fields(section):
        value = getattr(section, field.name)
        if value != getattr(unset, field.name):
            yield field.name, value
