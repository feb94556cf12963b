"""One conversion: read, cleaned, joined by path, renamed, written; each entry has its verdict."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec

from tagline.converting import (
    coco,
    cvat,
    delimited,
    folders,
    ground_truth,
    json_lines,
    label_studio,
    lists,
    parquet,
    parts,
    sidecars,
)
from tagline.converting.entries import Asked, Declined, Entry, Reading, Unconvertible, Why
from tagline.converting.joining import scratch
from tagline.converting.outputs import Outputs
from tagline.converting.paths import BadPath
from tagline.converting.recognise import CALLED, recognise
from tagline.converting.remarks import remarks
from tagline.converting.store import SCHEMA, Store
from tagline.converting.tags import BadTag, clean_tag, clean_tags
from tagline.converting.vocabulary import Vocabulary, Wishes, settle
from tagline.converting.writing import WRITERS, Labelled
from tagline.formats.whole_file import replaced

READERS: Mapping[str, Callable[[Path, Asked], Reading]] = {
    "list": lists.read,
    "csv": delimited.read,
    "parquet": parquet.read,
    "jsonl": json_lines.read,
    "coco": coco.read,
    "label_studio": label_studio.read,
    "cvat": cvat.read,
    "manifest": ground_truth.read,
    "folders": folders.read,
    "sidecars": sidecars.read,
    "parts": parts.read,
}
_FIRST = 3  # shown of every reason
_MB = 1 << 20


@dataclass(frozen=True)
class Verdicts:
    """What became of a source's entries: entries = taken + merged + refused.

    `reasons` counts those that make no row of their own by Why's codes, `first` holds the first
    few of each.
    """

    entries: int
    taken: int
    merged: int
    refused: int
    reasons: Mapping[str, int]
    first: Mapping[str, list[Declined]]


@dataclass(frozen=True)
class Converted:
    """What a conversion made. `tags` maps each label, in the order of labels.txt, to its images."""

    source: str
    format: str
    guessed: Mapping[str, str]
    verdicts: Verdicts
    tags: Mapping[str, int]
    rare: Mapping[str, int]
    without_tag: int
    files: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Order:
    """What is to be made of a source; `form` is a key of READERS, or None to look."""

    source: Path
    outputs: Outputs
    form: str | None = None
    asked: Asked = field(default_factory=Asked)
    wishes: Wishes = field(default_factory=Wishes)
    tolerance: float = 0.5


def convert(order: Order) -> Converted:
    """Convert a source; raises Unconvertible, and leaves no file then, and OSError."""
    form = order.form or recognise(order.source)
    order.outputs.check(order.source)
    with scratch(SCHEMA) as base, TemporaryFile() as rejects:
        reading = READERS[form](order.source, order.asked)
        store = Store(base)
        verdicts = _take(reading, store, order.asked, rejects)
        _check(verdicts, order, form)
        collisions = store.settle_ids()
        declared = _known(reading, store)
        vocabulary = settle(store.names, declared, store.images(), order.wishes)
        if not vocabulary.names:
            rare = f" on {order.wishes.min_count} images (--min-count)" if store.names else ""
            raise Unconvertible(
                f"{order.source}: there is no tag{rare}; --tags-column says where tags are"
            )
        images = _Labelled(store, vocabulary)
        files = _write(order, vocabulary, images, rejects if verdicts.reasons else None)
        if store.without_ending * 2 > len(store):
            reading.notes.append("names have no ending; --ending .jpg puts one to those without")
        told = remarks(verdicts.merged, collisions, vocabulary, order.outputs.to, len(store))
        return Converted(
            source=str(order.source),
            format=reading.format,
            guessed={"Taken for": CALLED[form], **reading.guessed},
            verdicts=verdicts,
            tags=dict(zip(vocabulary.names, vocabulary.counts, strict=True)),
            rare=vocabulary.rare,
            without_tag=sum(not image.labels for image in images),
            files=[str(file) for file in files],
            notes=[*reading.notes, *told],
        )


@dataclass(frozen=True)
class _Labelled:
    """The images with their labels, as often as they are gone through."""

    store: Store
    vocabulary: Vocabulary

    def __iter__(self) -> Iterator[Labelled]:
        for image in self.store.images():
            yield Labelled(image.id, image.path, self.vocabulary.labels(image))


def _take(reading: Reading, store: Store, asked: Asked, rejects: IO[bytes]) -> Verdicts:
    reasons: Counter[str] = Counter()
    first: dict[str, list[Declined]] = {}
    entries = 0
    for entry in reading.entries:
        entries += 1
        verdict = _judged(entry, store, asked, reading.unit)
        if verdict is not None:
            reasons[verdict.why.value] += 1
            if len(shown := first.setdefault(verdict.why.value, [])) < _FIRST:
                shown.append(verdict)
            rejects.write(msgspec.json.encode(verdict) + b"\n")
    merged = reasons[Why.MERGED.value]
    reasons += Counter()  # no zeros
    refused = reasons.total() - merged
    taken = entries - merged - refused
    return Verdicts(entries, taken, merged, refused, dict(reasons.most_common()), first)


def _judged(entry: Entry, store: Store, asked: Asked, unit: str) -> Declined | None:
    """Keep an entry; return why there is no row of it."""
    if isinstance(entry, Declined):
        return entry
    try:  # a list's paths are what they are
        path = entry.path if entry.id is not None else asked.paths.clean(entry.path)
        tags = clean_tags(entry.tags)
    except BadPath as exc:
        return Declined(entry.line, entry.path or None, Why(exc.fault), str(exc))
    except BadTag as exc:
        return Declined(entry.line, entry.path, Why.BAD_TAG, str(exc))
    before = store.add(path, entry.line, tags, entry.id)
    if before is None:
        return None
    return Declined(
        entry.line, path, Why.MERGED, f"its tags were joined to those of {unit} {before}"
    )


def _check(verdicts: Verdicts, order: Order, form: str) -> None:
    if not verdicts.entries:
        raise Unconvertible(f"{order.source}: there is nothing in it, read as {CALLED[form]}")
    if verdicts.taken and verdicts.refused <= order.tolerance * verdicts.entries:
        return
    why, count = next((w, n) for w, n in verdicts.reasons.items() if w != Why.MERGED.value)
    sample = verdicts.first[why][0]
    raise Unconvertible(
        f"{order.source}: {verdicts.refused:,} of {verdicts.entries:,} entries cannot be taken, "
        f"{count:,} for {why}: first {sample.line}: {sample.detail}"
        + (f". --tolerance {order.tolerance:g} allows no more" if verdicts.taken else "")
    )


def _known(reading: Reading, store: Store) -> list[str]:
    """Return the tags that the source names in its own order, and have those on no image known."""
    try:
        declared = [name for name in map(clean_tag, reading.declared) if name]
    except BadTag as exc:
        raise Unconvertible(f"labels.txt could not name it: {exc}") from exc
    store.name(declared)
    return declared


def _write(
    order: Order, vocabulary: Vocabulary, images: "_Labelled", rejects: IO[bytes] | None
) -> list[Path]:
    outputs = order.outputs
    _, write = WRITERS[outputs.to]
    names = "".join(f"{name}\n" for name in vocabulary.names).encode()
    outputs.check_labels(names)
    outputs.folder.mkdir(parents=True, exist_ok=True)
    files = [outputs.main]
    with ExitStack() as stack:
        main = stack.enter_context(replaced(outputs.main))
        if outputs.labels is not None:
            stack.enter_context(replaced(outputs.labels)).write(names)
            files.append(outputs.labels)
        if rejects is not None:
            rejects.seek(0)
            copy = stack.enter_context(replaced(outputs.rejects))
            while chunk := rejects.read(_MB):
                copy.write(chunk)
            files.append(outputs.rejects)
        write(main, vocabulary.names, images, order.asked.paths.source)
    if rejects is None:
        outputs.rejects.unlink(missing_ok=True)  # an earlier conversion's
    return files
