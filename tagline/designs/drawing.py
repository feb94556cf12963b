# ruff: noqa: PLR2004 - numbers here are proportions of a drawing and shares of all designs
"""From a recipe to the bytes of an image file."""

import io

from PIL import Image, ImageChops, ImageDraw, ImageFont

from tagline.designs.recipe import Lettering, Motif, Recipe
from tagline.designs.shapes import pattern_mask, shape_mask
from tagline.designs.vocabulary import INKS

_FINER = 2  # drawn at twice the size and reduced, for smooth edges


def draw(recipe: Recipe) -> Image.Image:
    """Return the design: RGBA on a transparent canvas, or RGB on paper."""
    canvas = Image.new("RGBA", (recipe.width * _FINER, recipe.height * _FINER), (0, 0, 0, 0))
    if recipe.frame:
        _draw_frame(canvas, _colour(recipe, recipe.frame))
    for motif in recipe.motifs:
        _draw_motif(canvas, motif, recipe)
    if recipe.lettering:
        _draw_word(canvas, recipe.lettering, _colour(recipe, recipe.lettering.ink))
    design = canvas.reduce(_FINER)
    if recipe.paper is None:
        return design
    page = Image.new("RGB", design.size, recipe.paper)
    page.paste(design, mask=design.getchannel("A"))
    return page


def encode(recipe: Recipe) -> bytes:
    """Return the design as a PNG with alpha or as a JPEG, by the recipe's suffix."""
    buffer = io.BytesIO()
    image = draw(recipe)
    if recipe.paper is None:
        image.save(buffer, "PNG", compress_level=4)
    else:
        image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _colour(recipe: Recipe, ink: str) -> tuple[int, int, int]:
    red, green, blue = (
        min(255, max(0, base + shade)) for base, shade in zip(INKS[ink], recipe.shade, strict=True)
    )
    return red, green, blue


def _draw_frame(canvas: Image.Image, colour: tuple[int, int, int]) -> None:
    thickness = max(3, round(min(canvas.size) * 0.045))
    box = (0, 0, canvas.width - 1, canvas.height - 1)
    ImageDraw.Draw(canvas).rectangle(box, outline=colour, width=thickness)


def _draw_motif(canvas: Image.Image, motif: Motif, recipe: Recipe) -> None:
    size = round(motif.size * min(canvas.size))
    mask = shape_mask(motif.shape, size, motif.turn)
    if motif.pattern:
        mask = _patterned(mask, motif, recipe.pattern_turn)
    left = round(motif.x * canvas.width - size / 2)
    top = round(motif.y * canvas.height - size / 2)
    if recipe.layout == "corner":  # the corner of the canvas, whatever its proportions
        margin = round(0.04 * min(canvas.size))
        left = margin if motif.x < 0.5 else canvas.width - margin - size
        top = margin if motif.y < 0.5 else canvas.height - margin - size
    canvas.paste((*_colour(recipe, motif.ink), 255), (left, top), mask)


def _patterned(mask: Image.Image, motif: Motif, turn: int) -> Image.Image:
    """Fill a shape with its pattern and keep a thin outline, so that both stay visible."""
    size = mask.width
    pattern = str(motif.pattern)
    ink = ImageChops.multiply(mask, pattern_mask(pattern, size, max(6, size // 4), turn))
    inner_size = round(size * 0.9)
    inner = Image.new("L", mask.size, 0)
    offset = (size - inner_size) // 2
    inner.paste(shape_mask(motif.shape, inner_size, motif.turn), (offset, offset))
    return ImageChops.lighter(ink, ImageChops.subtract(mask, inner))


def _draw_word(canvas: Image.Image, lettering: Lettering, colour: tuple[int, int, int]) -> None:
    """Write the word as large as its band and the canvas allow, in the middle."""
    band = lettering.height * canvas.height
    draw_on = ImageDraw.Draw(canvas)
    probe = ImageFont.load_default(100)
    left, top, right, bottom = draw_on.textbbox((0, 0), lettering.word, probe, stroke_width=4)
    scale = min(band / (bottom - top), 0.84 * canvas.width / (right - left))
    font = ImageFont.load_default(100 * scale)
    stroke = max(1, round(4 * scale))
    left, top, right, bottom = draw_on.textbbox((0, 0), lettering.word, font, stroke_width=stroke)
    x = (canvas.width - (right - left)) / 2 - left
    y = lettering.top * canvas.height + (band - (bottom - top)) / 2 - top
    draw_on.text((x, y), lettering.word, colour, font, stroke_width=stroke, stroke_fill=colour)
