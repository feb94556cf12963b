"""Where training starts: the starter backbone, the serving model, a user's file, or nowhere.

What is asked for and cannot be is said in the log and in model.json. A file that somebody named
is used or the job is refused: nobody should take a model for one that started there.
"""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from tagline.formats.models import ModelStart
from tagline.formats.settings import FEW_IMAGES
from tagline.formats.tasks import Task
from tagline.formats.weights import UnusableWeights
from trainer.contract import Base, JobRefused
from trainer.engine import Weights
from trainer.weight_files import Shapes, read_description, read_weights

STARTERS = Path(__file__).parent / "starter"
_HEAD = ("head.weight", "head.bias")
HEAD_RATE = 3  # times the rate of the other layers, for a new head: they need not go far
_HEAD_SPREAD = 0.01  # standard deviation of the new rows of a head on features that mean something


@dataclass(frozen=True)
class Start:
    """What the training starts from: its record for model.json, and the weights to put in place."""

    record: ModelStart
    weights: Weights = field(default_factory=dict)
    new_head: bool = False  # the last layer begins (almost) anew on features that are learned

    @property
    def said(self) -> str:
        """One sentence for the log."""
        return f"starts from {self.record.said}"


@dataclass(frozen=True)
class Beginning:
    """What wants to start: a new network's name and weights, images to learn, the labels.

    The last layer of a model of another task is no beginning: what it answers is something else.
    """

    network: str
    fresh: Weights
    seed: int
    images: int
    labels: Sequence[str]
    task: Task = Task.MULTI

    def new_rows(self) -> Weights:
        """Return a head that says little yet; its bias keeps the label frequencies' log-odds."""
        rng = np.random.default_rng(self.seed)
        rows = rng.normal(0, _HEAD_SPREAD, self.fresh[_HEAD[0]].shape)
        return {_HEAD[0]: rows.astype(np.float32)}


def find_start(wanted: str, new: Beginning, base: Base, without: str | None = None) -> Start:
    """Return where a training starts that asks for `wanted`, the hyperparameter start_from.

    `without` says why there is no champion to go on from, where one would be taken. Raises
    JobRefused for a user's file that does not fit.
    """
    if wanted.startswith("s3://"):
        return _from_file(wanted, new, base)
    why = None
    if wanted == "champion" or (wanted == "auto" and (without or base.has_channel("start"))):
        found = _from_champion(new, base, without)
        if isinstance(found, Start):
            return found
        why = found
    if wanted == "none" or (wanted == "auto" and new.images >= FEW_IMAGES):
        return Start(ModelStart(kind="none", instead=why))
    found = _from_starter(new)
    if isinstance(found, Start):
        return dataclasses.replace(found, record=replace(found.record, instead=why))
    return Start(ModelStart(kind="none", instead=f"{why}; {found}" if why else found))


def _from_starter(new: Beginning) -> Start | str:
    known = json.loads((STARTERS / "starter.json").read_text())["networks"]
    if new.network not in known:
        return f"there is no starter for the network {new.network}"
    path = STARTERS / known[new.network]["file"]
    digest = _digest(path)
    if digest != known[new.network]["sha256"]:
        raise JobRefused(f"{path.name} is damaged: its SHA-256 is not that of starter.json")
    try:
        weights = _backbone(path, new.fresh)
        if new.task is Task.MULTI:
            weights |= _starters_head(path, new, known[new.network]["words"].split())
        else:
            weights |= new.new_rows()
    except UnusableWeights as exc:
        return f"the starter does not fit: {exc}"
    return Start(ModelStart(kind="starter", sha256=digest), weights, new_head=True)


def _starters_head(path: Path, new: Beginning, words: Sequence[str]) -> Weights:
    """Return the head with the starter's row for each label that is one of its words.

    How often a word was right there says nothing here: its bias is kept without its log-odds, to
    which those of the label are added (Saerens et al. 2002).
    """
    labels = [label.casefold() for label in new.labels]
    even = new.fresh | {_HEAD[1]: np.zeros_like(new.fresh[_HEAD[1]])}
    head = _matched_head(path, dataclasses.replace(new, fresh=even, labels=labels), words)
    return head | {_HEAD[1]: head[_HEAD[1]] + new.fresh[_HEAD[1]]}


def _from_champion(new: Beginning, base: Base, without: str | None) -> Start | str:
    if not base.has_channel("start"):
        return without or "there is no champion to go on from"
    path = base.channel("start", "model.tar.gz")
    try:
        description = read_description(path)
        if description is None:
            return "the champion's artifact is no model.tar.gz"
        if description.network != new.network:
            return f"the champion is of the network {description.network}, not {new.network}"
        weights = _backbone(path, new.fresh)
        same = description.task is new.task
        weights |= _matched_head(path, new, description.labels) if same else new.new_rows()
    except UnusableWeights as exc:
        return f"the champion's weights cannot be used: {exc}"
    record = ModelStart(
        kind="champion",
        run=description.run,
        sha256=_digest(path),
        instead=None if same else _without_head("the champion", description.task),
    )
    return Start(record, weights, new_head=not same)


def _from_file(uri: str, new: Beginning, base: Base) -> Start:
    path = base.channel("start", uri.rpartition("/")[2])
    try:
        weights = _backbone(path, new.fresh)
        description = read_description(path)
        same = description is not None and description.task is new.task
        labels = description.labels if description and same else ()
        weights |= _matched_head(path, new, labels) if labels else new.new_rows()
    except UnusableWeights as exc:
        told = f"start_from: {uri} does not fit the network {new.network}: {exc}"
        raise JobRefused(told) from exc
    other = None if description is None or same else _without_head("it", description.task)
    record = ModelStart(kind="file", uri=uri, sha256=_digest(path), instead=other)
    return Start(record, weights, new_head=not labels)


def _without_head(who: str, task: Task) -> str:
    """Say why a last layer that there is begins anew."""
    answers = "one label an image" if task is Task.SINGLE else "any number of labels an image"
    return f"without the last layer, since {who} answers {answers}"


def _backbone(path: Path, fresh: Weights) -> Weights:
    """Return a file's weights for all but the head; raises UnusableWeights for one that is wrong.

    Names are the network's, or a model zoo's, whose `features` ours hold as their first part.
    """
    shapes: Shapes = {name: array.shape for name, array in fresh.items() if name not in _HEAD}
    seen: dict[str, tuple[int, ...]] = {}

    def wanted(name: str, shape: tuple[int, ...]) -> bool:
        seen[name] = shape
        return shape in (shapes.get(name), shapes.get(_in_zoo(name)))

    found = read_weights(path, wanted)
    for name_of in (str, _in_zoo):
        named = {name_of(name): array for name, array in found.items()}
        if all(name in named and named[name].shape == shape for name, shape in shapes.items()):
            chosen = {name: named[name] for name in shapes}
            if not all(np.isfinite(array).all() for array in chosen.values()):
                raise UnusableWeights("it holds values that are not numbers")
            return chosen
    zoo = {_in_zoo(name): shape for name, shape in seen.items() if _in_zoo(name) in shapes}
    told = seen | zoo
    for name, shape in shapes.items():
        if name not in told:
            raise UnusableWeights(f"it has no array {name} {shape}")
        if told[name] != shape:
            raise UnusableWeights(f"its array {name} is {told[name]}, not {shape}")
    raise UnusableWeights("its arrays mix two namings")


def _in_zoo(name: str) -> str:
    return name.replace("features.", "features.0.", 1) if name.startswith("features.") else name


def _matched_head(path: Path, new: Beginning, known: Sequence[str]) -> Weights:
    """Return the head with a row for each label: the file's by name, a new one otherwise."""
    width = new.fresh[_HEAD[0]].shape[1]
    shapes = {_HEAD[0]: (len(known), width), _HEAD[1]: (len(known),)}
    old = read_weights(path, lambda name, shape: shapes.get(name) == shape)
    if set(old) != set(_HEAD):
        raise UnusableWeights(f"its head is not {len(known)} rows of {width}")
    weight, bias = new.new_rows()[_HEAD[0]], new.fresh[_HEAD[1]].copy()
    rows = {label: row for row, label in enumerate(known)}
    for place, label in enumerate(new.labels):
        if label in rows:
            weight[place] = old[_HEAD[0]][rows[label]]
            bias[place] = old[_HEAD[1]][rows[label]]
    return {_HEAD[0]: weight, _HEAD[1]: bias}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
