"""Script mode: a person's own training script, run by SageMaker's toolkit beside MXNet."""
