"""The app: its commands, looked at when they are called, and how errors reach the person."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tagline.cli.commands import COMMANDS
from tagline.cli.examples import epilogue
from tagline.cli.im2rec import im2rec

JSON_VERSION = 1
"""Of what --json prints: raised when a key goes or means something else, not when one is added."""
_WRONG_USAGE: Any = typer.BadParameter.__mro__[1]  # typer keeps the type to itself
_PLAIN: dict[str, Any] = {  # rich's help takes longer to load than all the rest
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}


class Commands(TyperGroup):
    """Looks at a command when it is called.

    Ends expected errors as one line on stderr and exit code 1; --debug keeps the traceback.
    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        named = {name: TyperCommand(name, help=each.__doc__) for name, each in COMMANDS.items()}
        self.commands = {**named, **self.commands}
        for command in self.commands.values():
            command.short_help = command.help  # the list of commands shows all of it

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and the rest of the arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, typed(COMMANDS[name]) if name in COMMANDS else command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):  # a help that was shown, for one
            raise
        except _WRONG_USAGE as exc:  # it repeats what was typed, a file's name for one
            from tagline.formats.printable import printable  # noqa: PLC0415 - seldom used

            raise _WRONG_USAGE(printable(exc.format_message()), exc.ctx) from exc
        except Exception as exc:
            from tagline.cli.errors import is_expected, one_line  # noqa: PLC0415 - seldom used

            if not is_expected(exc) or ctx.params.get("debug") or isinstance(exc, BrokenPipeError):
                raise
            from tagline.cli.output import complain  # noqa: PLC0415

            complain(one_line(exc))
            raise typer.Exit(1) from exc


def typed(declared: Callable[..., None]) -> Any:
    """Return a command as Typer sees it; what it does is imported when it is done."""
    name = declared.__name__

    @wraps(declared)
    def work(**given: Any) -> None:
        getattr(import_module(f"tagline.cli.{name}"), name)(**given)

    alone = typer.Typer(**_PLAIN)
    called = name.rstrip("_")
    alone.command(called, epilog=epilogue(called))(work)
    return typer.main.get_command(alone)


app = typer.Typer(
    name="tagline",
    cls=Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    **_PLAIN,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - slow, and seldom asked for

        typer.echo(f"tagline {version('tagline')} (--json {JSON_VERSION})")
        raise typer.Exit


@app.callback()
def tagline(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    """Drop a list file into S3, get an image tagger behind an API."""


@app.command(
    "im2rec",
    add_help_option=False,
    context_settings={
        "allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []
    },
)  # fmt: skip
def _im2rec(arguments: typer.Context) -> None:
    """Pack a folder and a list into .rec and .idx, or list a folder: MXNet's im2rec options."""
    im2rec(arguments.args)
