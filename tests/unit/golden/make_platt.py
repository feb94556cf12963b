"""Write platt.json with scikit-learn: `python <this file>` where it is installed.

Scores of four kinds of model, and what scikit-learn's sigmoid calibration makes of them.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.calibration import _SigmoidCalibration

rng = np.random.default_rng(5)
N = 300
logits = rng.normal(-1, 1.5, (N, 4))
truth = (rng.random((N, 4)) < 1 / (1 + np.exp(-logits))).astype(int)
truth[:, 3] = logits[:, 3] > 0  # told apart without a mistake
# too sure, hardly sure, off by a constant, right
logits = logits * [3, 0.2, 1, 1] + [0, 0, 2, 0]

scores = (1 / (1 + np.exp(-logits))).astype(np.float32).astype(float)
told = []
for j in range(4):
    inputs = np.log(scores[:, j : j + 1]) - np.log1p(-scores[:, j : j + 1])
    fitted = _SigmoidCalibration().fit(inputs, truth[:, j])
    told.append(fitted.predict(inputs[:, 0]).tolist())
found = {
    "versions": {"scikit-learn": sklearn.__version__},
    "scores": scores.T.tolist(),
    "truth": truth.T.tolist(),
    "calibrated": told,
}
Path(__file__).with_name("platt.json").write_text(json.dumps(found) + "\n")
