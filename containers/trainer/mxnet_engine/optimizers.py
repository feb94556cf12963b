"""The optimizers by name, MXNet's own but for one that repeats itself."""

from typing import Any

import mxnet as mx

_MOMENTUM = 0.9


class RepeatableNAG(mx.optimizer.NAG):  # type: ignore[misc]
    """Nesterov's momentum, whose result does not depend on where a weight lies.

    `nag_mom_update` reads the weight again after it has written it, for the momentum's decay. Where
    both are one array it sees the new weight; where oneDNN holds the weight in a layout of its own,
    which is a race between MXNet's threads, it works on a copy and sees the old one. Given a copy
    it always sees the old one, which is what the formula says.
    """

    def update_multi_precision(self, index: int, weight: Any, grad: Any, state: Any) -> None:
        """Change a weight and its momentum, float32, by a gradient."""
        self._update_count(index)
        mx.nd.nag_mom_update(
            weight.copy(),
            grad,
            state,
            out=weight,
            lr=self._get_lr(index),
            wd=self._get_wd(index),
            momentum=self.momentum,
            rescale_grad=self.rescale_grad,
        )


def optimizer(kind: str, weight_decay: float) -> Any:
    """Return a new optimizer; the learning rate is set before each step."""
    if kind == "nag":
        return RepeatableNAG(momentum=_MOMENTUM, wd=weight_decay)
    momentum = {"momentum": _MOMENTUM} if kind == "sgd" else {}
    return mx.optimizer.create(kind, wd=weight_decay, **momentum)
