"""What every model has to keep to that is evaluated and served, whoever trained it.

docs/script-mode.md tells it to people whose own script trains: the files, their keys, the network's
input and output. Each fault is said with the file, and the key or tensor, that is at fault.
"""

from typing import Any

from tagline.formats.models import ModelDescription
from tagline.formats.packed import PackedDataset
from tagline.formats.tasks import Task
from trainer.contract import JobRefused

INPUT, OUTPUT = "data", "scores"
_FLOAT = "tensor(float)"


def check_network(network: Any, description: ModelDescription, role: str) -> None:
    """Raise JobRefused for an ONNX Runtime session of another shape than model.json tells."""
    where = f"{role}: model.onnx"
    inputs = {node.name: node for node in network.get_inputs()}
    outputs = {node.name: node for node in network.get_outputs()}
    if list(inputs) != [INPUT] or OUTPUT not in outputs:
        raise JobRefused(
            f"{where} maps {_listed(inputs)} to {_listed(outputs)}: one input {INPUT} and an "
            f"output {OUTPUT} are expected"
        )
    size = description.image.size
    _check(where, f"input {INPUT}", inputs[INPUT], [3, size, size], "image.size")
    _check(where, f"output {OUTPUT}", outputs[OUTPUT], [len(description.labels)], "labels")


def _check(where: str, what: str, node: Any, sides: list[int], key: str) -> None:
    """Check type and dimensions; the first of them, the number of images, has to be free."""
    if node.type != _FLOAT:
        raise JobRefused(f"{where}: {what} is a {node.type}; {_FLOAT} (float32) is expected")
    shape, wanted = list(node.shape), ", ".join(["N", *map(str, sides)])
    same = len(shape) == len(sides) + 1
    if same and isinstance(shape[0], int):
        raise JobRefused(
            f"{where}: {what} takes exactly {shape[0]} image(s) at a time: its first dimension has "
            f"to be free, ({wanted})"
        )
    if not same or any(
        isinstance(found, int) and found != side
        for found, side in zip(shape[1:], sides, strict=True)
    ):
        raise JobRefused(
            f"{where}: {what} is ({_dimensions(shape)}); ({wanted}) is expected, by {key} of "
            "model.json"
        )


def check_description(
    description: ModelDescription, dataset: PackedDataset, run: str | None, role: str
) -> None:
    """Raise JobRefused for a challenger's model.json that is not about this run's dataset."""
    where = f"{role}: model.json"
    if run and description.run != run:
        raise JobRefused(f"{where}: run: {description.run!r} is not this run, {run}")
    mine, theirs = description.labels, dataset.labels
    if mine != theirs:
        place = next(
            (n for n, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]),
            min(len(mine), len(theirs)),
        )
        raise JobRefused(
            f"{where}: labels: the {len(theirs)} of dataset.json are expected, in its order; "
            f"label {place + 1} is {_at(mine, place)} and not {_at(theirs, place)}"
        )
    if description.task is Task.SINGLE and dataset.task is Task.MULTI:
        raise JobRefused(
            f"{where}: task: this model answers one label an image, and the dataset's have any "
            "number of them"
        )
    for key in ("mode", "background"):
        found, wanted = getattr(description.image, key), getattr(dataset.image, key)
        if found != wanted:
            raise JobRefused(
                f"{where}: image.{key}: {found} is not how the dataset was packed, {wanted}: what "
                "serves would see other pixels than those that were learned from"
            )


def _at(labels: tuple[str, ...], place: int) -> str:
    return repr(labels[place]) if place < len(labels) else "missing"


def _listed(nodes: dict[str, Any]) -> str:
    return ", ".join(nodes) or "nothing"


def _dimensions(shape: list[Any]) -> str:
    return ", ".join("N" if not isinstance(side, int) else str(side) for side in shape)
