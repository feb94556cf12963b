"""`tagline recommend`: ask the HTTP API what a user may like."""

from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec

from tagline.api.recommending_documents import Recommendation
from tagline.cli.api import ask_for
from tagline.cli.output import emit, number, print_json, rows_table, say
from tagline.cli.proof import proof_for
from tagline.cli.target import find_target
from tagline.formats.names import check_dataset


def recommend(
    dataset: str,
    *,
    user: str | None,
    items: str | None,
    top_k: int,
    exclude_seen: bool,
    token_file: Path | None,
    stack: str,
    as_json: bool,
) -> None:
    """Print what a dataset's champion recommends to a user, or by items; the best first."""
    check_dataset(dataset)
    target = find_target(stack)
    asked = {"user": user, "items": items, "top_k": str(top_k)}
    asked["exclude_seen"] = "1" if exclude_seen else "0"
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    url = f"{target.outputs.api_url.rstrip('/')}/datasets/{quote(dataset)}/recommendations?{query}"
    found = ask_for(url, Recommendation, proof_for(target, token_file, "GET"))
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    rows = [(each.item, each.title, number(each.score)) for each in found.recommendations]
    emit(rows_table(("Item", "Title", ">Score"), rows, title=f"By {found.basis}", whole=("Item",)))
    if found.reason:
        say(found.reason)
    if found.unknown:
        many = f" and {len(found.unknown) - 10} more" if len(found.unknown) > 10 else ""  # noqa: PLR2004
        say(f"Not known to the model: {', '.join(found.unknown[:10])}{many}", style="yellow")
