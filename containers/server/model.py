"""The model behind the endpoint: model.json says what it is, model.onnx computes the scores."""

import time
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tagline.formats.document import D, Document, UnreadableDocument, decode
from tagline.formats.kinds import Kind
from tagline.formats.models import ImageScores, ModelDescription

_INPUT, _OUTPUT = "data", "scores"


class UnusableModel(Exception):
    """The files under <base>/model are no model that can answer."""


class _Kinded(Document):
    """What every model.json tells."""

    kind: Kind = Kind.IMAGES


def kind_of(folder: Path) -> Kind:
    """Return what the model in a folder is of; raise UnusableModel where it does not say."""
    return read_description(folder / "model.json", _Kinded).kind


def load_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """Return a session that computes an answer with `threads` threads; raise UnusableModel."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # threads that wait in a loop take the CPU from the other requests: docs/benchmarks.md
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as exc:  # ONNX Runtime's errors share no base class of their own
        raise UnusableModel(f"{path} cannot be loaded: {exc}") from exc


def read_description(path: Path, kind: type[D]) -> D:
    """Return the description in a file; raise UnusableModel naming what is wrong."""
    try:
        return decode(path.read_bytes(), kind, str(path))
    except (OSError, UnreadableDocument) as exc:
        raise UnusableModel(str(exc)) from exc


class Model:
    """A loaded model; `answer` may be called from several threads at once.

    `seconds` is what one answer took when the model was loaded.
    """

    def __init__(
        self, description: ModelDescription, session: onnxruntime.InferenceSession
    ) -> None:
        self.description = description
        self.seconds = 0.0
        self._session = session

    @classmethod
    def load(cls, folder: Path, threads: int) -> Self:
        """Return the model in a folder, once it has scored a blank image with `threads` threads.

        Raise UnusableModel when a file is missing, or input and output are not as agreed: `data`
        float32 (N, 3, size, size), RGB 0 … 255, to `scores` float32 (N, labels).
        """
        description = read_description(folder / "model.json", ModelDescription)
        path = folder / "model.onnx"
        model = cls(description, load_session(path, threads))
        model._check_names(path)
        size = description.image.size
        blank = np.full((size, size, 3), 255, np.uint8)
        for _ in range(2):  # the first makes ready
            began = time.perf_counter()
            model.score(blank)
            model.seconds = time.perf_counter() - began
        return model

    def answer(self, pixels: NDArray[np.uint8]) -> ImageScores:
        """Return what `score` does, by the model's name and labels."""
        scores = self.score(pixels)
        return ImageScores(
            run=self.description.run,
            created=self.description.created,
            labels=self.description.labels,
            scores=tuple(map(float, scores)),
        )

    def score(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the (labels,) scores 0 … 1 of (size, size, 3) uint8 RGB pixels.

        Raise UnusableModel when the model's output is not one finite number a label.
        """
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], dtype=np.float32)
        try:
            answer = self._session.run([_OUTPUT], {_INPUT: planes})[0]
        except Exception as exc:  # ONNX Runtime's errors share no base class of their own
            raise UnusableModel(f"model.onnx cannot score {planes.shape}: {exc}") from exc
        scores = np.asarray(answer, np.float32)
        if scores.shape != (1, len(self.description.labels)) or not np.isfinite(scores).all():
            raise UnusableModel(
                f"model.onnx answers {scores.shape}, and model.json has "
                f"{len(self.description.labels)} labels; every score must be a number"
            )
        return scores.reshape(-1)

    def _check_names(self, path: Path) -> None:
        inputs = [node.name for node in self._session.get_inputs()]
        outputs = [node.name for node in self._session.get_outputs()]
        if inputs != [_INPUT] or _OUTPUT not in outputs:
            raise UnusableModel(
                f"{path} maps {inputs} to {outputs}; expected {_INPUT!r} and {_OUTPUT!r}"
            )
