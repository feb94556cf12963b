"""Whether a shadow has seen enough, and whether what it showed lets it serve: pure rules."""

from dataclasses import dataclass

from tagline.formats.endpoint_settings import SHADOW_MINUTES, SHADOW_REQUESTS, EndpointSettings
from tagline.formats.shadow import Asked, Shadow
from tagline.serving.rollout import LATENCY

MOST_ERRORS = 0.01  # share of the requests that may be answered with a server error
FEWEST = 20  # requests, below which a shadow is not judged before its time is over
_LOOKS = 200  # at a shadow: each is nine of the 25,000 events of an execution's history


@dataclass(frozen=True)
class Seen:
    """What is known of a shadow: requests it answered, how it was asked, seconds so far."""

    answered: int
    asked: Asked
    seconds: float


def wanted(settings: EndpointSettings) -> int:
    """Return how many requests answered by both end a shadow."""
    return settings.shadow_requests or SHADOW_REQUESTS


def pause(settings: EndpointSettings, least: int) -> int:
    """Return the seconds between two looks."""
    return max(least, 60 * (settings.shadow_minutes or SHADOW_MINUTES) // _LOOKS)


def is_over(seen: Seen, settings: EndpointSettings) -> bool:
    """Return whether enough was seen, its time is over, or it is bad already.

    Metrics come later than answers: those of all that is compared are waited for.
    """
    enough = wanted(settings)
    if seen.seconds >= 60 * (settings.shadow_minutes or SHADOW_MINUTES):
        return True
    if seen.asked.requests >= FEWEST and fault(seen.asked, settings):
        return True
    return seen.answered >= enough and seen.asked.requests >= enough


def fault(asked: Asked, settings: EndpointSettings, alike: float | None = None) -> str | None:
    """Return in words what keeps a shadow from serving, or None."""
    if asked.errors > MOST_ERRORS * asked.requests:
        return (
            f"{asked.errors:,} of {asked.requests:,} requests were answered with a server error, "
            f"and {MOST_ERRORS:.0%} may be"
        )
    longest = settings.max_latency or LATENCY
    if asked.latency and asked.latency.p95 > longest:
        return (
            f"its model took {asked.latency.p95:,.0f} ms (p95), and endpoint.max_latency is "
            f"{longest:,}"
        )
    least = settings.shadow_agreement
    if least is not None and alike is not None and alike < least:
        return (
            f"{alike:.1%} of the images got the champion's tags, and endpoint.shadow_agreement "
            f"asks for {least:.1%}"
        )
    return None


def told(shadow: Shadow) -> str:
    """Return in words what a shadow showed."""
    if not shadow.compared or shadow.alike is None:
        return (
            f"as a shadow it was asked {shadow.asked.requests:,} times, smoke tests among them, "
            "and no caller's request was answered by both"
        )
    took = shadow.asked.latency
    slow = f", p95 {took.p95:,.0f} ms" if took else ""
    return (
        f"as a shadow it gave {shadow.alike:.1%} of {shadow.compared:,} images the champion's "
        f"tags{slow}"
    )
