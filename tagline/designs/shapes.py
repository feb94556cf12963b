"""Outlines of the shapes and the fills of the patterns, as one-channel masks."""

import math

from PIL import Image, ImageDraw

Points = list[tuple[float, float]]


def shape_mask(shape: str, size: int, turn: float) -> Image.Image:
    """Return a square mask of `size` pixels ("L", 255 inside) of a shape, turned in degrees."""
    mask = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(mask)
    if shape in {"circle", "ring"}:
        draw.ellipse((0, 0, size - 1, size - 1), fill=255)
        if shape == "ring":
            hole = size * 0.24
            draw.ellipse((hole, hole, size - 1 - hole, size - 1 - hole), fill=0)
        return mask
    points = _fitted(_turned(_OUTLINES[shape](), turn), size)
    draw.polygon(points, fill=255)
    return mask


def pattern_mask(pattern: str, size: int, period: int, turn: int) -> Image.Image:
    """Return a square mask of `size` pixels ("L", 255 where there is ink) of a repeated pattern."""
    side = size * 2  # large enough to be turned by 45 degrees
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    if pattern == "stripes":
        for start in range(0, side, period):
            draw.rectangle((start, 0, start + period // 2 - 1, side), fill=255)
        mask = mask.rotate(turn, Image.Resampling.BILINEAR)
    elif pattern == "dots":
        radius = period * 0.31
        for row, y in enumerate(range(0, side, period)):
            for x in range(row % 2 * period // 2, side, period):
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    else:  # checks
        half = period // 2
        for row, y in enumerate(range(0, side, half)):
            for x in range(row % 2 * half, side, half * 2):
                draw.rectangle((x, y, x + half - 1, y + half - 1), fill=255)
    start = size // 2
    return mask.crop((start, start, start + size, start + size))


def _square() -> Points:
    return [(-1, -1), (1, -1), (1, 1), (-1, 1)]


def _triangle() -> Points:
    return [(0, -1), (1, 0.8), (-1, 0.8)]


def _star() -> Points:
    return [
        (
            (1.0 if step % 2 == 0 else 0.42) * math.sin(math.pi * step / 5),
            -(1.0 if step % 2 == 0 else 0.42) * math.cos(math.pi * step / 5),
        )
        for step in range(10)
    ]


def _heart() -> Points:
    # the classic parametric heart, x = 16 sin³ t
    return [
        (
            math.sin(t) ** 3,
            -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16,
        )
        for t in (2 * math.pi * step / 60 for step in range(60))
    ]


_OUTLINES = {"square": _square, "triangle": _triangle, "star": _star, "heart": _heart}


def _turned(points: Points, degrees: float) -> Points:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [(x * cosine - y * sine, x * sine + y * cosine) for x, y in points]


def _fitted(points: Points, size: int) -> Points:
    """Scale and move points into the box, keeping their proportions."""
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    scale = (size - 1) / max(right - left, bottom - top)
    across, down = (size - 1 - (right - left) * scale) / 2, (size - 1 - (bottom - top) * scale) / 2
    return [((x - left) * scale + across, (y - top) * scale + down) for x, y in points]
