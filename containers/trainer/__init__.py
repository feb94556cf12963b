"""Trains a multi-label tagger, and judges one against another.

`python -m trainer train` and `python -m trainer evaluate` follow SageMaker's contracts for training
and processing containers: files under SAGEMAKER_BASE_DIR (/opt/ml) in, files out, exit 1 with a
failure text when it cannot be done.
"""

import os

# ONNX Runtime 1.29 and later report models and machines to Microsoft unless told not to
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
