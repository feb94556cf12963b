"""What SageMaker is asked to train and to evaluate."""
