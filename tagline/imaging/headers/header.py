"""What is known about an image before it is decoded."""

from dataclasses import dataclass

from tagline.imaging.headers.profile import Profile


@dataclass(frozen=True)
class ImageHeader:
    """Format and geometry as the file states them.

    `width` and `height` are the stored ones, before `orientation` (EXIF, 1 … 8) is applied.
    `transparent_grey` is the sample value that a greyscale PNG's tRNS chunk makes transparent, at
    the depth at which the decoder hands it out (8 or 16 bits). `profile` is the embedded ICC
    profile unless it is sRGB. `cmyk` is true for a JPEG of four colours. `samples` is RGB or RGBA
    for a PNG of at most 8 bits a sample without a tRNS chunk: what libspng can be asked for.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    transparent_grey: int | None = None
    profile: Profile | None = None
    cmyk: bool = False
    samples: str = ""
