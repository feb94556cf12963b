"""The routes of openapi.json that curators' pages ask: history, comparison, lists."""

from tagline.api import comparing_documents, history_documents
from tools.docs.answers import BAD, UNKNOWN, Schema, known, ref


def curator_paths() -> Schema:
    """Return the routes."""
    dataset, have = ref("parameters/dataset"), ref("parameters/known")
    return {
        "/datasets/{dataset}/champions": {
            "parameters": [dataset],
            "get": {
                "operationId": "listChampions",
                "summary": "List who served a dataset, newest first, and who can be rolled back to",
                "parameters": [have],
                "responses": known(
                    history_documents.ChampionHistory, "The dataset's champions", UNKNOWN
                ),
            },
        },
        "/datasets/{dataset}/compare": {
            "parameters": [dataset],
            "get": {
                "operationId": "compareRuns",
                "summary": "Compare two runs of a dataset: numbers, labels, settings",
                "parameters": [
                    {
                        "name": "runs",
                        "in": "query",
                        "required": True,
                        "description": "Two runs of the dataset, a comma between them",
                        "schema": {
                            "type": "string",
                            "pattern": comparing_documents.TWO_RUNS,
                        },
                    },
                    have,
                ],
                "responses": known(
                    comparing_documents.RunComparison, "Both runs side by side", BAD, UNKNOWN
                ),
            },
        },
        "/datasets/{dataset}/lists": {
            "parameters": [dataset],
            "get": {
                "operationId": "listLists",
                "summary": "List the lists that were dropped last, with the runs they started",
                "parameters": [have],
                "responses": known(history_documents.Lists, "The lists, newest first", UNKNOWN),
            },
        },
    }
