"""RecordChampion: one conditional write makes the challenger the champion."""

from typing import Any

from tagline.aws import clients
from tagline.aws.observability import Event, step
from tagline.outcomes.endings import now, record_champion


@step
def handler(event: Event) -> dict[str, Any]:
    """Write champion.json over the version that the challenger was compared with."""
    judged = event["evaluation"]
    champion = {
        "run": event["run"],
        "dataset": event["dataset"],
        "created": now(),
        "endpoint": event["deployment"]["endpoint"],
        "endpoint_config": event["endpoint_config"],
        "model": event["model"],
        "artifact": judged["artifact"],
        "mAP": event["decision"]["challenger_map"],
        "reason": event["decision"]["reason"],
        "previous": judged["champion_run"],
    }
    record_champion(clients.s3(), event["bucket"], champion, judged["champion_etag"])
    return {"run": event["run"]}
