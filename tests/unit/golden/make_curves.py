"""Write curves.json with scikit-learn and cleanlab: `python <this file>` where both are installed.

What they make of a few scores is written down, so that no test needs them.
"""

import json
from pathlib import Path
from typing import Any

import cleanlab
import numpy as np
import sklearn
from cleanlab.filter import find_label_issues
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_curve

rng = np.random.default_rng(11)
N, L = 60, 4
truth = (rng.random((N, L)) < [0.5, 0.3, 0.2, 0.4]).astype(int)
scores = np.clip(truth * [0.5, 0.4, 0.1, 0.6] + rng.random((N, L)) * 0.55, 0, 1)
scores = np.round(scores, 2)  # so that ties and edges of bins are the rule
scores[:5, 0], scores[5:9, 1] = [0, 0.1, 0.3, 0.7, 1], [0.2, 0.5, 0.6, 0.9]
truth[:, 3] ^= rng.random(N) < 0.08  # labels that are wrong


def curve(marks: Any, values: Any) -> dict[str, Any]:
    precision, recall, thresholds = precision_recall_curve(marks, values)
    # ours run from the highest score down, and know nothing of the made-up last point
    return {
        "precision": precision[:-1][::-1].tolist(),
        "recall": recall[:-1][::-1].tolist(),
        "scores": thresholds[::-1].tolist(),
        "ap": average_precision_score(marks, values),
    }


def reliable(marks: Any, values: Any) -> dict[str, Any]:
    frequency, mean = calibration_curve(marks, values, n_bins=10, strategy="uniform")
    return {"frequency": frequency.tolist(), "mean_score": mean.tolist()}


def issues(marks: Any, values: Any) -> list[int]:
    both = np.stack([1 - values, values], axis=1)
    found = find_label_issues(marks, both, filter_by="confident_learning", n_jobs=1)
    return [int(i) for i in np.flatnonzero(found)]


told = {
    "versions": {"scikit-learn": sklearn.__version__, "cleanlab": cleanlab.__version__},
    "truth": truth.tolist(),
    "scores": scores.tolist(),
    "curves": [curve(truth[:, j], scores[:, j]) for j in range(L)],
    "micro": curve(truth.ravel(), scores.ravel()),
    "reliability": [reliable(truth[:, j], scores[:, j]) for j in range(L)],
    "reliability_together": reliable(truth.ravel(), scores.ravel()),
    "issues": [issues(truth[:, j], scores[:, j]) for j in range(L)],
}
Path(__file__).with_name("curves.json").write_text(json.dumps(told) + "\n")
print(told["issues"], [len(c["scores"]) for c in told["curves"]])
