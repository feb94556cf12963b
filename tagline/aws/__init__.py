"""AWS at the edge: clients, S3, logs and metrics."""
