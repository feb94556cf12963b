"""How good scores are: ranking, thresholds, and how sure a difference is."""
