"""The routes of openapi.json that curators' pages ask: history, comparison, lists, orders."""

from http import HTTPStatus

import msgspec

from tagline.api import (
    changes_documents,
    comparing_documents,
    history_documents,
    progress_documents,
    rows_documents,
)
from tools.docs.answers import BAD, UNKNOWN, Schema, changed, known, ref

_REFUSALS = (
    BAD,
    UNKNOWN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


def _json(kind: type[msgspec.Struct]) -> Schema:
    schema = ref(f"schemas/{kind.__name__}")
    return {"required": True, "content": {"application/json": {"schema": schema}}}


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
        "/datasets/{dataset}/rows": {
            "parameters": [dataset],
            "get": {
                "operationId": "getRows",
                "summary": "Tell of a list's rows: rejects by reason, labels, copies, doubts",
                "parameters": [
                    {
                        "name": "run",
                        "in": "query",
                        "description": "Of this run's list; without it, of the newest run's",
                        "schema": ref("schemas/RunName"),
                    },
                    have,
                ],
                "responses": known(rows_documents.RowsHealth, "The rows", BAD, UNKNOWN),
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
            "post": {
                "operationId": "uploadFile",
                "summary": "Ask for a place to upload a list to, which starts a run, or its labels",
                "requestBody": _json(changes_documents.FileAsked),
                "responses": changed(
                    HTTPStatus.CREATED, changes_documents.Upload, "Send the file there", *_REFUSALS
                ),
            },
        },
        "/datasets/{dataset}/runs/{run}/progress": {
            "parameters": [dataset, ref("parameters/run")],
            "get": {
                "operationId": "getProgress",
                "summary": "Tell how a run goes: states with times, training jobs, epochs",
                "parameters": [
                    {
                        "name": "execution",
                        "in": "query",
                        "description": (
                            "Tell of this execution, which an order about the run started"
                        ),
                        "schema": {"type": "string", "pattern": progress_documents.EXECUTION},
                    },
                    have,
                ],
                "responses": known(
                    progress_documents.RunProgress, "How far the run is", BAD, UNKNOWN
                ),
            },
        },
        "/datasets/{dataset}/orders": {
            "parameters": [dataset],
            "post": {
                "operationId": "giveOrder",
                "summary": "Redeploy the champion, roll back to a former one, or promote a run",
                "requestBody": _json(changes_documents.OrderAsked),
                "responses": changed(
                    HTTPStatus.ACCEPTED,
                    changes_documents.OrderGiven,
                    "It is being carried out",
                    *_REFUSALS,
                    HTTPStatus.CONFLICT,
                ),
            },
        },
    }
