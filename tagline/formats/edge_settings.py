"""The settings of a dataset whose champions go to devices."""

from typing import Annotated, Literal

from msgspec import Meta

from tagline.formats.section import Section

# a description says what is expected, in errors too
ThingGroup = Annotated[
    str,
    Meta(
        pattern=r"^[a-zA-Z0-9:_-]{1,128}\Z",
        description="a thing group's name: up to 128 letters, digits, ':', '_' or '-'",
    ),
]


class EdgeSettings(Section):
    """The devices that get each new champion; without targets nothing is packaged."""

    targets: Annotated[tuple[ThingGroup, ...], Meta(max_length=20)] = ()
    """Thing groups of AWS IoT; each has to exist when a champion is released."""
    int8: bool = False
    """Whether to quantize: int8 goes out where it is not proven worse than fp32, else fp32."""
    by: Literal["greengrass", "jobs"] = "greengrass"
    """greengrass: a component and its deployments; jobs: IoT jobs, for devices without Greengrass.
    """
    frames: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """Frames a day (UTC) that devices were unsure of and sent, kept for people to label; 0: none.
    """
