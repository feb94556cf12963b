"""Batches: a dropped list of images that are tagged by the champion, each with a verdict."""
