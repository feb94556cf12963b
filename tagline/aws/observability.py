"""One logger, metrics and tracer for all functions; every log line carries its run's name."""

import functools
import os
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

Event = Mapping[str, Any]
Step = Callable[[Event], dict[str, Any]]

logger = Logger(service="tagline")
metrics = Metrics(service="tagline", namespace="Tagline")


@functools.cache
def tracer() -> Tracer:
    """Return the tracer; made on first use, since the X-Ray SDK takes long to import."""
    return Tracer(service="tagline")


def step(work: Step) -> Callable[[Event, LambdaContext], dict[str, Any]]:
    """Make a Lambda handler of a state's function, which takes the state's input.

    Logs the state, the run, the answer and the trace of an error, traces the call and publishes
    its metrics.
    An exception leaves as it is: the state machine tells errors apart by their class's name.
    """

    @functools.wraps(work)
    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        state = state_of(context.function_name, os.environ.get("STACK_NAME", ""))
        logger.append_keys(state=state, run=event.get("run"), dataset=event.get("dataset"))
        try:
            answer = work(event)
        except Exception:
            logger.exception("the step failed")
            raise
        finally:
            if metrics.provider.metric_set:
                metrics.flush_metrics()
        logger.info("the step is done", answer=_brief(answer))
        return answer

    traced = tracer().capture_lambda_handler(handler, capture_response=False)
    return logger.inject_lambda_context(traced, clear_state=True)


def state_of(function: str, stack: str) -> str:
    """Return the state a function works for: `<stack>-plan-dataset` is PlanDataset's.

    The templates name functions after the stack, with `-` for `_`, and the state.
    """
    name = function.removeprefix(f"{stack.replace('_', '-')}-")
    return "".join(word.capitalize() for word in name.split("-"))


def _brief(answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is long: a request is kept in the run's files."""
    return {key: value for key, value in answer.items() if not isinstance(value, (dict, list))}
