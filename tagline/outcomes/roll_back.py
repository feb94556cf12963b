"""Back to the champion: what to do with an endpoint whose new model did not hold."""

from collections.abc import Mapping
from typing import Any

from tagline.outcomes.failures import reason, unwrap
from tagline.serving.endpoints import Endpoint

HANDLERS = ("PlanRollBack", "RecordFailure")
_UPDATABLE = {"InService"}
_GONE = {"Deleting"}


class RollBackFailed(RuntimeError):
    """The champion could not be brought back; the message says what serves and what to do."""


def plan_roll_back(
    state: Mapping[str, Any],
    champion: Mapping[str, Any] | None,
    endpoint: Endpoint | None,
    failed: str | None,
    rival: str | None = None,
) -> dict[str, Any]:
    """Return action (restore, delete, keep), endpoint, its configuration, state and reason.

    `state` is the execution's state, `failed` the state whose error led here; None means that the
    endpoint itself did not come up. `rival` is another run that deployed to it meanwhile: what it
    made serves and is its own to keep. Raises RollBackFailed when a roll-back was tried already.
    """
    name = state["deployment"]["endpoint"]
    step = failed or (
        "CreateEndpoint" if state["deployment"]["action"] == "create" else "UpdateEndpoint"
    )
    if state.get("rollback"):
        before, status = state["rollback"], endpoint.status if endpoint else "gone"
        raise RollBackFailed(
            f"Endpoint {name} is {status} and did not come back to {before['endpoint_config']}: "
            f"look at it in the SageMaker console. The roll-back began with: {before['reason']}"
        )
    why = _why(state, endpoint, step, failed, rival)
    plan = {"endpoint": name, "state": step, "reason": why}
    if rival is not None and endpoint is not None:
        return {"action": "keep", "endpoint_config": endpoint.config, **plan}
    if champion is None:
        action = "delete" if endpoint and endpoint.status not in _GONE else "keep"
        return {"action": action, "endpoint_config": None, **plan}
    config = champion["endpoint_config"]
    serves = endpoint is not None and endpoint.status in _UPDATABLE and endpoint.config == config
    return {"action": "keep" if serves else "restore", "endpoint_config": config, **plan}


def _why(
    state: Mapping[str, Any],
    endpoint: Endpoint | None,
    step: str,
    failed: str | None,
    rival: str | None,
) -> str:
    if failed is not None:
        error = state["error"]
        return reason(step, unwrap(error["Error"], error["Cause"]))
    if rival is not None:
        said = f"run {rival}, of another list of this dataset, took the endpoint over meanwhile"
    elif endpoint is None:
        said = "the endpoint disappeared while it was awaited"
    elif endpoint.failure:
        said = endpoint.failure
    elif endpoint.status == "InService":
        said = "SageMaker went back to the endpoint's former configuration: an alarm went off"
    else:
        said = f"the endpoint is still {endpoint.status} after two hours"
    return reason(step, unwrap(step, said))
