"""`tagline preflight`: what would fail in an account, before anything is deployed to it."""

from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.text import Text

from tagline.cli.account import read_facts
from tagline.cli.output import emit, print_json, rows_table
from tagline.cli.readiness import checks
from tagline.cli.target import find_target

_STYLES = {"ok": "green", "will fail": "red", "unknown": "yellow", "not needed": "dim"}


def preflight(
    *,
    parameter: Sequence[str] | None,
    stack: str,
    as_json: bool,
) -> None:
    """Look at an account, read-only, and say what would fail; exit 1 when something would."""
    found = checks(read_facts(find_target(stack), parameter or ()))
    if as_json:
        print_json({"stack": stack, "checks": [asdict(check) for check in found]})
    else:
        rows = (
            (check.what, Text(check.verdict, style=_STYLES[check.verdict]), check.told, check.mend)
            for check in found
        )
        emit(rows_table(("What", "Verdict", "Found", "What mends it"), rows, title="Preflight"))
    if any(check.verdict == "will fail" for check in found):
        raise typer.Exit(1)
