"""Write ranking.json with scikit-learn: `python <this file>` where it is installed.

Scores of 30 users for 40 items, what is left out, what is relevant, and scikit-learn's figures.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, ndcg_score

rng = np.random.default_rng(7)
users = []
for _ in range(30):
    places = rng.permutation(40)
    seen, relevant = int(rng.integers(0, 15)), int(rng.integers(1, 15))
    scores = rng.random(40).round(4)
    kept = np.sort(places[seen:])
    truth = np.isin(kept, places[seen : seen + relevant]).astype(int)
    users.append(
        {
            "scores": scores.tolist(),
            "left_out": places[:seen].tolist(),
            "relevant": places[seen : seen + relevant].tolist(),
            "ndcg": {k: ndcg_score([truth], [scores[kept]], k=k) for k in (1, 5, 10)},
            "precision": average_precision_score(truth, scores[kept]),
        }
    )
found = {"versions": {"scikit-learn": sklearn.__version__}, "users": users}
Path(__file__).with_name("ranking.json").write_text(json.dumps(found) + "\n")
