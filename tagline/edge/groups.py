"""The thing groups that a release goes to: all have to be there before anything goes out."""

from collections.abc import Sequence
from typing import Any

from tagline.edge.errors import NotReleased


def find_groups(iot: Any, targets: Sequence[str]) -> dict[str, str]:
    """Return the ARN of each target; raises NotReleased naming all that do not exist."""
    found, missing = {}, []
    for target in targets:
        try:
            found[target] = str(iot.describe_thing_group(thingGroupName=target)["thingGroupArn"])
        except iot.exceptions.ResourceNotFoundException:
            missing.append(target)
    if missing:
        one = len(missing) == 1
        raise NotReleased(
            f"thing group{'' if one else 's'} {', '.join(missing)} {'does' if one else 'do'} not "
            "exist, so nothing went out: `tagline device add NAME --group GROUP` makes one, or "
            "correct edge.targets of dataset.yaml; then drop the list again"
        )
    return found
