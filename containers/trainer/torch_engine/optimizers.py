"""The optimizers by name, with MXNet's settings, and what they remember as plain arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, optim

from trainer.engine import Arrays
from trainer.torch_engine.names import decayed

_REMEMBERED = {
    "adam": ("step", "exp_avg", "exp_avg_sq"),
    "sgd": ("momentum_buffer",),
    "nag": ("momentum_buffer",),
    "rmsprop": ("step", "square_avg"),
}


class Optimizer:
    """One of the optimizers over a network's parameters, by structured name.

    On a GPU the learning rate is a tensor there, so that a recorded step can be replayed.
    """

    def __init__(
        self, kind: str, parameters: Mapping[str, Tensor], weight_decay: float, device: torch.device
    ) -> None:
        self._remembered = _REMEMBERED[kind]
        groups: list[dict[str, Any]] = [
            {
                "params": [
                    tensor
                    for name, tensor in parameters.items()
                    if (decayed(name), name.startswith("head.")) == (decays, head)
                ],
                "weight_decay": weight_decay if decays else 0.0,
                "lr": torch.zeros((), device=device) if device.type == "cuda" else 0.0,
                "times": 1.0,
                "head": head,
            }
            for head in (False, True)
            for decays in (True, False)
        ]
        self._optimizer = _made(kind, groups)
        self._parameters = [tensor for group in groups for tensor in group["params"]]

    def quicken_head(self, times: float) -> None:
        """Multiply the last layer's learning rate."""
        for group in self._optimizer.param_groups:
            if group["head"]:
                group["times"] = times

    def set_rate(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        for group in self._optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate * group["times"])
            else:
                group["lr"] = rate * group["times"]

    def step(self) -> None:
        """Change the parameters by their gradients."""
        self._optimizer.step()

    def forget_gradients(self) -> None:
        """Let the next backward pass write gradients instead of adding to them."""
        self._optimizer.zero_grad(set_to_none=True)

    def state(self) -> Arrays:
        """Return what is remembered of each parameter."""
        states = self._optimizer.state
        return [
            states[parameter][name].float().cpu().contiguous().numpy().copy()
            for parameter in self._parameters
            if parameter in states
            for name in self._remembered
        ]

    def set_state(self, state: Arrays) -> None:
        """Put back what `state` returned."""
        left = iter(state)
        found = {
            number: {name: _like(parameter, next(left)) for name in self._remembered}
            for number, parameter in enumerate(self._parameters if state else ())
        }
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": found, "param_groups": groups})


def _like(parameter: Tensor, values: NDArray[np.float32]) -> Tensor:
    """Return values as a tensor that lies in memory as the parameter does: fused steps want it."""
    tensor = torch.from_numpy(values)
    return tensor.clone() if values.ndim == 0 else torch.empty_like(parameter).copy_(tensor)


def _made(kind: str, groups: list[dict[str, Any]]) -> optim.Optimizer:
    if kind == "adam":
        return optim.Adam(groups, fused=True)
    if kind == "rmsprop":
        on_gpu = isinstance(groups[0]["lr"], Tensor)
        # MXNet adds 1e-8 under the root, which is about 1e-4 beside it
        return optim.RMSprop(groups, alpha=0.9, eps=1e-4, capturable=on_gpu)
    return optim.SGD(groups, momentum=0.9, nesterov=kind == "nag", fused=True)
