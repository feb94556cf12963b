"""Tagline: drop a list file into S3, get an image tagger behind an API."""

__version__ = "0.1.0"
