"""The contact sheet of `tagline check --sheet`: a dataset's pictures by problem and by label."""

import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zlib import crc32

import msgspec

from tagline.cli.pictures import Looked, ask_im2rec
from tagline.cli.sheet_page import Group, Shown, page
from tagline.formats.reasons import MEANING, Reason
from tagline.formats.rows import LOST_MEANING, Verdict
from tagline.formats.settings import ImageSpec
from tagline.formats.whole_file import replaced
from tagline.listing.label_names import default_label_names
from tagline.listing.list_file import read_rows
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.listing.survey import survey_list

SIDE = 72  # pixels of a thumbnail, on a screen of two pixels a point
A_GROUP = 12
_MOST_PICTURES = 3000
_MOST_BYTES = 12 << 20  # of all thumbnails
_MOST_LABELS = 300
_MOST_COPIES = 30


@dataclass
class _Bag:
    """What is to be shown of a group: how many there are, and the paths of the first few."""

    count: int = 0
    paths: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        self.count += 1
        if len(self.paths) < A_GROUP:
            self.paths.append(path)


def write_sheet(file: Path, list_path: Path, looked: Looked, names: Sequence[str] | None) -> str:
    """Write the sheet; return a sentence about it."""
    verdicts = dict(zip(looked.files, looked.verdicts, strict=True))
    tags = _tags(list_path, looked, names)
    groups = [*_problems(looked, verdicts), *_near_copies(verdicts), *_labels(tags, verdicts)]
    wanted = dict.fromkeys(path for _, bag, _ in groups for path in bag.paths)
    drawn = _drawn(list(wanted)[:_MOST_PICTURES], looked)
    told = [
        Group(title, bag.count, about, [_shown(p, tags, verdicts, drawn) for p in bag.paths])
        for title, bag, about in groups
    ]
    text = page(list_path.name, len(looked.files), told)
    with replaced(file) as out:
        out.write(text.encode())
    return f"{file}: {len(drawn):,} pictures in {len(told):,} groups, {len(text) / 1e6:.1f} MB"


def _problems(looked: Looked, verdicts: Mapping[str, Verdict]) -> list[tuple[str, _Bag, str]]:
    bags: dict[tuple[str, str], _Bag] = defaultdict(_Bag)
    for path in looked.missing:
        bags["Without a file", "the list names it, and the folder has no such file"].add(path)
    for path, verdict in verdicts.items():
        if verdict.reason is not None:
            bags[f"Rejected: {verdict.reason}", MEANING[Reason(verdict.reason)]].add(path)
        elif verdict.lost is not None:
            bags[f"Vanishes: {verdict.lost}", LOST_MEANING[verdict.lost]].add(path)
    return [(title, bag, about) for (title, about), bag in bags.items()]


def _near_copies(verdicts: Mapping[str, Verdict]) -> list[tuple[str, _Bag, str]]:
    """Return the largest groups of near-copies."""
    first = {verdict.line: path for path, verdict in verdicts.items()}
    bags: dict[str, _Bag] = {}
    for path, verdict in verdicts.items():
        if verdict.copy_of is not None:
            leader = first[verdict.copy_of]
            if leader not in bags:
                bags[leader] = _Bag(1, [leader])
            bags[leader].add(path)
    most = sorted(bags.items(), key=lambda item: -item[1].count)[:_MOST_COPIES]
    return [(f"Near-copies of {path}", bag, "one picture, several files") for path, bag in most]


def _tags(list_path: Path, looked: Looked, names: Sequence[str] | None) -> dict[str, list[str]]:
    """Return the labels of each path that has a file or lacks it."""
    known = {*looked.files, *looked.missing}
    with list_path.open("rb") as stream:
        survey = survey_list(stream, names, looked.task)
        shown = names or default_label_names(survey.label_count)
        rows = read_rows(stream, survey, Source.unchecked(), looked.on_conflict)
        return {
            row.key: [n for n, digit in zip(shown, row.labels, strict=True) if digit == ord("1")]
            for row in rows
            if isinstance(row, Row) and row.key in known
        }


def _labels(
    tags: Mapping[str, Sequence[str]], verdicts: Mapping[str, Verdict]
) -> list[tuple[str, _Bag, str]]:
    """Return each label's images, some of them from all over the list; frequent labels first."""
    bags: dict[str, _Bag] = defaultdict(_Bag)
    none = _Bag()
    for path in sorted(tags, key=lambda each: crc32(each.encode())):
        if path in verdicts and verdicts[path].reason is None:
            for name in tags[path]:
                bags[name].add(path)
            if not tags[path]:
                none.add(path)
    most = sorted(bags.items(), key=lambda item: (-item[1].count, item[0]))
    told = [(f"Label: {name}", bag, "") for name, bag in most[:_MOST_LABELS]]
    return [*told, *([("No label", none, "rows whose labels are all 0")] if none.count else [])]


def _drawn(paths: Sequence[str], looked: Looked) -> dict[str, str]:
    """Return thumbnails in base64 by path, as many as the sheet may hold."""
    spec = ImageSpec(size=SIDE, mode=looked.image.mode, background=looked.image.background)
    files = [path for path in paths if path in looked.files]
    lines = ask_im2rec("im2rec.thumbnails", spec, (str(looked.files[path]) for path in files))
    drawn: dict[str, str] = {}
    left = _MOST_BYTES
    for path, line in zip(files, lines, strict=True):
        data = msgspec.json.decode(line, type=bytes | None)
        if data is not None and (left := left - len(data)) > 0:
            drawn[path] = base64.b64encode(data).decode()
    return drawn


def _shown(
    path: str,
    tags: Mapping[str, Sequence[str]],
    verdicts: Mapping[str, Verdict],
    drawn: Mapping[str, str],
) -> Shown:
    verdict = verdicts.get(path)
    fault = verdict.detail if verdict and verdict.reason else None
    return Shown(path, _joined(tags.get(path, ())), drawn.get(path), fault)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names) or "no label"
