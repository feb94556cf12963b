"""Several images of one request, each with a verdict of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus

from tagline.api.boundary import problem_of
from tagline.api.documents import ImageVerdict, ManyTags, Tags
from tagline.api.forms import File
from tagline.api.images import Image, image_of
from tagline.api.problem import Problem, bad_request

AT_ONCE = 4  # images that one request has the endpoint work on
_OF_THE_REQUEST = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INTERNAL_SERVER_ERROR}


def tags_of_several(
    dataset: str, files: Sequence[File], tag: Callable[[Image], Tags], request_id: str
) -> ManyTags:
    """Return a verdict on each file, in their order.

    Raises the first one's problem where all failed by the service, so that the caller comes back.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(partial(_judge, tag=tag), files))
    problems = [each for each in found if isinstance(each, Problem)]
    if len(problems) == len(found) and all(p.status in _OF_THE_REQUEST for p in problems):
        raise problems[0]
    verdicts = [
        _verdict(file.name, each, request_id) for file, each in zip(files, found, strict=True)
    ]
    return ManyTags(dataset=dataset, images=verdicts)


def _judge(file: File, tag: Callable[[Image], Tags]) -> Tags | Problem:
    if not file.data:
        return bad_request("empty_body", "The image has no bytes.")
    try:
        return tag(image_of(file.data, "The image"))
    except Exception as exc:  # noqa: BLE001 - one image's fault is none of the others'; logged
        return problem_of(exc)


def _verdict(name: str, found: Tags | Problem, request_id: str) -> ImageVerdict:
    if isinstance(found, Problem):
        problem = found.document(request_id)
        return ImageVerdict(image=name, model=None, tags=None, problem=problem)
    return ImageVerdict(
        image=name,
        model=found.model,
        label=found.label,
        unsure=found.unsure,
        scores=found.scores,
        tags=found.tags,
        problem=None,
    )
