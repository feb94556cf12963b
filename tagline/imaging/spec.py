"""What a dataset's images become, and how much an image may ask for."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

MODES = ("letterbox", "crop", "stretch")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MAX_SIZE = 1024


@dataclass(frozen=True)
class ImageSpec:
    """The pixels a model sees: a square of `size`, filled by `mode`, transparency on `background`.

    letterbox fits the whole image and fills the rest with the background, crop takes the centre
    square, stretch ignores the aspect. The background is `#rrggbb` in sRGB.
    """

    size: int = 96
    mode: str = "letterbox"
    background: str = "#ffffff"

    def __post_init__(self) -> None:
        if type(self.size) is not int or not 1 <= self.size <= _MAX_SIZE:
            raise ValueError(f"image.size: 1 … {_MAX_SIZE} pixels, not {self.size!r}")
        if self.mode not in MODES:
            raise ValueError(f"image.mode: one of {', '.join(MODES)}, not {self.mode!r}")
        if not isinstance(self.background, str) or not _COLOUR.fullmatch(self.background):
            raise ValueError(f"image.background: a colour like #ffffff, not {self.background!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the spec that plan.json, dataset.json and model.json keep under `image`.

        Raise ValueError naming the key that is missing, unknown or out of range.
        """
        if set(values) != {"size", "mode", "background"}:
            raise ValueError(f"image: needs size, mode and background, found {sorted(values)}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return `{size, mode, background}`; `from_dict` takes it back."""
        return asdict(self)

    @property
    def background_bgr(self) -> tuple[int, int, int]:
        """The background in OpenCV's order, 0 … 255 each."""
        red, green, blue = bytes.fromhex(self.background[1:])
        return blue, green, red


@dataclass(frozen=True)
class Limits:
    """What an image may ask for before a byte of it is decoded.

    The defaults keep a decoder below about 0.9 GB: 50 megapixels, 16-bit, four channels.
    """

    max_bytes: int = 64 * 1024 * 1024
    max_pixels: int = 50_000_000
    max_side: int = 30_000
