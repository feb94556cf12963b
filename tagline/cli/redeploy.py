"""`tagline redeploy`: a champion that does not serve is deployed again."""

import msgspec
import typer

from tagline.cli.ordering import orders_to, refusing, show
from tagline.cli.output import say
from tagline.cli.target import find_target
from tagline.cli.watching import watch
from tagline.formats.names import check_dataset
from tagline.serving.endpoints import health
from tagline.serving.orders import champion_of


def redeploy(dataset: str, *, wait: bool, stack: str, as_json: bool) -> None:
    """Bring the champion back where it does not serve; exits 1 where it was waited for in vain."""
    check_dataset(dataset)
    target = find_target(stack)
    with refusing():
        champion = champion_of(target.bucket, dataset)
    before = health(target.sagemaker, champion)
    told: dict[str, object] = {"dataset": dataset, "run": champion.run, "found": before.problem}
    if before.serves:
        show(told | {"execution": None, "serves": True}, as_json)
        say("The champion serves: nothing was started")
        return
    name = orders_to(target).bring_back(champion).execution
    told |= {"execution": name}
    if not wait:
        show(told, as_json)
        say(f"`tagline watch {name}` shows how it goes")
        say(f"`tagline show {champion.run}` tells once it serves")
        return
    execution = watch(target, name)
    after = health(target.sagemaker, champion)
    ended = {"status": execution["status"], **msgspec.to_builtins(after)}
    show(told | ended, as_json)
    if not after.serves:
        raise typer.Exit(1)
