"""What became of a promotion's way to devices: it never undoes the promotion."""

from msgspec.structs import replace

from tagline.formats.outcomes import EdgeEnding, Ending, Outcome
from tagline.formats.steps import OutcomeEvent
from tagline.outcomes.failures import shortened, unwrap


def edge_ending(execution: OutcomeEvent) -> EdgeEnding | None:
    """Return which version went where, or why none did; None where none was to."""
    version = execution.packaging.version if execution.packaging else None
    if execution.edge:
        return EdgeEnding(
            released=True,
            version=execution.edge.version,
            reason=execution.edge.reason,
            targets=execution.edge.targets,
        )
    if execution.edge_error:
        cause = unwrap(execution.edge_error.error, execution.edge_error.cause)
        return EdgeEnding(released=False, version=version, reason=shortened(cause.message))
    return None


def with_edge(ending: Ending, edge: EdgeEnding) -> Ending:
    """Return an ending that says what did not go out, or went out though nothing changed."""
    if not edge.released:
        return replace(ending, reason=f"{ending.reason}; not sent to devices: {edge.reason}")
    if ending.outcome == Outcome.UNCHANGED:
        return replace(ending, reason=f"{ending.reason}; {edge.reason}")
    return ending
