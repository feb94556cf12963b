"""Serves a trained tagger: SageMaker's inference contract on ONNX Runtime."""

import os

# ONNX Runtime reports its use to its maker over the network unless told not to before its import
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
