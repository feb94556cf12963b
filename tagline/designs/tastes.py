"""Ratings with a planted structure: users like a few genres, items belong to one."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

GENRES = (
    *("Space", "Kitchen", "Detective", "Western", "Pirate", "Robot"),
    *("Garden", "Racing", "Ghost", "Island", "Circus", "Arctic"),
)
_NOUNS = (
    *("Secret", "Return", "Summer", "Shadow", "Promise", "Letter", "Night", "Song", "Map", "Door"),
    *("Mirror", "Winter", "Garden", "Journey", "Legend", "Whisper", "Clock", "Bridge", "Storm"),
    *("Lantern", "Feather", "Anchor", "Puzzle", "Harvest", "Signal"),
)
_BEGIN = 1_700_000_000  # seconds since 1970
_DAY = 86400


@dataclass(frozen=True)
class Tastes:
    """How much is drawn: `days` of ratings by `users`, about `each` a user, of `items`."""

    users: int = 600
    items: int = 300
    each: int = 40
    days: int = 200
    seed: int = 0


@dataclass(frozen=True)
class Drawn:
    """How many ratings were written, and which genres each user likes."""

    ratings: int
    likes: dict[str, tuple[str, ...]]


def draw_ratings(tastes: Tastes, ratings: Path, items: Path, until: float = 1.0) -> Drawn:
    """Write `user,item,rating,timestamp` and `item,title`; return what was drawn.

    A user likes two genres and now and then takes something else; within a genre the first items
    are the most popular. Those of the first `until` of the days are written.
    """
    dice = random.Random(tastes.seed)  # noqa: S311 - nothing secret
    of_genre: list[list[int]] = [[] for _ in GENRES]
    for item in range(tastes.items):
        of_genre[item % len(GENRES)].append(item)
    rows: list[tuple[int, str, str, int]] = []
    likes: dict[str, tuple[str, ...]] = {}
    for user in range(tastes.users):
        liked = dice.sample(range(len(GENRES)), 2)
        likes[f"user-{user:04d}"] = tuple(GENRES[genre] for genre in liked)
        seen: set[int] = set()
        for _ in range(dice.randint(tastes.each // 2, tastes.each * 3 // 2)):
            meant = dice.random() < 0.85  # noqa: PLR2004
            genre = dice.choice(liked) if meant else dice.randrange(len(GENRES))
            shelf = of_genre[genre]
            item = shelf[int(len(shelf) * dice.random() ** 2)]
            if item in seen:
                continue
            seen.add(item)
            at = _BEGIN + int(dice.random() * tastes.days * _DAY)
            stars = dice.choice((4, 5)) if genre in liked else dice.choice((1, 2, 3))
            rows.append((at, f"user-{user:04d}", f"item-{item:04d}", stars))
    rows.sort()
    last = _BEGIN + until * tastes.days * _DAY
    written = [row for row in rows if row[0] <= last]
    with ratings.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user", "item", "rating", "timestamp"))
        writer.writerows((user, item, stars, at) for at, user, item, stars in written)
    with items.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("item", "title"))
        writer.writerows((f"item-{item:04d}", title_of(item)) for item in range(tastes.items))
    return Drawn(len(written), likes)


def title_of(item: int) -> str:
    """Return an item's title, which ends in its genre."""
    place = item // len(GENRES)
    noun, more = _NOUNS[place % len(_NOUNS)], place // len(_NOUNS)
    return f"The {noun}{f' {more + 1}' if more else ''} ({GENRES[item % len(GENRES)]})"
