"""`package`: the archive model.zip of a champion, and package.json, which says what it is."""

import base64
import hashlib
import sys
from collections.abc import Mapping

import numpy as np

from tagline.formats.document import encode
from tagline.formats.edge import (
    CARD,
    LABELS,
    MANIFEST,
    MODEL,
    SMOKE,
    SMOKE_FOLDER,
    EdgeFile,
    EdgeManifest,
    EdgeModel,
    EdgeOrder,
    EdgePackage,
    EdgeSmoke,
    EdgeSmokeImage,
    Int8Verdict,
    Precision,
)
from tagline.formats.models import Metrics, ModelCard, Smoke, SmokeImage
from trainer.archive import members
from trainer.candidate import Candidate, load
from trainer.contract import Base, JobRefused, guarded, read_document
from trainer.edge.int8 import quantized
from trainer.edge.zipped import zipped
from trainer.engine import Images
from trainer.export import score, session
from trainer.pixels import Undecodable, decode_any

_SAME = 1e-3  # of a score: the evaluation saw these images by the same program
_TOLERANCE: Mapping[Precision, float] = {"fp32": 0.02, "int8": 0.1}
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}


def main() -> int:
    """Package under the base folder the environment names; return the exit code."""
    base = Base.from_environment()
    return guarded(lambda: package(base), base.processing_message)


def package(base: Base) -> None:
    """Write model.zip and package.json; raises JobRefused."""
    order = read_document(base.processing_input("order/order.json"), "input 'order'", EdgeOrder)
    archive = base.processing_input("model/model.tar.gz")
    champion = load(archive, "input 'model'", order.run)
    pictures = _smoke_pictures(base, champion)
    model = members(archive, "input 'model'", ("model.onnx",))["model.onnx"]
    thresholds = _thresholds(base, order)
    verdict: Int8Verdict | None = None
    precision: Precision = "fp32"
    if order.int8:
        verdict, small = quantized(base, champion, model, thresholds, order)
        if small is not None:
            model, precision = small, "int8"
    files = {
        MODEL: model,
        LABELS: "".join(f"{label}\n" for label in champion.labels).encode(),
        CARD: _card(base),
        **_smoke(champion, model, pictures),
    }
    manifest = _manifest(champion, order, thresholds, precision, files)
    data = zipped({**files, MANIFEST: encode(manifest)}, MANIFEST)
    done = EdgePackage(
        dataset=order.dataset,
        version=order.version,
        run=order.run,
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        precision=precision,
        int8=verdict,
    )
    output = base.processing_output
    output.mkdir(parents=True, exist_ok=True)
    (output / "model.zip").write_bytes(data)
    (output / "package.json").write_bytes(encode(done))
    told = f"; {verdict.reason}" if verdict else ""
    sys.stdout.write(f"{order.version}: {precision}, {len(data):,} bytes{told}\n")


def _thresholds(base: Base, order: EdgeOrder) -> dict[str, float]:
    """Return each label's threshold: what a person sets now, else what was chosen.

    What a person had set when the model was evaluated holds no longer.
    """
    metrics = read_document(
        base.processing_input("metrics/metrics.json"), "input 'metrics'", Metrics
    )
    chosen = {
        row.label: row.threshold if row.chosen is None else row.chosen for row in metrics.labels
    }
    return {**chosen, **{k: v for k, v in order.thresholds.items() if k in chosen}}


def _card(base: Base) -> bytes:
    path = base.processing_input("card/model_card.json")
    read_document(path, "input 'card'", ModelCard)
    return path.read_bytes()


def _smoke_pictures(base: Base, champion: Candidate) -> list[tuple[str, bytes, Images]]:
    """Return the smoke test's images, name, bytes and pixels (S, S, 3) each.

    Raises JobRefused where the model does not answer them as the evaluation saw.
    """
    smoke = read_document(base.processing_input("smoke/smoke.json"), "input 'smoke'", Smoke)
    found = []
    for number, image in enumerate(smoke.images):
        data = base64.b64decode(image.body)
        try:
            pixels = decode_any(data)
        except Undecodable as exc:
            raise JobRefused(f"smoke.json: image {number + 1}: {exc}") from exc
        _check_same(champion, pixels, image, number)
        found.append((f"{SMOKE_FOLDER}{number}.{_ENDINGS[image.content_type]}", data, pixels))
    return found


def _check_same(champion: Candidate, pixels: Images, image: SmokeImage, number: int) -> None:
    if pixels.shape[:2] != (champion.side, champion.side):
        raise JobRefused(f"smoke.json: image {number + 1} is not of the model's size")
    scores = score(champion.model, pixels[None])[0]
    if len(scores) != len(image.scores) or np.abs(scores - image.scores).max() > _SAME:
        raise JobRefused(
            f"smoke.json: the model scores image {number + 1} otherwise than it was evaluated: it "
            "is not the model of this run"
        )


def _smoke(
    champion: Candidate, model: bytes, pictures: list[tuple[str, bytes, Images]]
) -> dict[str, bytes]:
    """Return smoke.json and its images, with the scores of the model that goes out."""
    network = session(model)
    images = [
        EdgeSmokeImage(
            file=name,
            scores=[
                min(1.0, max(0.0, round(float(it), 6))) for it in score(network, pixels[None])[0]
            ],
        )
        for name, _, pixels in pictures
    ]
    document = EdgeSmoke(labels=champion.labels, images=tuple(images))
    return {SMOKE: encode(document), **{name: data for name, data, _ in pictures}}


def _manifest(
    champion: Candidate,
    order: EdgeOrder,
    thresholds: Mapping[str, float],
    precision: Precision,
    files: Mapping[str, bytes],
) -> EdgeManifest:
    return EdgeManifest(
        dataset=order.dataset,
        version=order.version,
        run=order.run,
        created=order.created,
        task=champion.description.task,
        labels=champion.labels,
        thresholds={label: thresholds[label] for label in champion.labels},
        image=champion.description.image,
        model=EdgeModel(file=MODEL, precision=precision),
        files={
            name: EdgeFile(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
            for name, data in sorted(files.items())
        },
        tolerance=_TOLERANCE[precision],
    )
