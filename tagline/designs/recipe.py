# ruff: noqa: PLR2004 - numbers here are proportions of a drawing and shares of all designs
"""What one design will show, decided before anything is drawn.

The labels are read off the recipe's parts, so a label can only say what the drawing holds.
"""

import random
from dataclasses import dataclass

from tagline.designs.vocabulary import FRAMED, INKS, LABELS, LAYOUTS, PATTERNS, SHAPES, TEXT, WORDS

_SIDES = (96, 512)  # pixels of the shorter and the longer side at most
_PAPERS = ((255, 255, 255), (250, 246, 232), (236, 238, 240), (228, 240, 250))


@dataclass(frozen=True)
class Motif:
    """One shape in its box: centre and size as fractions of the width, height and shorter side."""

    shape: str
    ink: str
    x: float
    y: float
    size: float
    turn: float  # degrees
    pattern: str | None


@dataclass(frozen=True)
class Lettering:
    """A word in a band of the canvas; `top` and `height` are fractions of the canvas height."""

    word: str
    ink: str
    top: float
    height: float


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a design's pixels and labels."""

    width: int
    height: int
    paper: tuple[int, int, int] | None  # None: transparent PNG
    layout: str
    motifs: tuple[Motif, ...]
    lettering: Lettering | None
    frame: str | None  # the frame's ink
    pattern_turn: int  # degrees
    shade: tuple[int, int, int]  # added to every ink

    @property
    def suffix(self) -> str:
        """File suffix: transparency needs PNG, paper is photographed as JPEG."""
        return ".png" if self.paper is None else ".jpg"

    @property
    def labels(self) -> frozenset[str]:
        """The labels that are true of this design."""
        shown = {self.layout, *(motif.shape for motif in self.motifs)}
        shown |= {motif.ink for motif in self.motifs}
        shown |= {motif.pattern for motif in self.motifs if motif.pattern}
        if self.lettering:
            shown |= {TEXT, self.lettering.ink}
        if self.frame:
            shown |= {FRAMED, self.frame}
        return frozenset(shown)

    def flags(self) -> str:
        """Return one `0` or `1` per label, in column order."""
        shown = self.labels
        return "".join("1" if label in shown else "0" for label in LABELS)


def make_recipe(seed: int, index: int) -> Recipe:
    """Return the recipe of design `index` of a seed; the same arguments give the same recipe."""
    rng = random.Random(f"tagline designs {seed} {index}")  # noqa: S311 - pictures, not secrets
    width, height = _canvas(rng)
    inks = rng.sample(sorted(INKS), 2 if rng.random() < 0.3 else 1)
    word_only = rng.random() < 0.07
    layout = "centred" if word_only else rng.choices(LAYOUTS, (18, 25, 23, 23))[0]
    lettering = None
    if word_only:
        lettering = Lettering(rng.choice(WORDS), inks[0], 0.25, 0.5)
    elif rng.random() < 0.16:
        height_of_band = rng.uniform(0.22, 0.28)
        top = 0.05 if rng.random() < 0.3 else 0.95 - height_of_band
        lettering = Lettering(rng.choice(WORDS), inks[-1], top, height_of_band)
    return Recipe(
        width=width,
        height=height,
        paper=rng.choice(_PAPERS) if rng.random() < 0.3 else None,
        layout=layout,
        motifs=() if word_only else _motifs(rng, layout, inks, lettering),
        lettering=lettering,
        frame=rng.choice(inks) if layout != "corner" and rng.random() < 0.18 else None,
        pattern_turn=rng.choice((0, 45, 90, 135)),
        shade=(rng.randint(-14, 14), rng.randint(-14, 14), rng.randint(-14, 14)),
    )


def _canvas(rng: random.Random) -> tuple[int, int]:
    long = round(_SIDES[0] * (_SIDES[1] / _SIDES[0]) ** rng.random())
    short = max(_SIDES[0], round(long * rng.uniform(0.72, 1.0)))
    return (long, short) if rng.random() < 0.5 else (short, long)


def _motifs(
    rng: random.Random, layout: str, inks: list[str], lettering: Lettering | None
) -> tuple[Motif, ...]:
    pattern = None
    if layout != "scattered" and rng.random() < 0.6:  # too fine to see on small motifs
        pattern = rng.choice(PATTERNS)
    shapes = [shape for shape in SHAPES if pattern is None or shape != "ring"]
    weights = [1.6 if shape == "ring" else 1.0 for shape in shapes]
    chosen = [rng.choices(shapes, weights)[0]]
    if layout in {"pair", "scattered"} and rng.random() < 0.3:
        chosen.append(rng.choices(shapes, weights)[0])
    return tuple(
        Motif(
            shape=chosen[number % len(chosen)],
            ink=inks[number % len(inks)],
            x=x,
            y=y,
            size=size,
            turn=rng.uniform(-14, 14),
            pattern=pattern,
        )
        for number, (x, y, size) in enumerate(_places(rng, layout, lettering))
    )


def _places(
    rng: random.Random, layout: str, lettering: Lettering | None
) -> list[tuple[float, float, float]]:
    """Boxes that never overlap each other, the lettering's band or the frame."""
    top, bottom = 0.08, 0.92
    if lettering and lettering.top < 0.5:
        top = lettering.top + lettering.height + 0.02
    elif lettering:
        bottom = lettering.top - 0.02
    middle, room = (top + bottom) / 2, bottom - top
    if layout == "centred":
        return [(0.5, middle, room * rng.uniform(0.8, 0.95))]
    if layout == "pair":
        size = min(0.4, room) * rng.uniform(0.88, 1.0)
        return [(0.28, middle, size), (0.72, middle, size)]
    if layout == "corner":
        size = rng.uniform(0.36, 0.46)
        upper = bottom < 0.9 or (top < 0.1 and rng.random() < 0.5)
        x = 0.04 + size / 2
        return [(x if rng.random() < 0.5 else 1 - x, x if upper else 1 - x, size)]
    rows = 3 if room > 0.7 else 2
    cells = [(column, row) for row in range(rows) for column in range(3)]
    kept = sorted(rng.sample(cells, rng.randint(max(4, len(cells) - 3), len(cells) - 1)))
    size = 0.84 / 3 * rng.uniform(0.78, 0.9)
    return [
        (
            0.08 + 0.84 * (column + 0.5) / 3 + rng.uniform(-0.02, 0.02),
            top + room * (row + 0.5) / rows + rng.uniform(-0.02, 0.02),
            size,
        )
        for column, row in kept
    ]
