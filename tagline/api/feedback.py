"""A request for feedback, read and checked, and a correction as its caller sees it."""

import json
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tagline.api.feedback_documents import (
    CorrectedImageShown,
    FeedbackOnHash,
    FeedbackOnImage,
    FeedbackOnPlace,
    FeedbackOnRow,
    FeedbackTaken,
    Said,
)
from tagline.api.feedback_world import Standing
from tagline.api.images import image_of
from tagline.api.problem import bad_request, unprocessable
from tagline.api.requests import MAX_JSON_BYTES, Request, decoded
from tagline.feedback.images import Kept
from tagline.feedback.labels import SaidTwice, UnknownLabel, check_labels, check_one
from tagline.feedback.recording import Recorded
from tagline.formats.feedback import CorrectedImage, Correction
from tagline.formats.image_headers import MAX_PIXELS, image_size
from tagline.formats.printable import printable
from tagline.formats.tasks import Task

_KINDS: Mapping[str, type[Said]] = {
    "id": FeedbackOnRow,
    "hash": FeedbackOnHash,
    "s3_uri": FeedbackOnPlace,
    "image": FeedbackOnImage,
}
_SHAPE = (
    'The JSON body must be {"id" or "hash" or "s3_uri" or "image": …, "confirmed": [labels], '
    '"added": [labels], "removed": [labels], "run"?, "who"?}, and nothing else'
)


def asked_feedback(body: bytes) -> Said:
    """Return what a body says, as the type of the image it names; or raise a 400."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as exc:  # ValueError: also bytes that are not UTF-8
        raise bad_request("bad_json", "The body is not JSON of a sensible depth.") from exc
    named = [name for name in _KINDS if isinstance(document, dict) and name in document]
    if len(named) != 1:
        raise bad_request("bad_json", f"{_SHAPE}; it names the image in {len(named)} ways.")
    if named != ["image"] and len(body) > MAX_JSON_BYTES * 16:
        raise bad_request(
            "bad_json", f"JSON without an image may have {MAX_JSON_BYTES * 16} bytes."
        )
    try:
        return msgspec.convert(document, _KINDS[named[0]])
    except msgspec.ValidationError as exc:
        raise bad_request("bad_json", f"{_SHAPE}: {exc}.") from exc


def lists_of(said: Said) -> dict[str, tuple[str, ...]]:
    """Return the labels by what is said of them, each once."""
    lists: Mapping[str, Sequence[str]] = {
        "confirmed": said.confirmed,
        "added": said.added,
        "removed": said.removed,
    }
    return {name: tuple(dict.fromkeys(labels)) for name, labels in lists.items()}


def correction_of(
    asked: Said, request: Request, auth: str, now: Standing
) -> Callable[[CorrectedImage], Correction]:
    """Return what makes a correction of the image it is about; raises a 400 or 422 before.

    `who` is who signed in or, where nobody has to, whom the body names.
    """
    lists = lists_of(asked)
    try:
        check_labels(lists, now.labels)
        if now.plan.task is Task.SINGLE:
            check_one(lists)
    except UnknownLabel as exc:
        raise unprocessable("unknown_label", str(exc)) from exc
    except SaidTwice as exc:
        raise unprocessable("bad_feedback", str(exc)) from exc
    who = asked.who if auth == "none" else request.caller

    def made(image: CorrectedImage) -> Correction:
        return Correction(
            dataset=now.plan.dataset,
            image=image,
            run=asked.run or now.champion,
            who=printable(who) if who else None,
            at="",
            confirmed=lists["confirmed"],
            added=lists["added"],
            removed=lists["removed"],
        )

    return made


def sent_image(asked: FeedbackOnImage) -> Kept:
    """Return an image of a request; raises a 400, 415 or 422 for what no model could be shown."""
    if not (data := decoded(asked.image)):
        raise bad_request("empty_body", "The image has no bytes.")
    return checked_image(data, "The image")


def checked_image(data: bytes, what: str) -> Kept:
    """Return bytes as an image that a decoder would take, going by its header; or raise."""
    image = image_of(data, what)
    size = image_size(data)
    if size is None:
        raise unprocessable("undecodable_image", f"{what} ends in its header, or it is damaged.")
    if size.width * size.height > MAX_PIXELS:
        raise unprocessable(
            "too_many_pixels", f"{what} has {size.width}x{size.height} pixels; {MAX_PIXELS:,} go."
        )
    return Kept(data, image.content_type)


def feedback_taken(kept: Recorded) -> FeedbackTaken:
    """Return the answer for a correction that is kept."""
    correction = kept.correction
    image = correction.image
    return FeedbackTaken(
        dataset=correction.dataset,
        correction=kept.key.rpartition("/")[2].removesuffix(".json"),
        image=CorrectedImageShown(s3_uri=image.s3_uri, sha256=image.sha256, id=image.id),
        run=correction.run,
        confirmed=list(correction.confirmed),
        added=list(correction.added),
        removed=list(correction.removed),
        who=correction.who,
        at=correction.at,
        repeated=kept.repeated,
    )
