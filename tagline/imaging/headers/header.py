"""What is known about an image before it is decoded."""

from dataclasses import dataclass

from tagline.imaging.headers.profile import Profile


@dataclass(frozen=True)
class ImageHeader:
    """Format, geometry and cost as the file states them.

    `width` and `height` are the stored ones, before `orientation` (EXIF, 1 … 8) is applied.
    `transparent_grey` is the sample value that a greyscale PNG's tRNS chunk makes transparent, at
    the depth at which the decoder hands it out (8 or 16 bits). `profile` is the embedded ICC
    profile unless it is sRGB. `cmyk` is true for a JPEG of four colours. `samples` is RGB or RGBA
    for a PNG of at most 8 bits a sample without a tRNS chunk: what libspng can be asked for.

    `pixel_bytes` is what a decoded pixel takes, `stored_bytes` what one of the file's takes besides
    at any scale, `scans` how often the pixels are gone through. `stray`: bytes lie between a JPEG's
    segments. `in_animation`: a WebP's picture is the only frame of an animation.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    transparent_grey: int | None = None
    profile: Profile | None = None
    cmyk: bool = False
    samples: str = ""
    pixel_bytes: int = 3
    stored_bytes: int = 0
    scans: int = 1
    stray: bool = False
    in_animation: bool = False

    @property
    def plain(self) -> bool:
        """Whether any reader of JPEG and PNG, MXNet's too, has these colours from the file."""
        wide = self.format == "png" and self.pixel_bytes > 4  # noqa: PLR2004 - 16 bits
        return self.format != "webp" and not self.cmyk and not wide
