"""Serves a trained tagger: SageMaker's inference contract on ONNX Runtime."""
