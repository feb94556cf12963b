"""From an encoded image to its scores, through the lane that it belongs to."""

import anyio
from anyio import to_process, to_thread
from numpy import uint8
from numpy.typing import NDArray

from server import explaining
from server.admission import Held, Lane
from server.config import Config
from server.decoding import decode_aside
from server.model import Model
from tagline.formats.models import ImageScores
from tagline.imaging import Limits, decoding_cost, preprocess
from tagline.imaging.errors import UndecodableImage

_HEAVY = 0.1  # CPU seconds of decoding from which an image is heavy: a PNG of some 5 megapixels
_CORES_A_HEAVY_ONE = 4
_HELD_BYTES = 256 * 1024 * 1024


class Tagger:
    """Scores images with one model; small ones do not wait for large ones.

    A large image is decoded by a process of its own: libspng keeps Python's lock while it decodes,
    a process can be killed when its caller left, and its memory goes back.
    """

    def __init__(self, model: Model, config: Config, limits: Limits) -> None:
        self._model = model
        self._limits = limits
        self._small = Lane(config.workers, config.patience)
        self._large = Lane(max(1, config.workers // _CORES_A_HEAVY_ONE), config.patience)
        self._processes = anyio.CapacityLimiter(config.workers)
        self.held = Held(_HELD_BYTES)

    async def scores(self, image: bytes) -> ImageScores:
        """Return the scores of an encoded image.

        Raise ImageError where it is bad or too large, Busy where it would wait too long.
        """
        cost = decoding_cost(image, self._model.description.image, self._limits)
        if cost.seconds >= _HEAVY:
            async with self._large.turn(cost.seconds):
                pixels = await self._decoded_aside(image)
            return await self._scored(pixels)
        async with self._small.turn(cost.seconds + self._model.seconds):
            return await self._scored(await self._decoded(image))

    async def explained(self, image: bytes) -> ImageScores:
        """Return the scores of an encoded image, and what each label's hangs on.

        It goes by the lane of large images, whose work others do not wait for. Raises as `scores`.
        """
        cost = decoding_cost(image, self._model.description.image, self._limits)
        async with self._large.turn(cost.seconds + explaining.seconds(self._model)):
            heavy = cost.seconds >= _HEAVY
            pixels = await (self._decoded_aside(image) if heavy else self._decoded(image))
            return await to_thread.run_sync(explaining.explain, self._model, pixels)

    async def _scored(self, pixels: NDArray[uint8]) -> ImageScores:
        return await to_thread.run_sync(self._model.answer, pixels)

    async def _decoded(self, image: bytes) -> NDArray[uint8]:
        spec = self._model.description.image
        return await to_thread.run_sync(preprocess, image, spec, self._limits)

    async def _decoded_aside(self, image: bytes) -> NDArray[uint8]:
        spec = self._model.description.image
        try:
            return await to_process.run_sync(
                decode_aside, image, spec, self._limits, cancellable=True, limiter=self._processes
            )
        except anyio.BrokenWorkerProcess as exc:
            raise UndecodableImage("the decoder ended over this image") from exc
