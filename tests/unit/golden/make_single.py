"""Write single.json with scikit-learn and SciPy: `python <this file>` where they are installed.

Scores of single labels, what scikit-learn counts of them, and the temperature that SciPy finds.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import (
    balanced_accuracy_score,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

rng = np.random.default_rng(9)
N, L = 100, 8  # one label is no image's, though it is somebody's answer
truth = rng.choice(L, N, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.06, 0, 0.04])
logits = 3 * rng.normal(0, 1, (N, L))
logits[np.arange(N), truth] += 4
scores = softmax(logits, axis=1).astype(np.float32).astype(float)
answers, every = scores.argmax(axis=1), list(range(L))
told = precision_recall_fscore_support(truth, answers, labels=every, zero_division=np.nan)

# one image's worth of any label, as tagline.scores.temperature counts the truth
target = (N * np.eye(L)[truth] + 1 / L) / (N + 1)
logs = np.log(scores)


def loss(logarithm: float) -> float:
    at = logs / np.exp(logarithm)
    return float(-(target * (at - np.log(np.exp(at).sum(axis=1, keepdims=True)))).sum())


found = {
    "versions": {"scikit-learn": sklearn.__version__, "scipy": scipy.__version__},
    "scores": scores.tolist(),
    "classes": truth.tolist(),
    "confusion": confusion_matrix(truth, answers, labels=every).tolist(),
    "precision": [None if np.isnan(x) else x for x in told[0]],
    "recall": [None if np.isnan(x) else x for x in told[1]],
    "f1": [float(x) for x in told[2]],
    "macro_recall": balanced_accuracy_score(truth, answers),
    "top1": float((answers == truth).mean()),
    "top5": top_k_accuracy_score(truth, scores, k=5, labels=every),
    "cross_entropy": log_loss(truth, scores, labels=every),
    "temperature": float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)),
}
Path(__file__).with_name("single.json").write_text(json.dumps(found) + "\n")
