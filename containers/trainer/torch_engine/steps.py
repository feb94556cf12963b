"""A training step on a GPU, recorded once and replayed: CPU time and launches vanish."""

from collections.abc import Callable

import torch
from torch import Tensor

_WARM_UP = 3  # steps before recording: libraries choose their algorithms in them

Work = Callable[[Tensor, Tensor], None]


class Recorded:
    """Work on images and truth of one shape, as a CUDA graph from the fourth step on."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._done = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, Tensor] | None = None

    def __call__(self, images: Tensor, truth: Tensor) -> None:
        """Do the work on a batch."""
        if self._inputs is None:
            self._inputs = images.clone(), truth.clone()
        else:
            for held, given in zip(self._inputs, (images, truth), strict=True):
                held.copy_(given)
        if self._graph is not None:
            self._graph.replay()
            return
        if self._done == _WARM_UP:  # recording does nothing yet
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._work(*self._inputs)
            self._graph.replay()
            return
        self._done += 1
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            self._work(*self._inputs)
        torch.cuda.current_stream().wait_stream(beside)
