"""`tagline convert`: from what people have to a list with labels.txt, and back."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from rich.console import RenderableType

from tagline.cli.errors import Refused
from tagline.cli.output import emit, explain, facts_table, print_json, rows_table, say
from tagline.converting.convert import Converted, Order  # fmt: skip
from tagline.converting.convert import convert as converted
from tagline.converting.entries import Asked
from tagline.converting.outputs import Outputs, name_of
from tagline.converting.paths import Paths
from tagline.converting.vocabulary import Wishes
from tagline.formats.locations import parse_uri

_MOST_TAGS = 40  # shown; --json has them all
_MAX_NAMES_BYTES = 4 << 20


def convert(
    source: Path,
    *,
    to: str,
    output: Path,
    form: str | None,
    file_column: str | None,
    tags_column: list[str] | None,
    tags_sep: str | None,
    encoding: str | None,
    labels: Path | None,
    root: str | None,
    s3_source: str | None,
    ending: str | None,
    rename: list[str] | None,
    merge: list[str] | None,
    min_count: int,
    tolerance: float,
    force: bool,
    as_json: bool,
) -> None:
    """Convert a source and tell what was made of it; exit code 1 when nothing was."""
    if s3_source is not None and parse_uri(s3_source) is None:
        raise Refused(f"--source {s3_source!r}: expected s3://bucket/prefix/")
    if ending is not None and not ending.startswith("."):
        raise Refused(f"--ending {ending!r}: expected a dot and letters, such as .jpg")
    asked = Asked(
        file_column=file_column,
        tags_columns=tuple(tags_column or ()),
        tags_separator="\t" if tags_sep == "\\t" else tags_sep,
        encoding=encoding,
        labels=labels,
        paths=Paths(root, s3_source, ending),
    )
    wishes = Wishes(_renamed(rename or ()), [_merged(told) for told in merge or ()], min_count)
    outputs = Outputs(output, name_of(source), to, force)
    order = Order(source, outputs, form, asked, wishes, tolerance)
    report = converted(order)
    if as_json:
        guessed = {"_".join(fact.lower().split()): said for fact, said in report.guessed.items()}
        print_json(msgspec.to_builtins(report) | {"guessed": guessed})
    else:
        show(report)
        _say_next(report, outputs)


def show(
    report: Converted, tell: Callable[[RenderableType], None] = emit, *, kept: bool = True
) -> None:
    """Print what was guessed on stderr; `tell` what became of it, and how frequent tags are.

    Files that are not `kept` are not named.
    """
    explain(facts_table(report.guessed))
    if report.verdicts.reasons:
        _show_reasons(report)
    for note in report.notes:
        say(note, style="yellow")
    verdicts = report.verdicts
    facts = {
        "Entries": f"{verdicts.entries:,}",
        "Taken": f"{verdicts.taken:,}",
        "Joined to others": f"{verdicts.merged:,}" if verdicts.merged else None,
        "Refused": f"{verdicts.refused:,}",
        "Images with no tag": report.without_tag or None,
        "Tags": f"{len(report.tags):,}",
        "Written": "\n".join(report.files) if kept else None,
    }
    tell(facts_table(facts))
    most = sorted(report.tags.items(), key=lambda item: -item[1])
    rows = ((name, f"{count:,}", f"{count / verdicts.taken:.1%}") for name, count in most)
    tell(rows_table(("Tag", ">Images", ">Share"), list(rows)[:_MOST_TAGS], title="Tags"))
    if len(most) > _MOST_TAGS:
        say(f"{len(most) - _MOST_TAGS} rarer tags: --json prints all")


def _show_reasons(report: Converted) -> None:
    rows = []
    for why, count in report.verdicts.reasons.items():
        first = report.verdicts.first[why]
        where = ", ".join(str(each.line) for each in first) + (" …" if count > len(first) else "")
        rows.append((why, f"{count:,}", where, first[0].detail))
    explain(
        rows_table(
            ("Reason", ">Entries", "Where", "First detail"), rows, title="Not rows of their own"
        )
    )


@contextmanager
def as_list(
    source: Path, labels: Path | None, *, wanted: bool
) -> Iterator[tuple[Path, Path | None]]:
    """Yield a list and its labels.txt; where it is `wanted`, made of the source for the while."""
    if not wanted:
        yield source, labels
        return
    if labels is not None:
        raise Refused("--convert makes labels.txt itself: leave --labels out")
    with TemporaryDirectory() as folder:
        outputs = Outputs(Path(folder), name_of(source))
        show(converted(Order(source, outputs)), explain, kept=False)
        say(f"`{shlex.join(['tagline', 'convert', str(source)])}` would keep the list")
        yield outputs.main, outputs.labels


def _say_next(report: Converted, outputs: Outputs) -> None:
    if outputs.labels is None:
        return
    source = Path(report.source)
    folder = source if source.is_dir() else source.parent
    with outputs.main.open(encoding="utf-8") as made:
        path = made.readline().rstrip("\n").rpartition("\t")[2]
    there = shlex.quote(str(folder)) if (folder / path).is_file() else "FOLDER-OF-THE-IMAGES"
    told = shlex.join(["tagline", "check", str(outputs.main), "--labels", str(outputs.labels)])
    say(f"next: {told} --images {there}")


def _renamed(told: Sequence[str]) -> dict[str, str]:
    """Return new names by old ones: of old=new, or of a file with a pair a line."""
    pairs: list[tuple[str, str]] = []
    for each in told:
        file = Path(each)
        if "=" in each or not file.is_file():
            pairs.append(_pair(each, "=", f"--rename {each!r}"))
            continue
        if file.stat().st_size > _MAX_NAMES_BYTES:
            raise Refused(f"{file} is larger than {_MAX_NAMES_BYTES >> 20} MiB")
        lines = file.read_text(encoding="utf-8-sig").splitlines()
        for number, line in enumerate(lines, 1):
            if line.strip():
                between = "\t" if "\t" in line else "="
                pairs.append(_pair(line, between, f"{file} line {number}"))
    olds = [old for old, _ in pairs]
    if twice := next((old for old in olds if olds.count(old) > 1), None):
        raise Refused(f"the tag {twice!r} is renamed twice")
    return dict(pairs)


def _merged(told: str) -> tuple[tuple[str, ...], str]:
    olds, new = _pair(told, "=", f"--merge {told!r}", "a,b=c")
    return tuple(name.strip() for name in olds.split(",") if name.strip()), new


def _pair(text: str, between: str, where: str, form: str = "old=new") -> tuple[str, str]:
    old, found, new = text.partition(between)
    if not (old.strip() and found and new.strip()):
        raise Refused(f"{where}: expected {form}, or in a file a pair a line, a tab between them")
    return old.strip(), new.strip()
