"""The route of openapi.json that recommends."""

from http import HTTPStatus

from tagline.api import recommending_documents
from tagline.formats.recommending import MOST_RECOMMENDATIONS
from tools.docs.answers import BAD, UNKNOWN, Schema, known, ref


def recommending_paths() -> Schema:
    """Return the route."""
    return {
        "/datasets/{dataset}/recommendations": {
            "parameters": [ref("parameters/dataset")],
            "get": {
                "operationId": "recommend",
                "summary": "Recommend items to a user, or by items that somebody likes",
                "description": (
                    "Asks the champion of a dataset of ratings. A user who is not known is "
                    "recommended to by the items that are named, and without any by popularity: "
                    "`basis` says which, `reason` why."
                ),
                "parameters": [
                    _query("user", "Whose ratings are looked up.", {"type": "string"}),
                    _query(
                        "items",
                        "Items that somebody likes, the newest last, commas between them; beside "
                        "what a known user has rated.",
                        {"type": "string"},
                    ),
                    _query(
                        "top_k",
                        "Recommend so many items, or as many as there are.",
                        {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": MOST_RECOMMENDATIONS,
                            "default": 10,
                        },
                    ),
                    _query(
                        "exclude_seen",
                        "0: items that the user has rated, or that are named, may come back.",
                        {"type": "string", "enum": ["0", "1", "false", "true"], "default": "1"},
                    ),
                    ref("parameters/known"),
                ],
                "responses": known(
                    recommending_documents.Recommendation,
                    "The items, the best first",
                    BAD,
                    UNKNOWN,
                    HTTPStatus.CONFLICT,
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                ),
            },
        }
    }


def _query(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}
