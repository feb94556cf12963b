"""The route of openapi.json that takes feedback."""

from http import HTTPStatus

from tagline.api import feedback_documents
from tools.docs.answers import BAD, UNKNOWN, Schema, of, ref

_KINDS = (
    *("FeedbackOnRow", "FeedbackOnHash", "FeedbackOnPlace", "FeedbackOnImage"),
    "FeedbackOnItem",
)


def feedback_paths() -> Schema:
    """Return the route."""
    found = of(
        feedback_documents.FeedbackTaken,
        "The correction, as it is kept",
        BAD,
        UNKNOWN,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    taken = found.pop("200")
    either = {"oneOf": [ref("schemas/FeedbackTaken"), ref("schemas/ClickTaken")]}
    taken["content"]["application/json"]["schema"] = either
    del taken["headers"]  # an ETag is of what can be read again
    said = {"oneOf": [ref(f"schemas/{kind}") for kind in _KINDS]}
    return {
        "/datasets/{dataset}/feedback": {
            "parameters": [ref("parameters/dataset")],
            "post": {
                "operationId": "correctTags",
                "summary": "Say which of an image's tags are wrong, or what a user chose",
                "description": (
                    "Keeps it for `tagline feedback`, which merges corrections into the list that "
                    "trains the next model. A request that is sent again is not kept twice. Labels "
                    "are those of the newest list or of the champion. Of ratings it is which "
                    "item a user chose, for `tagline feedback --to-ratings`."
                ),
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": said}},
                },
                "responses": {"201": taken, **found},
            },
        }
    }
