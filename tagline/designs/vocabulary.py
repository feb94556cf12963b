"""What a design can show: the labels, by kind, in the order of the list's columns."""

SHAPES = ("circle", "square", "triangle", "star", "heart", "ring")
PATTERNS = ("stripes", "dots", "checks")
INKS: dict[str, tuple[int, int, int]] = {
    "red": (214, 38, 44),
    "green": (34, 150, 66),
    "blue": (32, 86, 214),
    "yellow": (250, 200, 12),
    "purple": (138, 52, 172),
    "black": (14, 14, 16),
}
TEXT = "text"
LAYOUTS = ("centred", "pair", "scattered", "corner")
FRAMED = "framed"

KINDS: dict[str, tuple[str, ...]] = {
    "shape": SHAPES,
    "colour": tuple(INKS),
    "pattern": PATTERNS,
    "text": (TEXT,),
    "layout": (*LAYOUTS, FRAMED),
}
LABELS: tuple[str, ...] = tuple(label for labels in KINDS.values() for label in labels)

WORDS = (
    "SALE", "NEW", "OPEN", "HELLO", "LOVE", "JAZZ", "CAFE", "SUMMER", "PARTY", "WOW",
    "FRESH", "MUSIC", "GO", "YES", "BOOKS", "TEA", "SURF", "PLAY", "DREAM", "2026",
)  # fmt: skip
