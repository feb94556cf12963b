"""What ends the packing: one error with a sentence for the people who own the dataset."""


class PackFailed(Exception):
    """Packing cannot go on; the message is the sentence that the run's status will show."""
