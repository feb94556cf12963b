"""A run's shards become its packed dataset."""
