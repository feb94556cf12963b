"""SageMaker's own algorithms on a laptop: no right to fetch them, a word on what runs instead."""

import pytest

from local.emulated import is_pulled, training_said
from tagline.formats.registries import image_uri

OURS = "000000000000.dkr.ecr.us-east-1.amazonaws.com/tagline/trainer:latest"


@pytest.mark.parametrize("region", ["us-east-1", "cn-north-1", "us-gov-west-1"])
def test_the_algorithms_image_is_sagemakers_to_fetch(region: str) -> None:
    image = image_uri(region)
    assert image
    assert not is_pulled(image)
    assert training_said(image).endswith("image-classification is emulated by tagline/trainer")


@pytest.mark.parametrize("image", [OURS, OURS.replace("tagline/trainer", "image-classification")])
def test_anybody_elses_image_is_the_roles_to_fetch(image: str) -> None:
    assert is_pulled(image)
    assert training_said(image) == "The training process runs"
