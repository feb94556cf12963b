"""What the demos share: a laptop cloud, a run that has to be promoted, what is told at the end."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import RenderableType

from tagline.cli.cloud import RunningCloud, running_cloud
from tagline.cli.drop import wait_for
from tagline.cli.errors import Refused
from tagline.cli.outcome import RunOutcome, outcome_table
from tagline.cli.output import emit, rows_table, say, seconds
from tagline.cli.phases import Phases
from tagline.cli.up import announced, print_urls
from tagline.formats.outcomes import Outcome


def demo_cloud(folder: Path, port: int, phases: Phases) -> AbstractContextManager[RunningCloud]:
    """Start a cloud with nothing in it, its state in a demo's folder."""
    return running_cloud(
        port, folder / "cloud", fresh=True, build_dir=folder / "build", phases=phases
    )


def stay(cloud: RunningCloud, *, quiet: bool) -> None:
    """Leave the cloud up until Ctrl-C."""
    with announced(cloud) as told:
        if not quiet:
            print_urls(cloud, told.outputs)
        say("Ready. Ctrl-C stops it.", style="bold")
        cloud.wait()


def promoted(cloud: RunningCloud, run: str, phases: Phases) -> RunOutcome:
    """Wait for a run; raises Refused where it is not promoted."""
    with phases.timed("Run the flow"):
        ended = wait_for(cloud.target, run)
    if ended.outcome != Outcome.PROMOTED:
        emit(outcome_table(ended))
        raise Refused(f"the run ended {ended.outcome}: {ended.reason} (log: {cloud.log})")
    return ended


def times_table(phases: Phases) -> RenderableType:
    """Return how long each phase took, and all of them."""
    rows = ((name, seconds(took)) for name, took in phases.times.items())
    title = f"{seconds(sum(phases.times.values()))} in all"
    return rows_table(("Phase", ">Time"), rows, title=title)


def tell_next(commands: Mapping[str, str]) -> None:
    """Say what could come next: commands and their meaning."""
    say("Next:")
    width = max(map(len, commands)) + 3
    for command, meaning in commands.items():
        say(f"  {command:<{width}}{meaning}")
