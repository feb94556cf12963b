"""Write recommender/: `PYTHONPATH=.:containers .venvs/recommender/bin/python <this file>`.

Eight items in two groups, made by hand: EASE knows the groups, the network knows nothing, and the
trend is what is popular, of which two are equally so.
"""

from pathlib import Path

import numpy as np

from recommender.choosing import Recipe
from recommender.graph import model
from recommender.parts import Ease, Network, standard

ITEMS = 8
groups = np.arange(ITEMS) % 2
matrix = (groups[:, None] == groups[None]).astype(np.float32)
np.fill_diagonal(matrix, 0)
matrix *= 1 + np.arange(ITEMS, dtype=np.float32)[::-1] / 10  # the first is the nearest
zeros = np.zeros((ITEMS, 2), np.float32)
network = Network(
    "multdae", zeros, zeros[0], zeros.T.copy(), np.arange(ITEMS, dtype=np.float32), tanh=True
)
recipe = Recipe("blend", (1.0, 0.0), (0.9, 1.0), 0.1, 0.2, np.zeros(0))
trend = standard(np.array([9, 7, 7, 5, 4, 3, 2, 1], np.float32))
folder = Path(__file__).with_name("recommender")
folder.mkdir(exist_ok=True)
(folder / "model.onnx").write_bytes(model((Ease(matrix), network), recipe, trend))
rows = [f"i{n},{'' if n == 7 else f'Item {n}'}\n" for n in range(ITEMS)]
(folder / "items.csv").write_text("item,title\n" + "".join(rows))
(folder / "model.json").write_text(
    '{"kind": "ratings", "run": "films-0123456789abcdef", "created": "2026-01-02T03:04:05Z", '
    '"algorithm": "blend", "ndcg_at_10": 0.5, "candidates": {"blend": 0.5}, "items": 8, '
    '"users": 20, "ratings": 100, "hyperparameters": {}, "versions": {}}\n'
)
