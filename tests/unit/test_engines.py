"""Which engine trains where, and what is asked for where the stack has no image of it."""

import pytest

from tagline.formats.instances import accelerated, has_gpu
from tagline.formats.settings import Training, TrainingEngine
from tagline.jobs.engines import engine_of, image_of
from tagline.jobs.limits import TooExpensive
from tagline.jobs.sagemaker import Stack

CPU, GPU = "ml.c5.4xlarge", "ml.g5.xlarge"
MXNET, TORCH = "registry/tagline/trainer:1", "registry/tagline/trainer_torch:1"
WITHOUT = Stack("tagline", "data", MXNET, CPU)
WITH = Stack("tagline", "data", MXNET, CPU, TORCH)


@pytest.mark.parametrize(
    ("kind", "count", "asked", "engine"),
    [
        (CPU, 1, "auto", "mxnet"),
        (CPU, 1, "torch", "torch"),
        (CPU, 2, "auto", "torch"),
        (GPU, 1, "auto", "torch"),
        ("ml.p3.2xlarge", 1, "auto", "torch"),
        ("ml.p5.48xlarge", 1, "auto", "torch"),
        ("ml.g4dn.xlarge", 1, "auto", "torch"),
        ("ml.m7g.large", 1, "auto", "mxnet"),
    ],
)
def test_auto_takes_torch_where_there_are_gpus_or_machines_to_share_the_work(
    kind: str, count: int, asked: TrainingEngine, engine: str
) -> None:
    wanted = Training(engine=asked, instance_count=count, instance_type=kind)
    assert engine_of(wanted, kind) == engine
    assert image_of(wanted, WITH) == {"mxnet": MXNET, "torch": TORCH}[engine]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Training(engine="torch"), "training: training.engine asks for torch, and the stack's"),
        (
            Training(instance_type=GPU),
            "training: ml.g5.xlarge has a GPU, which is torch's",
        ),
        (Training(instance_count=2), "training: training.instance_count is 2, which needs torch"),
    ],
)
def test_a_stack_without_pytorchs_image_refuses_by_name(wanted: Training, said: str) -> None:
    with pytest.raises(TooExpensive) as refused:
        image_of(wanted, WITHOUT)
    assert str(refused.value).startswith(said)
    assert "TorchTrainerImageUri" in str(refused.value)
    assert image_of(Training(), WITHOUT) == MXNET


def test_mxnet_is_refused_on_the_stacks_own_gpu_type() -> None:
    stack = Stack("tagline", "data", MXNET, GPU, TORCH)
    with pytest.raises(TooExpensive) as refused:
        image_of(Training(engine="mxnet"), stack)
    assert str(refused.value).startswith("training.engine: mxnet trains on no GPU, and ml.g5")
    assert "TrainingInstanceType" in str(refused.value)
    assert image_of(Training(), stack) == TORCH


@pytest.mark.parametrize(
    "kind", ["ml.inf2.xlarge", "ml.trn1.2xlarge", "ml.dl1.24xlarge", "ml.g4ad.xlarge"]
)
def test_other_accelerators_are_no_gpus_of_ours(kind: str) -> None:
    assert accelerated(kind)
    assert not has_gpu(kind)
