"""One way from an image's bytes to the pixels that a model sees, for packing and for serving."""

from tagline.imaging.errors import ImageError
from tagline.imaging.preprocess import decoding_cost, preprocess, preprocess_frame
from tagline.imaging.spec import SERVING, Limits

__all__ = ["SERVING", "ImageError", "Limits", "decoding_cost", "preprocess", "preprocess_frame"]
