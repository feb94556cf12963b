"""A model.onnx as it answers: the trainer holds it against its parts, the evaluation judges it."""

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

INPUTS = ("history", "exclude", "k")
Columns = NDArray[np.int64]
Floats = NDArray[np.float32]
_NONE = np.zeros(0, np.int64)


class Runner:
    """Answers one history at a time, as the server does."""

    def __init__(self, model: bytes | str) -> None:
        """Take the model, or the path of its file."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # errors: warnings about folded constants help nobody here
        self._session = onnxruntime.InferenceSession(
            model, sess_options=options, providers=["CPUExecutionProvider"]
        )
        self.names = tuple(node.name for node in self._session.get_inputs())
        self.items = self._session.get_outputs()[0].shape[0]

    def scores(self, history: Columns) -> Floats:
        """Return the scores (I,) of a history (L,)."""
        found: Floats = self._run(["scores"], history, _NONE, 1)[0]
        return found

    def best(self, history: Columns, exclude: Columns, k: int) -> tuple[Columns, Floats]:
        """Return the best items but those excluded, k or as many as there are, and their scores."""
        left = self.items - len(np.unique(exclude))
        items, best = self._run(["items", "best"], history, exclude, min(k, left))
        return items, best

    def _run(self, outputs: list[str], history: Columns, exclude: Columns, k: int) -> Any:
        values = (history, exclude, np.array([k], np.int64))
        return self._session.run(outputs, dict(zip(INPUTS, values, strict=True)))
