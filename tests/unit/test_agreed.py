"""What a model.tar.gz has to keep to, and how a fault of it is said."""

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tagline.formats.models import ModelDescription
from tagline.formats.settings import ImageSpec
from tests.unit.documents import packed_dataset
from trainer.agreed import check_description, check_network
from trainer.contract import JobRefused

DATASET = packed_dataset()
MADE = ModelDescription(run=DATASET.run, labels=DATASET.labels, image=DATASET.image)
SIDE, LABELS = DATASET.image.size, len(DATASET.labels)


def network(
    inputs: dict[str, Any] | None = None, outputs: dict[str, Any] | None = None, kind: str = "float"
) -> Any:
    """Return what ONNX Runtime tells of a network with these tensors."""

    def nodes(shapes: dict[str, Any]) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(name=name, shape=shape, type=f"tensor({kind})")
            for name, shape in shapes.items()
        ]

    found = nodes({"data": ["N", 3, SIDE, SIDE]} if inputs is None else inputs)
    made = nodes({"scores": ["N", LABELS]} if outputs is None else outputs)
    return SimpleNamespace(get_inputs=lambda: found, get_outputs=lambda: made)


@pytest.mark.parametrize(
    "agreed",
    [
        network(),
        network({"data": [None, 3, "H", "W"]}, {"scores": ["N", None]}),
        network(outputs={"logits": ["N", 7], "scores": ["N", LABELS]}),
    ],
)
def test_a_network_that_keeps_to_it(agreed: Any) -> None:
    check_network(agreed, MADE, "challenger")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (network({"x": ["N", 3, SIDE, SIDE]}), "maps x to scores: one input data and an output sc"),
        (network({}), "maps nothing to scores"),
        (network({"data": [], "more": []}), "maps data, more to scores"),
        (network(outputs={"softmax": ["N", LABELS]}), "maps data to softmax"),
        (network(kind="float16"), "input data is a tensor(float16); tensor(float) (float32) is"),
        (network({"data": [1, 3, SIDE, SIDE]}), "input data takes exactly 1 image(s) at a time"),
        (
            network({"data": ["N", SIDE, SIDE, 3]}),
            f"(N, {SIDE}, {SIDE}, 3); (N, 3, {SIDE}, {SIDE})",
        ),
        (network({"data": ["N", 3, 32, 32]}), "is expected, by image.size of model.json"),
        (network({"data": ["N", 3]}), "input data is (N, 3); "),
        (
            network(outputs={"scores": ["N", 7]}),
            f"output scores is (N, 7); (N, {LABELS}) is expected",
        ),
        (network(outputs={"scores": ["N", LABELS, 1]}), f"is (N, {LABELS}, 1); (N, {LABELS}) is"),
        (network(outputs={"scores": [4, LABELS]}), "output scores takes exactly 4 image(s)"),
    ],
)
def test_one_that_does_not(wrong: Any, said: str) -> None:
    with pytest.raises(JobRefused) as refused:
        check_network(wrong, MADE, "challenger")
    assert str(refused.value).startswith("challenger: model.onnx")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"run": "demo-0000000000000000"}, "run: 'demo-0000000000000000' is not this run"),
        ({"run": ""}, "run: '' is not this run"),
        ({"labels": DATASET.labels[:-1]}, f"label {LABELS} is missing and not "),
        ({"labels": (*DATASET.labels, "x")}, f"label {LABELS + 1} is 'x' and not missing"),
        ({"labels": DATASET.labels[::-1]}, "the 3 of dataset.json are expected, in its order; lab"),
        (
            {"image": ImageSpec(size=SIDE, mode="crop")},
            "image.mode: crop is not how the dataset was",
        ),
        ({"image": ImageSpec(size=SIDE, background="#000000")}, "image.background: #000000 is not"),
    ],
)
def test_a_description_of_something_else(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(JobRefused) as refused:
        check_description(replace(MADE, **changes), DATASET, DATASET.run, "challenger")
    assert str(refused.value).startswith("challenger: model.json: ")
    assert said in str(refused.value)


def test_a_model_may_have_another_size_than_the_packed_images() -> None:
    smaller = replace(MADE, image=replace(MADE.image, size=24))
    check_description(smaller, DATASET, DATASET.run, "challenger")
