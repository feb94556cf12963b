"""A version's model, computed by ONNX Runtime with one thread."""

import hashlib
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tagline.formats.document import UnreadableDocument, decode
from tagline.formats.edge import MANIFEST, EdgeManifest
from tagline.imaging import preprocess_frame
from tagline_device.answer import Answer, answer
from tagline_device.errors import UnusableVersion

_INPUT, _OUTPUT = "data", "scores"


class Model:
    """A model that is loaded. Not for several threads at once."""

    def __init__(self, manifest: EdgeManifest, session: onnxruntime.InferenceSession) -> None:
        self.manifest = manifest
        self._session = session
        size = manifest.image.size
        self._planes = np.empty((1, 3, size, size), np.float32)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model in a version's folder, once its files are whole and it has answered.

        Raise UnusableVersion saying which file is missing or damaged.
        """
        manifest = read_manifest(folder)
        check_files(folder, manifest)
        model = cls(manifest, _session(folder / manifest.model.file))
        size = manifest.image.size
        model.scores(np.zeros((size, size, 3), np.uint8))
        return model

    def see(self, frame: NDArray[np.uint8]) -> Answer:
        """Return what the model makes of a (h, w, 3) uint8 BGR frame."""
        scores = self.scores(preprocess_frame(frame, self.manifest.image))
        return answer(self.manifest, scores.tolist())

    def scores(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the (labels,) scores 0 … 1 of (size, size, 3) uint8 RGB pixels.

        Raise UnusableVersion where they are not one finite number a label.
        """
        np.copyto(self._planes[0], pixels.transpose(2, 0, 1))
        try:
            found = np.asarray(self._session.run([_OUTPUT], {_INPUT: self._planes})[0], np.float32)
        except Exception as exc:  # ONNX Runtime's errors share no base class of their own
            raise UnusableVersion(f"model: it cannot score an image: {exc}") from exc
        if found.shape != (1, len(self.manifest.labels)) or not np.isfinite(found).all():
            raise UnusableVersion(
                f"model: {found.shape} scores of {len(self.manifest.labels)} labels; each has to "
                "be one finite number"
            )
        return found.reshape(-1)


def read_manifest(folder: Path) -> EdgeManifest:
    """Return a version's manifest; raise UnusableVersion where there is none that can be read."""
    path = folder / MANIFEST
    try:
        return decode(path.read_bytes(), EdgeManifest, MANIFEST)
    except (OSError, UnreadableDocument) as exc:
        raise UnusableVersion(str(exc)) from exc


def check_files(folder: Path, manifest: EdgeManifest) -> None:
    """Raise UnusableVersion where a file is not what the manifest says."""
    for name, told in manifest.files.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as exc:
            raise UnusableVersion(f"{name}: {exc.strerror}") from exc
        if found != told.sha256:
            raise UnusableVersion(f"{name}: its SHA-256 is not the manifest's")


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # an error is raised, and said by who catches it
    try:
        return onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as exc:  # ONNX Runtime's errors share no base class of their own
        raise UnusableVersion(f"{path.name} cannot be loaded: {exc}") from exc
