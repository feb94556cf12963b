"""A PyTorch network and its optimizer, as the training loop sees them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from trainer.data import RecordSet
from trainer.engine import Arrays, Images, Weights
from trainer.feed import Feed
from trainer.hyperparameters import Hyperparameters
from trainer.labels import LabelCounts
from trainer.losses import loss_of
from trainer.team import Team
from trainer.torch_engine.devices import compiling_pays, half_pays, prepare
from trainer.torch_engine.export import export
from trainer.torch_engine.feed import feed
from trainer.torch_engine.names import tensors
from trainer.torch_engine.network import Logits
from trainer.torch_engine.optimizers import Optimizer
from trainer.torch_engine.steps import Recorded
from trainer.torch_engine.team import TorchTeam


class TorchLearner:
    """A network in training, with its optimizer, on one device."""

    def __init__(
        self,
        network: Logits,
        asked: Hyperparameters,
        counts: LabelCounts,
        where: torch.device,
        team: Team,
    ) -> None:
        self.team, self._batch = team, asked.mini_batch_size
        self._single = asked.single
        prepare(where)
        self._where, self._half = where, half_pays(where)
        self._network = network.to(where, memory_format=torch.channels_last).train()
        self._tensors = tensors(network)
        steps = counts.images // asked.mini_batch_size * asked.epochs
        compiled = compiling_pays(where, steps)
        self._forward: Any = torch.compile(network) if compiled else network
        self._loss = loss_of(asked, counts, _Operations(where))
        learned = {name: t for name, t in self._tensors.items() if t.requires_grad}
        self._optimizer = Optimizer(asked.optimizer, learned, asked.weight_decay, where)
        recorded = where.type == "cuda" and not isinstance(team, TorchTeam)
        self._step = Recorded(self._work) if recorded else self._work
        self._loss_sum, self._steps = torch.zeros((), device=where), 0
        self.device = ", ".join(
            [_name(where), *["bfloat16"] * self._half, *["compiled"] * compiled]
        )

    def feed(self, records: RecordSet, kind: str) -> Feed:
        """Return where batches come from: the GPU's own memory, where all images fit."""
        return feed(records, kind, self._where)

    def step(self, images: Any, labels: Any, rate: float) -> None:
        """Train on one batch of the feed; a GPU works behind Python's back."""
        self._optimizer.set_rate(rate)
        self._step(self._there(images), self._there(labels).float())
        self._steps += 1

    def mean_loss(self) -> float:
        """Return the mean loss since it was asked last."""
        if isinstance(self.team, TorchTeam):
            statistics = [t for t in self._tensors.values() if not t.requires_grad]
            with torch.no_grad():
                self.team.add([self._loss_sum, *statistics])
                torch._foreach_div_(statistics, float(self.team.size))
        mean = float(self._loss_sum.item()) / self._steps
        self._loss_sum.zero_()
        self._steps = 0
        return mean

    def logits(self, images: Images) -> NDArray[np.float32]:
        """Return the logits (n, L) of images."""
        self._network.eval()
        with torch.inference_mode():
            answers: NDArray[np.float32] = self._network(_planes(self._there(images))).cpu().numpy()
        self._network.train()
        return answers

    def weights(self) -> Weights:
        """Return a copy of all weights."""
        return {
            name: tensor.detach().to("cpu", copy=True).contiguous().numpy()
            for name, tensor in self._tensors.items()
        }

    def set_weights(self, weights: Weights) -> None:
        """Put weights in place by name."""
        with torch.no_grad():
            for name, values in weights.items():
                self._tensors[name].copy_(torch.from_numpy(values))

    def quicken_head(self, times: float) -> None:
        """Multiply the last layer's learning rate."""
        self._optimizer.quicken_head(times)

    def optimizer_state(self) -> Arrays:
        """Return what the optimizer remembers of each parameter."""
        return self._optimizer.state()

    def set_optimizer_state(self, state: Arrays, steps: int) -> None:  # noqa: ARG002 - in the state
        """Go on with what the optimizer remembered."""
        self._optimizer.set_state(state)

    def reseed(self, seed: int) -> None:
        """Seed PyTorch's generators."""
        torch.manual_seed(seed)

    def export(self, folder: Path, images: Images) -> NDArray[np.float32]:
        """Write model.onnx; the weights by name are written for every engine."""
        return export(self._network, folder, images, single=self._single)

    def _work(self, images: Tensor, truth: Tensor) -> None:
        self._optimizer.forget_gradients()
        with torch.autocast(
            self._where.type, torch.bfloat16, enabled=self._half, cache_enabled=False
        ):
            logits = self._forward(_planes(images))
        # of a team's batch this may be a part, whose losses count by its size
        loss = self._loss(logits.float(), truth).mean() * (len(images) / self._batch)
        (loss * truth.shape[1]).backward()
        if isinstance(self.team, TorchTeam):
            self.team.add([t.grad for t in self._tensors.values() if t.grad is not None])
        self._optimizer.step()
        self._loss_sum += loss.detach()

    def _there(self, values: Any) -> Tensor:
        """Return numpy's values, or a feed's, as a tensor on the device."""
        tensor = values if isinstance(values, Tensor) else torch.from_numpy(values)
        return tensor.to(self._where, non_blocking=True)


class _Operations:
    """What losses are written with, in PyTorch."""

    relu, sigmoid = staticmethod(torch.relu), staticmethod(torch.sigmoid)
    abs, exp, log = staticmethod(torch.abs), staticmethod(torch.exp), staticmethod(torch.log)
    softplus = staticmethod(functional.softplus)

    def __init__(self, where: torch.device) -> None:
        self._where = where

    def log_softmax(self, x: Tensor) -> Tensor:
        return functional.log_softmax(x, dim=1)

    def constant(self, values: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(values).to(self._where)


def _planes(images: Tensor) -> Tensor:
    """Return images (n, S, S, 3) as float (n, 3, S, S), which is channels_last as it lies."""
    return images.permute(0, 3, 1, 2).float()


def _name(where: torch.device) -> str:
    return torch.cuda.get_device_name(where) if where.type == "cuda" else "cpu"
