"""What a champion and its shadow answered, as SageMaker's data capture wrote it to S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html: files of
JSON Lines below <destination>/<endpoint>/<variant>/<year>/<month>/<day>/<hour>/. The API gives each
request an id, by which the two answers to it are told.
"""

import base64
from collections.abc import Iterator

from msgspec import field

from tagline.aws.s3 import Bucket
from tagline.formats.document import Record, UnreadableDocument, decode_record
from tagline.formats.models import ImageScores
from tagline.formats.sagemaker import Variant
from tagline.formats.shadow import SHADOW_VARIANT
from tagline.serving.agreement import Agreement

_PRODUCTION = Variant().variant_name


class _Output(Record):
    data: str
    encoding: str = "JSON"


class _Data(Record):
    output: _Output | None = field(name="endpointOutput", default=None)


class _About(Record):
    request: str | None = field(name="inferenceId", default=None)


class _Line(Record):
    data: _Data = field(name="captureData")
    about: _About = field(name="eventMetadata")


class Captured:
    """The answers of an endpoint's two variants below a prefix."""

    def __init__(self, bucket: Bucket, prefix: str, endpoint: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}{endpoint}/"

    def count(self, most: int) -> int:
        """Return how many requests the shadow has answered, up to `most`."""
        return len(self._answers(SHADOW_VARIANT, most))

    def compare(self, agreement: Agreement, runs: tuple[str, str], most: int) -> None:
        """Count up to `most` pairs of answers by the models of these runs, champion's first."""
        shadows = self._answers(SHADOW_VARIANT, most)
        for request, said in self._lines(_PRODUCTION):
            beside = shadows.pop(request, None)
            if beside is None:
                continue
            pair = _scores(said), _scores(beside)
            if pair[0] and pair[1] and (pair[0].run, pair[1].run) == runs:
                agreement.add(pair[0], pair[1])

    def _answers(self, variant: str, most: int) -> dict[str, _Output]:
        found: dict[str, _Output] = {}
        for request, said in self._lines(variant):
            if len(found) == most:
                break
            found[request] = said
        return found

    def _lines(self, variant: str) -> Iterator[tuple[str, _Output]]:
        for key in self._bucket.keys(f"{self._prefix}{variant}/"):
            for line in self._bucket.lines(key, _Line):
                if line.about.request and line.data.output:
                    yield line.about.request, line.data.output


def _scores(said: _Output) -> ImageScores | None:
    """Return what was answered, None for what is no scores, such as an error."""
    data = base64.b64decode(said.data) if said.encoding == "BASE64" else said.data.encode()
    try:
        found = decode_record(data, ImageScores, "a captured answer")
    except UnreadableDocument:
        return None
    return found if len(found.labels) == len(found.scores) else None
