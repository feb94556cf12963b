"""`ecs:runTask` and `ecs:runTask.sync` tasks."""

import json
import time
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from local.access.authority import AccessDenied
from local.clients import Clients
from local.executions import current_attempt, failure
from local.step_access import StepAccess
from local.step_shapes import capitalised, for_states, lower_camel, waits

_POLL = 0.2  # seconds
_DENIED = "ECS.AccessDeniedException"


class ContainerTasks:
    """Tasks on the laptop cloud's ECS, with errors named as Step Functions names them."""

    def __init__(self, clients: Clients, access: StepAccess) -> None:
        self._clients = clients
        self._access = access

    def run(self, resource: str, request: dict[str, Any]) -> Any:
        """Start a container task; for `.sync`, wait until it has stopped.

        Fails with States.TaskFailed and the task as cause when a container did not exit with 0.
        """
        ecs = self._clients.of("ecs")
        asked = lower_camel(request)
        try:
            self._access.require_wait(resource)
            self._access.require("ecs", "RunTask", asked)
            started = ecs.run_task(**asked)
        except AccessDenied as exc:
            raise failure(_DENIED, str(exc)) from exc
        except ClientError as exc:
            error = exc.response["Error"]
            raise failure(f"ECS.{error['Code']}", error["Message"]) from exc
        except ParamValidationError as exc:
            raise failure("States.Runtime", f"{resource}: {exc}") from exc
        if started["failures"]:
            raise failure("ECS.AmazonECSException", json.dumps(for_states(started["failures"])))
        if not waits(resource):
            return capitalised(for_states(started))
        task = self._until_stopped(started["tasks"][0])
        failed = any(container.get("exitCode") != 0 for container in task["containers"])
        stopped = capitalised(for_states(task))
        if failed:
            raise failure("States.TaskFailed", json.dumps(stopped))
        return stopped

    def _until_stopped(self, task: dict[str, Any]) -> dict[str, Any]:
        ecs = self._clients.of("ecs")
        attempt = current_attempt()
        while task["lastStatus"] != "STOPPED":
            if attempt is not None and attempt.abandoned:
                reason = attempt.abandoned
                self._allowed("StopTask", cluster=task["clusterArn"], task=task["taskArn"])
                ecs.stop_task(cluster=task["clusterArn"], task=task["taskArn"], reason=reason)
                raise failure("States.Timeout", f"{task['taskArn']} is stopped: {reason}")
            time.sleep(_POLL)
            self._allowed("DescribeTasks", cluster=task["clusterArn"], tasks=[task["taskArn"]])
            found = ecs.describe_tasks(cluster=task["clusterArn"], tasks=[task["taskArn"]])
            task = found["tasks"][0]
        return task

    def _allowed(self, operation: str, **request: Any) -> None:
        try:
            self._access.require("ecs", operation, request)
        except AccessDenied as exc:
            raise failure(_DENIED, str(exc)) from exc
