"""DecidePromotion: whether the challenger beats the champion by the margin."""

from typing import Any

from tagline.aws import clients
from tagline.aws.observability import Event, step
from tagline.aws.s3json import read_json, write_json
from tagline.formats.keys import RunKeys
from tagline.serving.promotion import decide
from tagline.settings.schema import Settings


@step
def handler(event: Event) -> dict[str, Any]:
    """Return the decision and keep it in the run's files."""
    bucket, keys = event["bucket"], RunKeys(event["run"])
    metrics = read_json(clients.s3(), bucket, keys.of("metrics.json"))
    plan = read_json(clients.s3(), bucket, keys.of("plan.json"))
    rule = Settings.from_dict(plan["settings"]).promotion
    champion = metrics["champion"] or {}
    decision = decide(
        metrics["mAP"],
        champion.get("mAP"),
        champion_run=event["evaluation"]["champion_run"],
        margin=rule.margin,
        minimum=rule.minimum_map,
    )
    answer = {
        "promote": decision.promote,
        "reason": decision.reason,
        "challenger_map": metrics["mAP"],
        "champion_map": champion.get("mAP"),
    }
    write_json(clients.s3(), bucket, keys.of("decision.json"), answer)
    return answer
