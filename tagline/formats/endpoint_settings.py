"""The settings of the endpoint where a dataset's champion serves."""

from typing import Annotated, Literal

from msgspec import Meta

from tagline.formats.section import Instances, InstanceType, Section, Share

ServerlessMemory = Annotated[
    int, Meta(ge=1024, le=6144, multiple_of=1024, description="1024, 2048 and so on up to 6144")
]
ROLLOUT_STEP, ROLLOUT_WAIT = 0.1, 300  # share of the fleet; seconds between steps
SHADOW_REQUESTS, SHADOW_MINUTES = 1000, 60


class EndpointSettings(Section):
    """Where the champion serves; null takes the stack's parameters.

    In the mode serverless nothing is paid while nobody asks; the first answer then takes longer.
    """

    mode: Literal["instances", "serverless"] = "instances"
    """serverless: paid by the answer."""
    instance_type: InstanceType | None = None
    """Null: the stack's EndpointInstanceType."""
    instance_count: Instances | None = None
    """Null: the stack's EndpointInstanceCount."""
    min_instances: Instances | None = None
    """Of an endpoint that scales; 1 where only the most are named."""
    max_instances: Instances | None = None
    """Named, it lets the endpoint scale."""
    invocations_per_instance: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """A minute; above it another instance is added. 600 where nobody says."""
    memory: ServerlessMemory | None = None
    """MB of a serverless endpoint; 2048 where nobody says."""
    max_concurrency: Annotated[int, Meta(ge=1, le=200)] | None = None
    """Images that a serverless endpoint answers at a time; 5 where nobody says."""
    rollout: Literal["all_at_once", "canary", "linear"] | None = None
    """How traffic moves to a new champion; null: canary from two instances on."""
    rollout_step: Annotated[float, Meta(ge=0.1, le=0.5)] | None = None
    """Share of the instances of a canary, or of each step of linear; 0.1 where nobody says."""
    rollout_wait: Annotated[int, Meta(ge=0, le=3600)] | None = None
    """Seconds between steps, alarms watched; 300 where nobody says."""
    bake: Annotated[int, Meta(ge=0, le=3600)] | None = None
    """Seconds that the old fleet stays, alarms watched, after all traffic moved; null: the
    stack's."""
    max_latency: Annotated[int, Meta(ge=1, le=60_000)] | None = None
    """Milliseconds of the model; where the new one takes longer, p95 of a minute, the old comes
    back. 5000 where nobody says."""
    shadow: Annotated[float, Meta(ge=0.01, le=1)] | None = None
    """Share of the requests that a challenger answers unseen before it serves; null: none."""
    shadow_requests: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    """So many answered by both end the shadow; 1000 where nobody says."""
    shadow_minutes: Annotated[int, Meta(ge=1, le=1440)] | None = None
    """The longest that it lasts, however few they are; 60 where nobody says."""
    shadow_agreement: Share | None = None
    """The share of the images that have to get the same tags of both; null: it is only told."""
