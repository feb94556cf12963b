"""A run's report in the browser, by a link that is good for a while."""

import webbrowser

import typer

from tagline.api.bucket import DataBucket
from tagline.cli.errors import Refused
from tagline.cli.output import say
from tagline.cli.target import Target
from tagline.formats.keys import RunKeys


def open_report(target: Target, run: str) -> None:
    """Open a run's report.html, or print its address where there is no browser."""
    bucket = DataBucket(target.s3, target.outputs.bucket)
    link = bucket.link(RunKeys(run).report, "text/html")
    if link is None:
        raise Refused(f"run {run} has no report (yet): `tagline show {run}` tells how far it is")
    if webbrowser.open(link.url):
        say(f"The report of run {run} is open in the browser")
        return
    say("There is no browser here; this address is good for a few minutes:")
    typer.echo(link.url)
