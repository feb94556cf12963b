"""SageMaker's own algorithms, whose images cannot be had here: what runs instead, and says so.

The folder of an image is found by its repository's name as any other's: `containers/<repository>`.
"""

from tagline.formats.image_classification import REPOSITORY
from tagline.formats.registries import is_builtin


def training_said(image: str) -> str:
    """Return what DescribeTrainingJob says of a job of this image that runs."""
    if is_builtin(image):
        return f"The training process runs: {REPOSITORY} is emulated by tagline/trainer"
    return "The training process runs"


def is_pulled(image: str) -> bool:
    """Return whether a role fetches an image: SageMaker fetches its own algorithms' itself."""
    return not is_builtin(image)
