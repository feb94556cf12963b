"""A dataset's settings: dataset.yaml."""
