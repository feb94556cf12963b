"""`tagline tag`: ask the HTTP API what an image shows."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer

from tagline.api.documents import Tags
from tagline.cli.api import ApiProblem, ask_tags
from tagline.cli.output import complain, emit, number, print_json, rows_table
from tagline.cli.target import find_target
from tagline.formats.names import check_dataset


def tag(
    dataset: str,
    images: Sequence[str],
    *,
    threshold: float | None,
    top_k: int | None,
    stack: str,
    as_json: bool,
) -> None:
    """Print the tags of images, highest score first."""
    check_dataset(dataset)
    target = find_target(stack)
    url = target.outputs.api_url
    answers: list[dict[str, object]] = []
    failed = False
    for image in images:
        try:
            answer = ask_tags(url, dataset, image, threshold=threshold, top_k=top_k)
        except ApiProblem as exc:
            failed = True
            answers.append({"image": image, "error": str(exc)})
            complain(f"{image}: {exc}")
            continue
        answers.append({"image": image} | msgspec.to_builtins(answer))
        if not as_json:
            _show(image, answer)
    if as_json:
        print_json(answers)
    if failed:
        raise typer.Exit(1)


def _show(image: str, answer: Tags) -> None:
    name = image if "://" in image else Path(image).name
    rows = ((tag.label, number(tag.score)) for tag in answer.tags)
    title = f"{name}, by {answer.model.run}"
    emit(rows_table(("Tag", ">Score"), rows, title=title))
