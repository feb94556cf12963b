"""The int8 network of a champion, quantized the way that agrees best, where it may go out."""

from collections.abc import Callable, Mapping

import numpy as np

from tagline.formats.edge import EdgeOrder, Int8Verdict
from tagline.formats.packed import PackedDataset
from trainer.candidate import Candidate
from trainer.contract import Base, read_document
from trainer.data import RecordSet
from trainer.edge.quantizing import MOST_IMAGES, Unquantizable, prepared, quantize, ways
from trainer.edge.verdict import Compared, judge
from trainer.export import BATCH, score_all, session

_ALIKE_ENOUGH = 0.98  # of the validation images, to look for no better way


def quantized(
    base: Base,
    champion: Candidate,
    model: bytes,
    thresholds: Mapping[str, float],
    order: EdgeOrder,
) -> tuple[Int8Verdict, bytes | None]:
    """Return what became of int8, and the network that may go out; None where fp32 has to.

    The way of quantizing is chosen on validation images, the verdict given on test images.
    """
    images, judging = _sides(base)
    limits = np.array([thresholds[label] for label in champion.labels])

    def beside(records: RecordSet) -> Callable[[bytes], Compared]:
        scores = champion.scores(records, champion.labels)

        def compared(data: bytes) -> Compared:
            other = score_all(session(data), records.batches(BATCH))
            return Compared(scores, other, records.labels, limits, champion.description.task)

        return compared

    try:
        network, compared = prepared(model), beside(images)
        best, alike = b"", -1.0
        left: tuple[str, ...] = ()
        for way in ways(network):
            data = quantize(network, way, images)
            agreement = compared(data).agreement
            if agreement > alike:
                best, alike, left = data, agreement, way.excluded
            if alike >= _ALIKE_ENOUGH:
                break
    except Unquantizable as exc:
        return Int8Verdict(accepted=False, reason=f"It could not be quantized: {exc}"), None
    found = judge(beside(judging)(best), order.promotion, min(len(images), MOST_IMAGES), left)
    return found, best if found.accepted else None


def _sides(base: Base) -> tuple[RecordSet, RecordSet]:
    """Return the images that choose and those that judge: validation, and test if there is one."""
    path = base.processing_input("dataset/dataset.json")
    dataset = read_document(path, "input 'dataset'", PackedDataset)
    how = {"labels": len(dataset.labels), "side": dataset.image.size}
    validation = RecordSet(base.judging("validation"), **how)
    if not dataset.test:
        return validation, validation
    test = RecordSet(base.judging("test"), **how)
    return validation, test if test.labels.any() else validation
