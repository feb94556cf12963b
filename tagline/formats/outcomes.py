"""How runs end: status.json, champion.json, latest.json, decision.json, and what is announced."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType, field

from tagline.formats.costs import Cost
from tagline.formats.document import Document, Record
from tagline.formats.edge_settings import EdgeSettings
from tagline.formats.kinds import Kind


class Outcome(StrEnum):
    """The ways a run can end."""

    PROMOTED = "Promoted"
    NOT_PROMOTED = "NotPromoted"
    UNCHANGED = "Unchanged"
    FAILED = "Failed"
    ROLLED_BACK = "RolledBack"
    REDEPLOYED = "Redeployed"
    SUPERSEDED = "Superseded"


class Ending(Record):
    """How a run ended, in short."""

    outcome: Outcome
    state: str
    """The state that decided it."""
    reason: str
    """A sentence for people."""


class Order(Record, kw_only=True):
    """That a person, not the gate, made a run the champion."""

    kind: Literal["promote", "rollback"]
    """rollback: to a run that had been champion before."""
    by: str
    """Who, as the command said: an ARN, or the account of a laptop."""
    why: str
    at: str
    """When it was given: ISO 8601, UTC."""


class EdgeEnding(Record, kw_only=True):
    """What became of a promotion's way to the devices."""

    released: bool
    version: str | None = None
    reason: str
    """A sentence for people."""
    targets: tuple[str, ...] = ()


class Status(Document, kw_only=True):
    """How a run ended and why; written once, at its end."""

    run: str
    dataset: str
    outcome: Outcome
    state: str
    """The state that decided it."""
    reason: str
    """A sentence for people."""
    started: str
    """ISO 8601, UTC, like `ended`."""
    ended: str
    cost: Cost | None = None
    """What the run used; null where nobody looked."""
    order: Order | None = None
    """Where a person made it the champion."""
    edge: EdgeEnding | UnsetType = UNSET
    """What went out to devices; absent where none are to get it."""


class Decision(Document, kw_only=True):
    """Whether the challenger takes the champion's place."""

    promote: bool
    reason: str
    challenger_map: float | None
    champion_map: float | None
    superseded_by: str | None = None
    """The run of a list that was dropped later, which decides instead."""
    metric: str = "mAP"
    """The primary metric, which was compared."""
    challenger_value: float | None = None
    """Of the primary metric; null in older files, like the champion's."""
    champion_value: float | None = None


class Reign(Record, kw_only=True):
    """A time in which a run served."""

    run: str
    since: str
    """ISO 8601, UTC, like `until`."""
    until: str
    mAP: float | None  # noqa: N815
    reason: str
    """Why it was promoted."""
    order: Order | None = None
    """Where a person made it the champion."""
    metric: str = "mAP"
    """The primary metric."""
    value: float | None = None
    """Of the primary metric; null in older files, whose is mAP."""


MOST_REIGNS = 50


class Champion(Document, kw_only=True):
    """Who serves, and why it won; written only over the version that the run was judged against."""

    run: str
    created: str
    """When it was promoted: ISO 8601, UTC."""
    endpoint: str
    endpoint_config: str
    model: str
    artifact: str
    """S3 URI of its model.tar.gz."""
    mAP: float | None  # noqa: N815 - the files' name for it
    reason: str
    previous: str | None
    """The champion before it."""
    order: Order | None = None
    """Where a person made it the champion; null: the gate did."""
    before: tuple[Reign, ...] = ()
    """Who served before, newest first, 50 at most; nobody in older files."""
    kind: Kind = Kind.IMAGES
    """Of the dataset; absent in older files."""
    metric: str = "mAP"
    """The primary metric."""
    value: float | None = None
    """Of the primary metric; null in older files, whose is mAP."""

    @property
    def primary(self) -> float | None:
        """How good it was when it was promoted, by the primary metric."""
        return self.mAP if self.value is None else self.value

    def followed_at(self, time: str) -> tuple[Reign, ...]:
        """Return who has served before whoever takes over at `time` (ISO 8601, UTC)."""
        own = Reign(
            run=self.run,
            since=self.created,
            until=time,
            mAP=self.mAP,
            reason=self.reason,
            order=self.order,
            metric=self.metric,
            value=self.value,
        )
        return (own, *self.before)[:MOST_REIGNS]


class Latest(Document, kw_only=True):
    """The newest run that was judged, and what went into it."""

    run: str
    fingerprint: str
    outcome: Outcome


class Newest(Document, kw_only=True):
    """The run of the list that was dropped last: earlier ones that still go on give way to it."""

    run: str
    started: str
    """When the list was dropped: ISO 8601, UTC."""
    sequencer: str = ""
    """S3's, of the event: orders lists that were dropped within a second."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """That dataset.yaml sets by hand, by label: they hold for whichever model serves."""
    edge: EdgeSettings = EdgeSettings()
    """Which devices get whichever model is promoted."""


ALERTS_KEY = "alerts.json"


class Leaving(Record):
    """A run that is no longer among those kept."""

    run: str
    since: str
    """ISO 8601, UTC."""


class Kept(Document, kw_only=True):
    """Whose packed sets, checkpoints and models stay, and whose may expire some time."""

    runs: tuple[str, ...] = ()
    """The last that ended, newest first."""
    champions: tuple[str, ...] = ()
    """The last that were promoted, newest first."""
    leaving: tuple[Leaving, ...] = ()
    """Those that were among them; marked once no run that goes on can use them."""


class Told(Record):
    """The failure of a dataset that was told at once."""

    run: str
    at: str
    """When: ISO 8601, UTC."""


class Waiting(Record):
    """A failure that the next digest tells."""

    run: str
    dataset: str
    state: str
    reason: str
    """Its first words."""


class Alerts(Document, kw_only=True):
    """Which failures were told at once lately, and which wait for the digest."""

    told: dict[str, Told] = msgspec.field(default_factory=dict)
    """By dataset."""
    waiting: list[Waiting] = msgspec.field(default_factory=list)
    """The newest of them."""
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    """How many wait in all, by dataset."""
    since: str | None = None
    """When the first of them came: ISO 8601, UTC."""


class Digest(Record):
    """What the alerts topic is told of failures that followed others within the hour."""

    since: str
    """When the first of them came: ISO 8601, UTC."""
    failed: int
    """How many there were."""
    datasets: dict[str, int]
    """How many of each; of the hundred that had most."""
    runs: list[Waiting]
    """The newest of them; the API and `tagline runs` list all."""


class Alert(Record):
    """What the alerts topic is told of a run; the states that notify write the same."""

    run: str
    dataset: str
    outcome: Outcome
    state: str
    reason: str
    status: str
    """S3 URI of status.json."""
    execution: str
    """ARN."""
