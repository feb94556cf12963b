"""RecordChampion: one conditional write makes the challenger the champion."""

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.aws.step import step
from tagline.formats.steps import ChampionAnswer, ChampionEvent
from tagline.outcomes.endings import record_champion


@step
def handler(event: ChampionEvent) -> ChampionAnswer:
    """Write champion.json over the version that the challenger was compared with."""
    return record_champion(event, Bucket(clients.s3(), event.bucket))
