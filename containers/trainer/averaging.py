"""The moving average of a network's weights, which generalises better than its last step.

After t steps the decay of a step is `decay`, or (1 + t) / (10 + t) where that is less: early
weights, which are far off, are soon forgotten, and where few steps were made their last tenth or so
is averaged. The running statistics of batch normalisations are averaged like the weights that they
belong to. Weights are looked at every few steps: a copy of them takes time, on a GPU above all.
"""

import numpy as np

from trainer.engine import Learner, Weights

_EVERY = 4  # steps


class WeightAverage:
    """The average of a learner's weights so far; none where `decay` is 0."""

    def __init__(self, decay: float) -> None:
        self._decay = decay
        self._step = 0
        self._seen = 0  # the step of the last look
        self._mean: Weights = {}

    def step(self, learner: Learner) -> None:
        """Count a step that the learner has made."""
        self._step += 1
        if self._decay and self._step - self._seen >= _EVERY:
            self._look(learner.weights())

    def settle(self, learner: Learner) -> Weights:
        """Return the average at an epoch's end; the weights themselves where none is asked for."""
        weights = learner.weights()
        if not self._decay:
            return weights
        if self._step > self._seen:
            self._look(weights)
        return {name: values.copy() for name, values in self._mean.items()}

    def resume(self, step: int, mean: Weights) -> None:
        """Go on at an epoch's end after so many steps with what `settle` returned then."""
        self._step = self._seen = step
        self._mean = {name: values.copy() for name, values in mean.items()}

    def _look(self, weights: Weights) -> None:
        decay = min(self._decay, (1 + self._step) / (10 + self._step))
        share = 1 - decay ** (self._step - self._seen)
        self._seen = self._step
        if not self._mean:
            self._mean = weights
        for name, values in weights.items():
            self._mean[name] += np.float32(share) * (values - self._mean[name])
