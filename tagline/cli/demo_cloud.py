"""The laptop cloud of a demo."""

from contextlib import AbstractContextManager
from pathlib import Path

from tagline.cli.cloud import RunningCloud, running_cloud
from tagline.cli.output import say
from tagline.cli.phases import Phases
from tagline.cli.up import announced, print_urls


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
