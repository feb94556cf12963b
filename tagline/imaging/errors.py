"""Why an image cannot be used: each error carries the stable code of the rejects."""

from typing import ClassVar

from tagline.formats.reasons import Reason


class ImageError(ValueError):
    """An image that is refused: `reason` is the stable code, `detail` says what was found."""

    reason: ClassVar[Reason]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UndecodableImage(ImageError):
    """The format is right and the bytes are damaged, incomplete or contradict themselves."""

    reason = Reason.UNDECODABLE_IMAGE


class UnsupportedImage(ImageError):
    """No PNG, JPEG or WebP, or a kind of these that cannot be decoded faithfully."""

    reason = Reason.UNSUPPORTED_IMAGE


class AnimatedImage(ImageError):
    """Several frames: which of them the labels speak of is unknown."""

    reason = Reason.ANIMATED_IMAGE


class TooManyPixels(ImageError):
    """The header promises more pixels than the limit; nothing was decoded."""

    reason = Reason.TOO_MANY_PIXELS


class ObjectTooLarge(ImageError):
    """More bytes than the limit; nothing was decoded."""

    reason = Reason.OBJECT_TOO_LARGE


class EmptyObject(ImageError):
    """No bytes at all."""

    reason = Reason.EMPTY_OBJECT
