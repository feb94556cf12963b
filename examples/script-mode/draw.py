"""Draw the example's data: a folder of small pictures of shapes, and labels.csv.

python draw.py FOLDER [--images 240] [--seed 0]

Each picture is 32 x 32 pixels and holds one to three of a circle, a square and a cross, on a pale
ground: what is in it are its labels.
"""

import argparse
import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

SHAPES = ("circle", "square", "cross")
SIDE = 32


def picture(shapes: list[str], chance: random.Random) -> Image.Image:
    """Return a picture that holds these shapes, wherever they come to lie."""
    image = Image.new("RGB", (SIDE, SIDE), tuple(chance.randrange(200, 256) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    for shape in shapes:
        size = chance.randrange(10, 16)
        x, y = chance.randrange(SIDE - size), chance.randrange(SIDE - size)
        box = (x, y, x + size, y + size)
        colour = tuple(chance.randrange(130) for _ in range(3))
        if shape == "circle":
            pen.ellipse(box, outline=colour, width=3)
        elif shape == "square":
            pen.rectangle(box, fill=colour)
        else:
            pen.line(box, fill=colour, width=3)
            pen.line((x, y + size, x + size, y), fill=colour, width=3)
    return image


def draw(folder: Path, images: int, seed: int) -> None:
    """Write the pictures and labels.csv, which has a column a shape."""
    chance = random.Random(seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", *SHAPES])
        for number in range(images):
            shapes = chance.sample(SHAPES, chance.choice((1, 1, 2, 2, 3)))
            name = f"images/{number:04d}.png"
            picture(shapes, chance).save(folder / name)
            table.writerow([name, *(int(shape in shapes) for shape in SHAPES)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draw(asked.folder, asked.images, asked.seed)
