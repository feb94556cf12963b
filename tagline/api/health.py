"""GET /healthz: whether every champion answers, for whoever watches from outside.

SageMaker lists all endpoints in a few calls; a call for each would meet its limits. What it said is
kept for a few seconds, so that asking often costs nothing.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tagline.api.bucket import DataBucket
from tagline.api.documents import Healthy
from tagline.api.problem import unavailable
from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import DatasetKeys
from tagline.formats.names import DATASET
from tagline.formats.outcomes import Champion
from tagline.serving.endpoints import Endpoint, health_of, list_endpoints

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

HEALTH_SECONDS = 10.0  # how long an answer is given again
_READERS = 16
_NAMED = 20  # datasets that a problem names


class Healths:
    """The health of all of a stack's champions."""

    def __init__(
        self,
        bucket: DataBucket,
        sagemaker: "SageMakerClient",
        stack: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bucket = bucket
        self._sagemaker = sagemaker
        self._stack = stack
        self._clock = clock
        self._looked: tuple[float, dict[str, str | None]] | None = None

    def check(self, sees: Callable[[str], bool] = bool) -> Healthy:
        """Return that every champion answers; else raise a 503 that names those who do not.

        Of the datasets that a caller sees.
        """
        now = self._clock()
        if self._looked is None or now - self._looked[0] >= HEALTH_SECONDS:
            self._looked = (now, self._look())
        found = {name: said for name, said in self._looked[1].items() if sees(name)}
        ill = [f"{dataset}: {problem}" for dataset, problem in found.items() if problem]
        if ill:
            more = f"; and {len(ill) - _NAMED} more" if len(ill) > _NAMED else ""
            said = f"{len(ill)} of {len(found)} datasets with a champion are not served: "
            raise unavailable("not_serving", said + "; ".join(ill[:_NAMED]) + more, 30)
        return Healthy(status="ok", datasets=len(found))

    def _look(self) -> dict[str, str | None]:
        """Return what is wrong with each dataset that has a champion."""
        endpoints = list_endpoints(self._sagemaker, self._stack)
        names = [name for name in self._bucket.folders("") if DATASET.fullmatch(name)]
        with ThreadPoolExecutor(_READERS) as pool:
            said = pool.map(lambda name: self._problem(name, endpoints), names)
            return {name: problem for name, (has, problem) in zip(names, said, strict=True) if has}

    def _problem(self, dataset: str, endpoints: dict[str, Endpoint]) -> tuple[bool, str | None]:
        try:
            champion = self._bucket.get(DatasetKeys(dataset).champion, Champion)
        except UnreadableDocument as exc:
            return True, str(exc)
        if champion is None:
            return False, None
        return True, health_of(champion, endpoints.get(champion.endpoint)).problem
