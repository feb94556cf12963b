"""Distributed Map: ResultWriter and ItemBatcher, and no more children at once than a laptop bears.

Files and their form: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

import json
import os
from collections.abc import Callable
from typing import Any

from local import patching
from local.access.authority import AccessDenied
from local.clients import Clients
from local.context import Cloud
from local.executions import SFN, failure
from local.step_access import StepAccess

CHILDREN_PER_CORE = 2
_PARAMETERS = ("state_def", "raw_input", "effective", "iterator", "execution", "ctx")
_AFTER = ("ResultSelector", "ResultPath", "OutputPath")
_State = dict[str, Any]


def install(cloud: Cloud, access: StepAccess) -> None:
    """Wrap ministack's Distributed Map."""
    run = patching.function(SFN, "_run_distributed_map", *_PARAMETERS)
    writer = _ResultWriter(Clients(cloud), access)
    resolve = patching.function(SFN, "_resolve_params_obj", "template", "data", "ctx")
    select = patching.function(SFN, "_apply_result_selector", "state_def", "data")
    place = patching.function(SFN, "_apply_result_path", "state_def", "original", "result")
    trim = patching.function(SFN, "_apply_output_path", "state_def", "data", "ctx")
    at = patching.function(SFN, "_resolve_path_or_ctx", "path", "data", "ctx")
    batches = _ItemBatcher()

    def wrapped(  # noqa: PLR0917 - ministack's own signature
        state: _State, raw: Any, effective: Any, iterator: _State, execution: _State, ctx: _State
    ) -> tuple[Any, str | None]:
        wanted = state.get("MaxConcurrency")
        if "MaxConcurrencyPath" in state:
            wanted = at(state["MaxConcurrencyPath"], effective, ctx)
        inner = {**state, "MaxConcurrency": _bounded(wanted)}
        destination = inner.pop("ResultWriter", None)
        _allow(access, state, resolve, effective, execution, ctx)
        where = resolve((destination or {}).get("Parameters") or {}, effective, ctx)
        if "ItemBatcher" in state:
            inner, effective = batches.apply(inner, effective, ctx)
        if destination is None:
            output: tuple[Any, str | None] = run(inner, raw, effective, iterator, execution, ctx)
            return output
        after = {key: inner.pop(key) for key in _AFTER if key in inner}
        known = set(_map_runs())
        try:
            _, following = run(inner, raw, effective, iterator, execution, ctx)
        finally:  # what failed is written too
            result = [
                writer.write(where, arn, execution)
                for arn in set(_map_runs()) - known
                if _is_of(arn, execution)
            ]
        output_of_state = place(after, raw, select(after, result[0]))
        return trim(after, output_of_state, ctx), following

    patching.replace(SFN, "_run_distributed_map", wrapped, *_PARAMETERS)


def _allow(  # noqa: PLR0917 - what ministack's own function takes
    access: StepAccess,
    state: _State,
    resolve: Callable[..., Any],
    effective: Any,
    execution: _State,
    ctx: _State,
) -> None:
    """Fail the state unless its machine may read the items and start its own children."""
    machine = execution["stateMachineArn"].partition("/")[0]
    reader = state.get("ItemReader")
    try:
        if reader is not None:
            source = resolve(reader.get("Parameters") or {}, effective, ctx)
            operation = "ListObjectsV2" if "listObjectsV2" in reader["Resource"] else "GetObject"
            access.require("s3", operation, source, execution)
    except AccessDenied as exc:
        raise failure("States.ItemReaderFailed", str(exc)) from exc
    try:
        access.require("states", "StartExecution", {"stateMachineArn": machine}, execution)
    except AccessDenied as exc:
        raise failure("StepFunctions.AccessDeniedException", str(exc)) from exc


def _bounded(wanted: int | None) -> int:
    most = CHILDREN_PER_CORE * (os.cpu_count() or 1)
    return min(int(wanted or most), most)


def _map_runs() -> Any:
    return patching.member(SFN, "_map_runs", object)


def _is_of(map_run: str, execution: _State) -> bool:
    return bool(_map_runs()[map_run]["executionArn"] == execution["executionArn"])


class _ItemBatcher:
    """Groups a map's items before its children see them."""

    def __init__(self) -> None:
        self._resolve = patching.function(SFN, "_resolve_params_obj", "template", "data", "ctx")
        self._read = patching.function(SFN, "_read_map_items", "reader", "effective", "ctx")
        self._at = patching.function(SFN, "_resolve_path_or_ctx", "path", "data", "ctx")

    def apply(self, state: _State, effective: Any, ctx: _State) -> tuple[_State, _State]:
        """Return the state without its batcher, and an input that holds the batches."""
        state = dict(state)
        batcher = state.pop("ItemBatcher")
        if not {"MaxItemsPerBatch", "MaxItemsPerBatchPath"} & set(batcher) or any(
            field.startswith("MaxInputBytesPerBatch") for field in batcher
        ):
            raise ValueError("ItemBatcher: the laptop cloud batches by a number of items only")
        reader, path = state.pop("ItemReader", None), state.pop("ItemsPath", "$")
        items = self._read(reader, effective, ctx) if reader else self._at(path, effective, ctx)
        selector = state.pop("ItemSelector", None) or state.pop("Parameters", None)
        if selector:
            items = [
                self._resolve(
                    selector, effective, {**ctx, "Map": {"Item": {"Index": i, "Value": v}}}
                )
                for i, v in enumerate(items)
            ]
        given = batcher.get("MaxItemsPerBatch")
        size = int(given or self._at(batcher["MaxItemsPerBatchPath"], effective, ctx))
        common = {}
        if "BatchInput" in batcher:
            common = {"BatchInput": self._resolve(batcher["BatchInput"], effective, ctx)}
        batches = [{**common, "Items": items[i : i + size]} for i in range(0, len(items), size)]
        return {**state, "ItemsPath": "$.batches"}, {"batches": batches}


class _ResultWriter:
    """Writes what the children answered as objects, and a manifest that names them."""

    def __init__(self, clients: Clients, access: StepAccess) -> None:
        self._clients = clients
        self._access = access

    def write(self, where: dict[str, str], map_run: str, execution: _State) -> dict[str, Any]:
        """Write one map run; return the state's result, which says where."""
        bucket = where["Bucket"]
        prefix = where.get("Prefix", "").rstrip("/")
        folder = "/".join(part for part in (prefix, map_run.rsplit(":", 1)[-1]) if part)
        files: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for status in ("FAILED", "SUCCEEDED"):
            rows = [_row(child) for child in _children(map_run) if child["status"] == status]
            if rows:
                key = f"{folder}/{status}_0.json"
                size = self._put(bucket, key, rows, execution)
                files[status].append({"Key": key, "Size": size})
        manifest = f"{folder}/manifest.json"
        content = {"DestinationBucket": bucket, "MapRunArn": map_run, "ResultFiles": files}
        self._put(bucket, manifest, content, execution)
        return {
            "MapRunArn": map_run,
            "ResultWriterDetails": {"Bucket": bucket, "Key": manifest},
        }

    def _put(self, bucket: str, key: str, content: Any, execution: _State) -> int:
        body = json.dumps(content).encode()
        try:
            self._access.require("s3", "PutObject", {"Bucket": bucket, "Key": key}, execution)
        except AccessDenied as exc:
            raise failure("States.ResultWriterFailed", str(exc)) from exc
        self._clients.of("s3").put_object(
            Bucket=bucket, Key=key, Body=body, ContentType="application/json"
        )
        return len(body)


def _children(map_run: str) -> list[_State]:
    executions = patching.member(SFN, "_executions", object)
    return [child for child in executions.values() if child.get("mapRunArn") == map_run]


def _row(child: _State) -> dict[str, Any]:
    fields = {
        "ExecutionArn": "executionArn",
        "Input": "input",
        "Name": "name",
        "Output": "output",
        "StartDate": "startDate",
        "StateMachineArn": "stateMachineArn",
        "Status": "status",
        "StopDate": "stopDate",
        "Error": "error",
        "Cause": "cause",
    }
    return {name: child[key] for name, key in fields.items() if child.get(key) is not None}
