"""PlanDataset: from a dropped list to shards."""
