"""The app: its commands, and how errors reach the person."""

from importlib.metadata import version
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from tagline.cli.check import check
from tagline.cli.demo import demo
from tagline.cli.drop import drop
from tagline.cli.errors import Refused, one_line
from tagline.cli.im2rec import SETTINGS, im2rec
from tagline.cli.output import complain
from tagline.cli.runs import runs
from tagline.cli.show import show
from tagline.cli.tag import tag
from tagline.cli.up import up
from tagline.formats.document import UnreadableDocument
from tagline.formats.names import InvalidName
from tagline.formats.printable import printable
from tagline.formats.reasons import UnusableList
from tagline.settings import InvalidSettings

_WRONG_USAGE: Any = typer.BadParameter.__mro__[1]  # typer keeps the type to itself
_EXPECTED = (
    Refused,
    InvalidName,
    InvalidSettings,
    UnreadableDocument,
    UnusableList,
    BotoCoreError,
    ClientError,
    OSError,
)


class OneLineErrors(TyperGroup):
    """Ends expected errors as one line on stderr and exit code 1; --debug keeps the traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except _WRONG_USAGE as exc:  # it repeats what was typed, a file's name for one
            raise _WRONG_USAGE(printable(exc.format_message()), exc.ctx) from exc
        except _EXPECTED as exc:
            if ctx.params.get("debug") or isinstance(exc, BrokenPipeError):
                raise
            complain(one_line(exc))
            raise typer.Exit(1) from exc


app = typer.Typer(
    name="tagline",
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tagline {version('tagline')}")
        raise typer.Exit


@app.callback()
def tagline(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Drop a list file into S3, get an image tagger behind an API."""


for command in (demo, up, check, drop, runs, show, tag):
    app.command()(command)
app.command(context_settings=SETTINGS, add_help_option=False)(im2rec)
