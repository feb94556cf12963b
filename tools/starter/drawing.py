"""One icon drawn at random as a coloured design: colours, parts, plate, place and turn.

Icons are mostly one black shape. A network that saw only those would learn black on white; so the
contours of a shape are painted apart, as an illustrator would, on grounds of many colours. What a
drawing means stays: nothing is mirrored.
"""

import colorsys
import math
import re
from random import Random
from xml.etree import ElementTree as ET

from tools.starter.contours import contours
from tools.starter.icons import Drawing

_SVG = "http://www.w3.org/2000/svg"
_SHAPES = {
    f"{{{_SVG}}}{name}"
    for name in ("path", "rect", "circle", "ellipse", "polygon", "line", "polyline")
}
_HEX = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_CONTRAST = 0.25  # of luminances 0..1
_WHITE = (1.0, 1.0, 1.0)
Colour = tuple[float, float, float]  # RGB, 0..1
ET.register_namespace("", _SVG)


def draw(drawing: Drawing, side: int, rng: Random) -> str:
    """Return a design of `side` pixels, as SVG."""
    ground = _ground(rng)
    behind = ground
    plate, share = "", rng.uniform(0.74, 1.02)
    if rng.random() < 0.15:
        behind = _against(ground, rng)
        plate, share = _plate(side, behind, rng), share * 0.7
    painter = _Painter(behind, rng)
    body = drawing.body
    inner = painter.paint(body) if "currentColor" in body else _recoloured(body, rng)
    ink = _against(behind, rng)
    return (
        f'<svg xmlns="{_SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" width="{side}" '
        f'height="{side}"><defs>{"".join(painter.gradients)}</defs>'
        f'<rect width="{side}" height="{side}" fill="{_code(ground)}"/>{plate}'
        f'<g transform="{_placed(drawing.box, side, share, rng)}" color="{_code(ink)}">{inner}</g>'
        "</svg>"
    )


def _placed(box: tuple[float, float, float, float], side: int, share: float, rng: Random) -> str:
    left, top, width, height = box
    scale = side * share / max(width, height)
    aspect = math.exp(rng.uniform(-0.12, 0.12))
    x, y = (side / 2 + side * rng.uniform(-0.06, 0.06) for _ in range(2))
    return (
        f"translate({x:.2f} {y:.2f}) rotate({rng.uniform(-15, 15):.2f}) "
        f"scale({scale * aspect:.4f} {scale / aspect:.4f}) "
        f"translate({-left - width / 2:.3f} {-top - height / 2:.3f})"
    )


def _recoloured(body: str, rng: Random) -> str:
    """Turn all hues by one angle; half of the time by none."""
    if rng.random() < 0.5:
        return body
    angle = rng.random()

    def turned(found: re.Match[str]) -> str:
        text = found[0][1:]
        text = "".join(2 * digit for digit in text) if len(text) == 3 else text
        red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (0, 2, 4))
        hue, light, strength = colorsys.rgb_to_hls(red, green, blue)
        return _code(colorsys.hls_to_rgb((hue + angle) % 1, light, strength))

    return _HEX.sub(turned, body)


class _Painter:
    """Paints each contour of a one-coloured icon on its own; a third of the time leaves it so."""

    def __init__(self, behind: Colour, rng: Random) -> None:
        self._behind, self._rng = behind, rng
        self._palette: list[Colour] = []
        self._line = self._first = ""
        self.gradients: list[str] = []

    def paint(self, body: str) -> str:
        """Return the icon's inner SVG; what is masked or clipped stays as it is."""
        rng = self._rng
        if rng.random() < 0.33 or any(tag in body for tag in ("<mask", "<defs", "<clipPath")):
            return body
        root = ET.fromstring(f'<svg xmlns="{_SVG}">{body}</svg>')  # noqa: S314 - pinned packages
        self._palette = [_against(self._behind, rng)]
        self._palette += [_any(rng) for _ in range(rng.randint(1, 4))]
        line = self._palette[0] if rng.random() < 0.5 else _against(self._behind, rng)
        self._line = _code(line)
        self._first = self._fill()
        self._walk(root, "currentColor", "none")
        return "".join(ET.tostring(child, encoding="unicode") for child in root)

    def _walk(self, parent: ET.Element, inked: str, stroked: str) -> None:
        """Paint what is below an element that hands down its fill and its stroke."""
        for place, child in reversed(list(enumerate(parent))):
            own, edge = child.get("fill", inked), child.get("stroke", stroked)
            if child.tag not in _SHAPES:
                self._walk(child, own, edge)
                continue
            if edge == "currentColor":
                child.set("stroke", self._line)
            if own == "none":
                if self._rng.random() < 0.7 and edge != "none":
                    child.set("fill", self._fill())
            elif child.tag.endswith("}path") and child.get("transform") is None:
                parent.remove(child)
                for number, part in enumerate(contours(child.get("d", ""))):
                    copy = ET.Element(child.tag, {**child.attrib, "d": part})
                    copy.set("fill", self._first if number == 0 else self._fill())
                    parent.insert(place + number, copy)
            else:
                child.set("fill", self._fill())

    def _fill(self) -> str:
        rng = self._rng
        colour = self._palette[rng.randrange(len(self._palette))]
        if rng.random() < 0.7:
            return _code(colour)
        red, green, blue = (min(1.0, max(0.0, part + rng.uniform(-0.3, 0.3))) for part in colour)
        angle = rng.uniform(0, 360)
        self.gradients.append(
            f'<linearGradient id="g{len(self.gradients)}" '
            f'gradientTransform="rotate({angle:.0f} .5 .5)">'
            f'<stop stop-color="{_code(colour)}"/>'
            f'<stop offset="1" stop-color="{_code((red, green, blue))}"/></linearGradient>'
        )
        return f"url(#g{len(self.gradients) - 1})"


def _plate(side: int, colour: Colour, rng: Random) -> str:
    edge = side * rng.uniform(0.02, 0.08)
    size = side - 2 * edge
    round_off = size * rng.choice((0.0, 0.1, 0.2, 0.5))
    return (
        f'<rect x="{edge:.1f}" y="{edge:.1f}" width="{size:.1f}" height="{size:.1f}" '
        f'rx="{round_off:.1f}" fill="{_code(colour)}"/>'
    )


def _ground(rng: Random) -> Colour:
    kind = rng.random()
    if kind < 0.55:
        return _WHITE
    if kind < 0.75:
        return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.25), rng.uniform(0.85, 1))
    if kind < 0.87:
        return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.8), rng.uniform(0, 0.35))
    return _any(rng)


def _any(rng: Random) -> Colour:
    kind = rng.random()
    if kind < 0.15:
        return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.2), rng.random())
    return colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.4, 1))


def _against(behind: Colour, rng: Random) -> Colour:
    """Return a colour that stands out."""
    while True:
        colour = (0.0, 0.0, 0.0) if rng.random() < 0.2 else _any(rng)
        if abs(_luminance(colour) - _luminance(behind)) >= _CONTRAST:
            return colour


def _luminance(colour: Colour) -> float:
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _code(colour: Colour) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)
