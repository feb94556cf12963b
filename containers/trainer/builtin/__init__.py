"""SageMaker's own image-classification, emulated by this trainer, for laptops alone.

Its image cannot be had outside AWS. What is the same: hyperparameters, channels, what it refuses,
the lines of its log, the files that it leaves, what its endpoint answers. What is not: the network
and its parameters are this trainer's `small`.
"""
