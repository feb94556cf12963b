"""A model folder as SageMaker unpacks it, around the golden model of mean colours."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

GOLDEN_MODEL = Path(__file__).parents[1] / "unit/golden/mean-colour.onnx"
DESCRIPTION: dict[str, Any] = {
    "run": "designs-0123456789abcdef",
    "created": "2026-01-02T03:04:05Z",
    "labels": ["red", "green", "blue"],
    "image": {"size": 32, "mode": "letterbox", "background": "#ffffff"},
}


def put_model(base: Path, **changes: Any) -> Path:
    """Write <base>/model and return it; `changes` go into model.json."""
    folder = base / "model"
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN_MODEL, folder / "model.onnx")
    (folder / "model.json").write_text(json.dumps(DESCRIPTION | changes), encoding="utf-8")
    return folder


def picture(colour: tuple[int, ...], kind: str = "PNG", size: tuple[int, int] = (40, 40)) -> bytes:
    """Return an encoded image of one colour, with alpha where four values are given."""
    stream = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(stream, kind)
    return stream.getvalue()
