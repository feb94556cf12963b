"""One way from an image's bytes to the pixels that a model sees, for packing and for serving."""

from imaging.errors import ImageError
from imaging.preprocess import preprocess
from imaging.spec import ImageSpec, Limits

__all__ = ["ImageError", "ImageSpec", "Limits", "preprocess"]
