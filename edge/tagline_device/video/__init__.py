"""Frames from a film or a camera, through the model, to two streams."""
