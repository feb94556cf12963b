"""Options that several commands share, spelt once."""

from typing import Annotated

import typer

StackOption = Annotated[str, typer.Option(help="Name of the CloudFormation stack.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
