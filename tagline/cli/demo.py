"""`tagline demo`: from drawing designs to the tags of one the model has not seen."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer
from rich.text import Text

from tagline.api.documents import Tag
from tagline.cli.api import ApiProblem, ask_tags
from tagline.cli.cloud import RunningCloud, check_start
from tagline.cli.demo_cloud import demo_cloud, promoted, stay, tell_next, times_table
from tagline.cli.demo_ratings import demo_of_ratings
from tagline.cli.drop import drop_dataset
from tagline.cli.errors import Refused
from tagline.cli.interrupts import stop_signals
from tagline.cli.outcome import RunOutcome
from tagline.cli.output import (
    emit,
    facts_table,
    number,
    print_json,
    rows_table,
    say,
)
from tagline.cli.phases import Phases
from tagline.cli.places import STATE, free_port, port_taken
from tagline.formats.keys import DatasetKeys, RunKeys

if TYPE_CHECKING:
    from tagline.designs import DesignSet, HeldOut

DATASET = "designs"
TIMES_BASELINE = 3.0  # the model must beat guessing by this factor
NEXT = {
    "tagline demo --keep": "the same, and the cloud stays: its page, API and commands",
    "tagline up": "a cloud for your own images; in a second terminal:",
    "tagline convert FILE": "a list from a CSV, a folder per class, COCO and others",
    "tagline drop DATASET LIST": "with --images DIR --labels labels.txt --wait",
}
_PORT = 4566
_MARK = "tagline-demo"


@dataclass(frozen=True)
class Answer:
    """What the API says of a held-out image."""

    image: "HeldOut"
    tags: list[Tag]


def demo(
    *,
    images: int,
    seed: int,
    port: int | None,
    keep: bool,
    folder: Path | None,
    ratings: bool,
    as_json: bool,
) -> None:
    """Show everything: start, deploy, draw, drop, train, evaluate, tag."""
    phases = Phases()
    chosen = port or _choose_port()
    check_start(chosen)
    folder = folder or STATE / ("demo-ratings" if ratings else "demo")
    _take_folder(folder)
    if ratings:
        demo_of_ratings(folder, chosen, seed, phases, keep=keep, as_json=as_json)
        return
    done = False
    try:
        with (
            stop_signals(),
            _drawing(folder / "designs", images, seed) as drawing,
            demo_cloud(folder, chosen, phases) as cloud,
        ):
            result = _run(cloud, drawing, folder / "report.html", phases)
            if as_json:
                print_json(_summary(*result, phases))
            else:
                _report(*result, phases)
            _judge(result[0])
            done = True
            if keep:
                stay(cloud, quiet=as_json)
        if not keep:
            tell_next(NEXT)
    except KeyboardInterrupt as exc:
        say("Stopped.")
        if not done:
            raise typer.Exit(130) from exc


def _choose_port() -> int:
    if not port_taken(_PORT):
        return _PORT
    port = free_port()
    say(f"Port {_PORT} is taken: the demo uses {port}", style="yellow")
    return port


def _take_folder(folder: Path) -> None:
    """Claim the demo's folder: what an earlier demo left there may be removed, nothing else."""
    mark = folder / _MARK
    if folder.is_dir() and any(folder.iterdir()) and not mark.exists():
        raise Refused(f"{folder} is not empty and no demo's folder: choose another with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()


@contextmanager
def _drawing(folder: Path, images: int, seed: int) -> Iterator["Future[DesignSet]"]:
    """Draw in a process of its own while the cloud starts."""
    from tagline.designs import draw_designs  # noqa: PLC0415 - Pillow is slow to load

    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(draw_designs, folder, count=images, seed=seed, workers=2)


def _run(
    cloud: RunningCloud, drawing: "Future[DesignSet]", report: Path, phases: Phases
) -> tuple[RunOutcome, Answer, Path]:
    with phases.phase("Draw the designs"):
        designs = drawing.result()
    keys = DatasetKeys(DATASET)
    with phases.timed("Upload images and list"):  # has a bar of its own
        dropped = drop_dataset(
            cloud.target,
            keys,
            designs.list_path,
            labels=designs.labels_path,
            config=designs.settings_path,
            images=designs.folder,
        )
    ended = promoted(cloud, dropped.run, phases)
    with phases.phase("Fetch the report, ask the API"):
        with report.open("wb") as file:
            cloud.target.bucket.download(RunKeys(dropped.run).report, file)
        answer = _ask(cloud, designs.held_out[0])
    return ended, answer, report


def _ask(cloud: RunningCloud, image: "HeldOut") -> Answer:
    try:
        told = ask_tags(
            cloud.target.outputs.api_url, DATASET, str(image.path), threshold=None, top_k=None
        )
    except ApiProblem as exc:
        raise Refused(f"the API does not tag {image.path.name}: {exc}") from exc
    return Answer(image, told.tags)


def _report(ended: RunOutcome, answer: Answer, report: Path, phases: Phases) -> None:
    emit(times_table(phases))
    truth = set(answer.image.labels)
    tags = {tag.label: tag.score for tag in answer.tags}
    rows = [(name, f"{score:.3f}", _verdict(name in truth)) for name, score in tags.items()]
    rows += [(name, "", Text("missed", style="red")) for name in sorted(truth - tags.keys())]
    emit(rows_table(("Tag", ">Score", "Truth"), rows, title=f"Held out: {answer.image.path.name}"))
    emit(f"Tags:   {', '.join(tags) or '(none)'}")
    emit(f"Truth:  {', '.join(answer.image.labels)}")
    emit(
        facts_table(
            {
                f"{str(ended.judged_on).capitalize()} mAP": number(ended.mAP),
                "Baseline mAP": number(ended.baseline_map),
                "Times baseline": f"{_times_baseline(ended):.1f}",
                "Report": report,
            }
        )
    )


def _verdict(right: bool) -> Text:
    return Text("right", style="green") if right else Text("wrong", style="red")


def _summary(ended: RunOutcome, answer: Answer, report: Path, phases: Phases) -> dict[str, object]:
    facts: dict[str, object] = msgspec.to_builtins(ended)
    return facts | {
        "image": str(answer.image.path),
        "tags": msgspec.to_builtins(answer.tags),
        "truth": list(answer.image.labels),
        "report": str(report),
        "report_uri": ended.report,
        "seconds": phases.times,
    }


def _times_baseline(ended: RunOutcome) -> float:
    if ended.mAP is None or not ended.baseline_map:
        raise Refused("the run's metrics.json has no mAP to hold against a baseline")
    return ended.mAP / ended.baseline_map


def _judge(ended: RunOutcome) -> None:
    if _times_baseline(ended) < TIMES_BASELINE:
        raise Refused(
            f"{ended.judged_on} mAP {ended.mAP:.4f} is below {TIMES_BASELINE:g} times the baseline "
            f"{ended.baseline_map:.4f}"
        )
