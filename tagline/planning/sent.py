"""What devices were sent of a champion, and what the newest list's settings ask otherwise now."""

from tagline.aws.s3 import Bucket
from tagline.formats.edge import EdgeOrder
from tagline.formats.edge_keys import EdgeKeys, edge_version, highest_first, version_order
from tagline.formats.outcomes import Champion
from tagline.planning.by_hand import ByHand, by_hand


def devices_wait(bucket: Bucket, dataset: str, champion: Champion | None) -> str | None:
    """Return why devices are to get a version of the champion now; None where none is to go out."""
    asked = by_hand(bucket, dataset)
    if champion is None or not asked.edge.targets:
        return None
    order = last_sent(bucket, dataset, champion)
    if order is None:
        return "devices were not sent the champion yet"
    changed = changes(order, asked)
    return f"devices get another version: {', '.join(changed)} changed" if changed else None


def last_sent(bucket: Bucket, dataset: str, champion: Champion) -> EdgeOrder | None:
    """Return what was asked of the champion's highest version that went out; None where none did.

    Versions grow with promotions: lower ones than the champion's first are of others.
    """
    keys, first = EdgeKeys(dataset), version_order(edge_version(champion.created))
    for version in highest_first(bucket.folders(keys.prefix)):
        if version_order(version) < first:
            return None
        if bucket.head(keys.release(version)):
            return bucket.read(keys.order(version), EdgeOrder)
    return None


def changes(order: EdgeOrder, asked: ByHand) -> tuple[str, ...]:
    """Return the settings that ask for something else than what went out by this order.

    A group that is no longer a target keeps what it has.
    """
    differ = {
        "targets": not set(asked.edge.targets) <= set(order.targets),
        "int8": asked.edge.int8 != order.int8,
        "by": asked.edge.by != order.by,
        "thresholds": dict(asked.thresholds) != dict(order.thresholds),
    }
    return tuple(name for name, differs in differ.items() if differs)
