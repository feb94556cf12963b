"""`tagline redeploy`: a champion that does not serve is deployed again."""

import time

import msgspec
import typer

from tagline.cli.ordering import champion_of, moment, show, start
from tagline.cli.output import say
from tagline.cli.target import find_target
from tagline.cli.watching import watch
from tagline.formats.names import check_dataset, first_restoration, restoring_name
from tagline.formats.steps import Restore, RestoreInput
from tagline.serving.endpoints import health


def redeploy(dataset: str, *, wait: bool, stack: str, as_json: bool) -> None:
    """Bring the champion back where it does not serve; exits 1 where it was waited for in vain."""
    check_dataset(dataset)
    target = find_target(stack)
    champion = champion_of(target, dataset)
    before = health(target.sagemaker, champion)
    told: dict[str, object] = {"dataset": dataset, "run": champion.run, "found": before.problem}
    if before.serves:
        show(told | {"execution": None, "serves": True}, as_json)
        say("The champion serves: nothing was started")
        return
    given = int(time.time())
    name = restoring_name(champion.run, first_restoration(given))
    sent = RestoreInput(
        bucket=target.bucket.name,
        run=champion.run,
        dataset=dataset,
        started=moment(given),
        restore=Restore(endpoint=champion.endpoint, settled=True),
    )
    start(target, name, sent)
    told |= {"execution": name}
    if not wait:
        show(told, as_json)
        say(f"`tagline show {champion.run}` tells once it serves")
        return
    execution = watch(target, name)
    after = health(target.sagemaker, champion)
    ended = {"status": execution["status"], **msgspec.to_builtins(after)}
    show(told | ended, as_json)
    if not after.serves:
        raise typer.Exit(1)
