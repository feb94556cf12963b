"""What a picture would lose on each background: the work of a worker process."""

from im2rec.records import FetchedImage, Unusable
from tagline.formats.settings import ImageSettings
from tagline.imaging import ImageError
from tagline.imaging.background import Sight, look


def look_at(image: FetchedImage, settings: ImageSettings) -> Sight | Unusable | None:
    """Return what an image loses on each background; None where there is nothing behind it."""
    try:
        return look(image.data, settings)
    except ImageError as exc:
        return Unusable(exc.reason, exc.detail)
