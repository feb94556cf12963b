"""Trains a recommender on ratings, and judges one against another.

`python -m recommender train` and `python -m recommender evaluate` follow SageMaker's contracts for
training and processing containers, as `trainer` does, whose parts that know no images it uses.
"""

import os

# ONNX Runtime 1.29 and later report models and machines to Microsoft unless told not to
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
