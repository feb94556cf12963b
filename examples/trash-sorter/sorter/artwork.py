"""Emoji of a set that was fetched, rendered."""

import json
from pathlib import Path

import cv2
import numpy as np
import resvg_py

from sorter.fetching import NoArtwork, fetch
from sorter.pictures import Picture

SIDE = 320  # pixels of a rendered emoji
_EMOJI_STYLE = "-fe0f"  # a variation selector, which some code points carry
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="{side}" height="{side}" viewBox="0 0 {width} {height}">{body}</svg>'
)


class Emoji:
    """The emoji of one set."""

    def __init__(self, name: str, cache: Path) -> None:
        folder = fetch(name, cache)
        self._icons = json.loads((folder / "icons.json").read_text())
        self._names = json.loads((folder / "chars.json").read_text())
        self._rendered: dict[str, Picture] = {}

    def picture(self, code: str) -> Picture:
        """Return an emoji by its code point; raises NoArtwork where the set has none."""
        if code not in self._rendered:
            self._rendered[code] = self._render(code)
        return self._rendered[code]

    def _render(self, code: str) -> Picture:
        name = self._names.get(code) or self._names.get(code + _EMOJI_STYLE)
        icon = self._icons["icons"].get(name)
        if icon is None:
            raise NoArtwork(f"{self._icons['prefix']} has no emoji {code}")
        width = icon.get("width", self._icons.get("width", 16))
        height = icon.get("height", self._icons.get("height", 16))
        svg = _SVG.format(side=SIDE, width=width, height=height, body=icon["body"])
        data = np.frombuffer(resvg_py.svg_to_bytes(svg_string=svg), np.uint8)
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.float32) / np.float32(255)
        picture[..., :3] *= picture[..., 3:]
        return picture
