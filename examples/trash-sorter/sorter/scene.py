"""A camera above a belt: what it sees of an item, with the faults that cameras have.

All lengths are in pixels of the camera (WIDTH by HEIGHT), colours are BGR, 0..1.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sorter.pictures import Picture

Pixels = NDArray[np.float32]  # (H, W, 3)
WIDTH, HEIGHT = 640, 480
_BELT = 1024  # pixels until a belt's pattern comes again
_RAIL = 26  # of the belt's edge, at most
_REACH = 48  # from an item, at which its shadow has ended
# one grain for all, each time begun elsewhere: drawing it anew takes as long as all the rest
_GRAIN = np.random.default_rng(0).standard_normal(2 * WIDTH * HEIGHT, np.float32)
# BGR of belts as they are sold: black, green and blue rubber, white PVC, steel
_BELTS = (
    (0.13, 0.13, 0.14),
    (0.22, 0.34, 0.16),
    (0.42, 0.26, 0.13),
    (0.72, 0.76, 0.76),
    (0.46, 0.46, 0.45),
)


@dataclass(frozen=True)
class Light:
    """How a scene is lit: its strength, its colour, from where, and how dark shadows are."""

    gain: float
    tint: tuple[float, float, float]
    slope: tuple[float, float]  # how much brighter at the right and at the bottom than opposite
    shadow: float  # 0 none, 1 black
    falls: tuple[float, float]  # where shadows fall


@dataclass(frozen=True)
class Camera:
    """How a camera sees: out of focus (sigma in pixels), noise, and JPEG's quality."""

    blur: float
    noise: float
    quality: int


@dataclass(frozen=True)
class Placed:
    """An item on the belt: its picture, its centre, its size (longest side) and its turn."""

    picture: Picture
    x: float
    y: float
    size: float
    turn: float  # degrees
    speed: float = 0.0  # pixels that it moves to the right while the shutter is open


@dataclass(frozen=True)
class Setting:
    """A belt, its light and its camera: all that stays while items pass."""

    colour: NDArray[np.float32]  # (3,) of the belt
    texture: NDArray[np.float32]  # (HEIGHT, _BELT) by which the colour is multiplied
    light: Light
    camera: Camera
    lit: Pixels  # what the light multiplies a frame by


def draw_setting(rng: np.random.Generator) -> Setting:
    """Return a belt, a light and a camera at random."""
    warmth = rng.uniform(-0.08, 0.08)
    light = Light(
        gain=rng.uniform(0.75, 1.15),
        tint=(1 - warmth, 1 + rng.uniform(-0.02, 0.02), 1 + warmth),
        slope=(rng.uniform(-0.25, 0.25), rng.uniform(-0.2, 0.2)),
        shadow=rng.uniform(0.2, 0.6),
        falls=(rng.uniform(-22, 22), rng.uniform(6, 26)),
    )
    camera = Camera(
        blur=rng.uniform(0.3, 2.2), noise=rng.uniform(0.01, 0.06), quality=int(rng.integers(70, 93))
    )
    colour = np.array(_BELTS[rng.integers(len(_BELTS))], np.float32) * np.float32(
        rng.uniform(0.8, 1.2)
    )
    return Setting(colour, _texture(rng), light, camera, _lit(light))


def photograph(
    setting: Setting, items: list[Placed], travelled: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return what the camera sees when the belt has moved so far to the right, (H, W, 3) uint8."""
    seen = np.roll(setting.texture, round(travelled), axis=1)[:, :WIDTH]
    frame = np.asarray(cv2.merge([seen * part for part in setting.colour]), np.float32)
    for item in items:
        _lay(frame, item, setting.light)
    frame *= setting.lit
    frame = cv2.GaussianBlur(frame, (0, 0), setting.camera.blur)
    grain = np.roll(_GRAIN, int(rng.integers(_GRAIN.size)))[: HEIGHT * WIDTH]
    frame *= _three(1 + setting.camera.noise * grain.reshape(HEIGHT, WIDTH))
    return np.asarray(cv2.convertScaleAbs(frame, alpha=255))


def _lay(frame: Pixels, item: Placed, light: Light) -> None:
    """Lay an item and its shadow on a frame, in place; what lies beyond its edges is not seen."""
    side = item.picture.shape[0]
    half = int(item.size * 0.72) + _REACH  # a square's corner, and the shadow
    left, top = int(item.x) - half, int(item.y) - half
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), item.turn, item.size / side)
    matrix[:, 2] += (item.x - left - side / 2, item.y - top - side / 2)
    laid = cv2.warpAffine(item.picture, matrix, (2 * half, 2 * half), flags=cv2.INTER_LINEAR)
    if item.speed > 1:
        laid = cv2.blur(laid, (round(item.speed), 1))
    here, there = _both(left, WIDTH, 2 * half), _both(top, HEIGHT, 2 * half)
    seen = laid[there[0], here[0]]
    if seen.size == 0:
        return
    lets_through = 1 - light.shadow * _shade(laid[..., 3], light)[there[0], here[0]]
    lets_through *= 1 - seen[..., 3]
    below = frame[there[1], here[1]]
    below *= _three(lets_through)
    below += seen[..., :3]


def _three(plane: NDArray[np.float32]) -> Pixels:
    """Return a plane for each colour: numpy takes thrice as long to stretch one over three."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)


def _both(start: int, length: int, size: int) -> tuple[slice, slice]:
    """Return what is seen of a square that begins at `start`: its own part, and the frame's."""
    first, last = max(start, 0), max(0, min(start + size, length))
    return slice(first - start, max(first, last) - start), slice(first, max(first, last))


def _shade(opacity: NDArray[np.float32], light: Light) -> NDArray[np.float32]:
    """Return how much of an item's shadow falls where, 0..1."""
    small = cv2.resize(opacity, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 2.2)
    moved = np.array([[4, 0, light.falls[0]], [0, 4, light.falls[1]]], np.float32)
    return np.asarray(cv2.warpAffine(small, moved, opacity.shape[::-1], flags=cv2.INTER_LINEAR))


def _lit(light: Light) -> Pixels:
    across = np.linspace(-0.5, 0.5, WIDTH, dtype=np.float32)[None, :]
    down = np.linspace(-0.5, 0.5, HEIGHT, dtype=np.float32)[:, None]
    strength = light.gain * (1 + light.slope[0] * across + light.slope[1] * down)
    strength = strength * (1 - 0.25 * (across**2 + down**2))  # corners are darker
    return np.asarray(strength[..., None] * np.array(light.tint), np.float32)


def _texture(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return how bright a belt of brightness 1 is: grain, dirt, ribs, and its rails."""
    belt = 1 + 0.05 * _clouds(rng, 4) + 0.1 * _clouds(rng, 64)
    step = int(rng.choice((0, 32, 64, 128)))
    if step:  # ribs, or slats
        belt[:, np.arange(_BELT) % step < int(rng.integers(2, 7))] *= rng.uniform(0.6, 1.35)
    rail = int(rng.integers(1, _RAIL))
    belt[:rail] = belt[-rail:] = rng.uniform(0.5, 1.8)
    return belt


def _clouds(rng: np.random.Generator, cell: int) -> NDArray[np.float32]:
    """Return random values that vary over `cell` pixels and go on where the belt's ends meet."""
    small = rng.standard_normal((HEIGHT // cell + 1, _BELT // cell), np.float32)
    small = np.concatenate([small, small[:, :2]], axis=1)
    large = cv2.resize(small, (_BELT + 2 * cell, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[:, cell : cell + _BELT], np.float32)
