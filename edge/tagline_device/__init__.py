"""Tags what a camera sees, on a device: two streams, results by MQTT, updates over the air."""

import os

# ONNX Runtime reports its use to its maker over the network unless told not to before its import
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
