"""A state's function as a Lambda handler: a typed event in, a typed answer out."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_type_hints

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from tagline.aws.environment import environment
from tagline.aws.observability import logger, metrics, traced
from tagline.formats.document import convert

E = TypeVar("E")
Event = Mapping[str, Any]
Handler = Callable[[Event, LambdaContext], dict[str, Any]]


def step(work: Callable[[E], msgspec.Struct]) -> Handler:
    """Make a Lambda handler of a state's function; the event is what its annotation says.

    Logs the state, the run, the answer and the trace of an error, traces the call and publishes
    its metrics. An exception leaves as it is: the state machine tells errors apart by their
    class's name. An event of another form raises UnreadableDocument, which names the key.
    """
    kind = get_type_hints(work)["event"]

    @functools.wraps(work)
    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        state = state_of(context.function_name, environment().stack)
        logger.append_keys(state=state, run=event.get("run"), dataset=event.get("dataset"))
        try:
            answer = work(convert(event, kind, f"the event of {state}"))
        except Exception:
            logger.exception("the step failed")
            raise
        finally:
            if metrics.provider.metric_set:
                metrics.flush_metrics()
        plain: dict[str, Any] = msgspec.to_builtins(answer)
        logger.info("the step is done", answer=_brief(plain))
        return plain

    return logger.inject_lambda_context(traced(handler), clear_state=True)


def state_of(function: str, stack: str) -> str:
    """Return the state a function works for: `<stack>-plan-dataset` is PlanDataset's.

    The templates name functions after the stack, with `-` for `_`, and the state.
    """
    name = function.removeprefix(f"{stack.replace('_', '-')}-")
    return "".join(word.capitalize() for word in name.split("-"))


def _brief(answer: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is long: a request is kept in the run's files."""
    return {key: value for key, value in answer.items() if not isinstance(value, (dict, list))}
