"""Lambda's python runtimes: AWS's own awslambdaric against ministack's Runtime API.

ministack's own Python worker loses a handler's error type, and with it every Retry and Catch by
name. Its worker for custom runtimes speaks the real Runtime API; here it runs awslambdaric, which
is what AWS runs.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local import patching, processes
from local.access.sessions import session_of
from local.context import Cloud
from local.environment import process_environment
from local.lambda_packages import compiled_folders, runtime_folder

_RUNTIME = "ministack.core.lambda_runtime"
_SERVICE = "ministack.services.lambda_svc"
RESPONSE_LIMIT = (
    6_291_556  # bytes; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
)
_starting = threading.local()
# leads a process group, so that the undertaker can end it
_BOOTSTRAP = """#!/bin/sh
exec "{python}" -S -c 'import os, runpy
os.setsid()
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)' "$_HANDLER"
"""


def install(cloud: Cloud) -> None:
    """Run every function with a python runtime through awslambdaric."""
    packages = runtime_folder(cloud.state_dir / "tmp" / "lambda-runtime")
    compiled = compiled_folders(cloud.state_dir / "tmp" / "lambda-compiled")
    worker = _worker_class()
    choose = patching.function(_RUNTIME, "_worker_class_for", "config")
    patching.replace(
        _RUNTIME,
        "_worker_class_for",
        lambda config: worker if _is_python(config) else choose(config),
        "config",
    )
    through_runtime_api = patching.function(
        _SERVICE, "_execute_function_provided_warm", "func", "event", "request_id"
    )
    warm = patching.function(_SERVICE, "_execute_function_warm", "func", "event", "request_id")

    def execute(func: dict[str, Any], event: object, request_id: str) -> object:
        config = func.get("config") or func
        run = through_runtime_api if _is_python(config) else warm
        return run(func, event, request_id)

    patching.replace(_SERVICE, "_execute_function_warm", execute, "func", "event", "request_id")
    _use_minimal_environment(cloud, packages, compiled)
    _start_through_awslambdaric()


def stop_workers() -> None:
    """End every warm worker."""
    patching.function(_RUNTIME, "reset")()


def _is_python(config: dict[str, Any]) -> bool:
    return str(config.get("Runtime", "")).startswith("python")


def _worker_class() -> type:
    """Return ministack's Runtime API worker with the behaviour Lambda's own runtimes have."""
    base: Any = patching.member(_RUNTIME, "ProvidedWorker", type)
    error: Any = patching.member(_RUNTIME, "ProvidedRuntimeError", type)
    patching.function(_RUNTIME, "ProvidedWorker._spawn", "self", "init_timeout")
    patching.function(_RUNTIME, "ProvidedWorker._await_init", "self", "init_timeout")
    patching.function(_RUNTIME, "ProvidedWorker._drain_stderr_bounded", *_DRAIN_PARAMETERS)
    patching.function(
        _RUNTIME, "ProvidedWorker._build_handler_class", "self", "generation", "pending"
    )
    patching.function(_RUNTIME, "ProvidedWorker.invoke", *_INVOKE_PARAMETERS)

    class PythonWorker(base):  # type: ignore[misc]
        """One execution environment of a python function."""

        def _build_handler_class(self, generation: int, pending: object) -> type:
            handler: Any = super()._build_handler_class(generation, pending)
            handler.disable_nagle_algorithm = True  # 44 ms a call otherwise
            handler.wbufsize = -1
            return handler  # type: ignore[no-any-return]

        def _spawn(self, init_timeout: float | None = None) -> None:
            _starting.python = True
            try:
                super()._spawn(init_timeout)
            finally:
                _starting.python = False
            processes.adopt(self._proc)

        def _await_init(self, init_timeout: float | None = None) -> None:
            try:
                super()._await_init(init_timeout)
            except RuntimeError as exc:
                failure = self._init_error
                if not isinstance(failure, dict):
                    raise
                raise InitFailed(failure, self._drain_stderr_bounded()) from exc

        def invoke(self, event: object, request_id: str, **options: object) -> dict[str, Any]:
            try:
                result: dict[str, Any] = super().invoke(event, request_id, **options)
            except InitFailed as failed:
                return _failure(failed.payload, failed.log)
            size = len(json.dumps(result.get("result")).encode())
            if size > RESPONSE_LIMIT:
                return _failure(
                    {
                        "errorMessage": f"Response payload size ({size} bytes) exceeded maximum "
                        f"allowed payload size ({RESPONSE_LIMIT} bytes).",
                        "errorType": "Function.ResponseSizeTooLarge",
                    },
                    result.get("log", ""),
                )
            return result

    class InitFailed(error):  # type: ignore[misc]
        """The function's module could not be loaded."""

        def __init__(self, payload: dict[str, Any], log: str) -> None:
            super().__init__(payload.get("errorMessage"), payload.get("errorType"))
            self.payload = payload
            self.log = log

    return PythonWorker


_INVOKE_PARAMETERS = ("self", "event", "request_id", "trace_id", "invoked_function_arn")
_DRAIN_PARAMETERS = ("self", "first_line_wait", "idle_confirm", "hard_cap")


def _failure(payload: dict[str, Any], log: str) -> dict[str, Any]:
    return {
        "status": "error",
        "error": payload.get("errorMessage"),
        "error_payload": payload,
        "cold_start": False,
        "log": log,
    }


def _start_through_awslambdaric() -> None:
    """Give a python function's unpacked code the `bootstrap` that a custom runtime starts with."""
    unpack = patching.function(_SERVICE, "_provided_runtime_code_dir", "code_zip")

    def code_dir(code_zip: bytes) -> str:
        folder: str = unpack(code_zip)
        bootstrap = Path(folder, "bootstrap")
        if getattr(_starting, "python", False) and not bootstrap.exists():
            draft = bootstrap.with_name(f"bootstrap-{threading.get_ident()}")
            draft.write_text(_BOOTSTRAP.format(python=sys.executable))
            draft.chmod(0o755)
            draft.replace(bootstrap)  # atomic: concurrent cold starts meet here
        return folder

    patching.replace(_SERVICE, "_provided_runtime_code_dir", code_dir, "code_zip")


def _use_minimal_environment(cloud: Cloud, packages: Path, compiled: Mapping[str, Path]) -> None:
    unpacked_layer: Callable[[bytes, str], str] = patching.function(
        _SERVICE, "_docker_extracted_dir", "blob", "kind"
    )
    layer_zip: Callable[[object], bytes | None] = patching.function(
        _SERVICE, "_resolve_layer_zip", "attachment"
    )

    def environment(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
        search = [code_dir]
        for layer in config.get("Layers") or []:
            blob = layer_zip(layer)
            if blob is None:
                raise RuntimeError(f"layer {layer} of {config.get('FunctionName')} has no content")
            unpacked = Path(unpacked_layer(blob, "layer"), "python")
            search += [str(own) for name, own in compiled.items() if (unpacked / name).is_dir()]
            search.append(str(unpacked))
        name = str(config.get("FunctionName", ""))
        variables = (config.get("Environment") or {}).get("Variables") or {}
        return {
            **variables,
            **process_environment(cloud, session_of(str(config.get("Role", "")), name)),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime')}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(config.get("Timeout", 3)),
            "AWS_LAMBDA_FUNCTION_VERSION": str(config.get("Version", "$LATEST")),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "laptop",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "LAMBDA_TASK_ROOT": code_dir,
            "POWERTOOLS_TRACE_DISABLED": "true",  # no X-Ray daemon listens here
            "PYTHONPATH": os.pathsep.join([*search, str(packages)]),
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
            "_HANDLER": str(config.get("Handler", "")),
        }

    patching.replace(_SERVICE, "_provided_worker_env", environment, "config", "code_dir", "port")
