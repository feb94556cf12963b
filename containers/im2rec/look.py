"""`python -m im2rec.look`: what a run would make of local images, for `tagline check --images`.

Standard input: the image settings as JSON, then a line `[line, path]` an image. Standard
output: what `background: auto` stands for or null, then a Verdict a line, near-copies marked.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from im2rec.errors import PackFailed
from im2rec.pool import PackingPool
from im2rec.records import FetchedImage, Record, Unusable, pack_image
from im2rec.run.accounting import mark_near_copies
from im2rec.sight import look_at
from tagline.formats.document import encode_record
from tagline.formats.machine import cores
from tagline.formats.printable import printable
from tagline.formats.rows import Verdict
from tagline.formats.settings import AUTO, ImageSettings
from tagline.imaging import Limits
from tagline.imaging.background import Sight, choose

_LOOKED_AT = 2000  # as many as a run looks at


class _Image(NamedTuple):
    line: int
    path: str


def main() -> int:
    """Judge the images of standard input; return the exit code."""
    lines = sys.stdin.buffer
    settings = msgspec.json.decode(lines.readline(), type=ImageSettings)
    images = [msgspec.json.decode(line, type=_Image) for line in lines]
    choice = None
    if settings.background == AUTO:
        with PackingPool(settings, cores(), look_at) as pool:
            answers = pool.pack(_fetched(islice(images, _LOOKED_AT)))
            choice = choose([sight for sight in answers if isinstance(sight, Sight)], "")
    spec = settings.on(choice.colour if choice else settings.background)
    with PackingPool(spec, cores(), pack_image) as pool:
        answers = pool.pack(_fetched(images))
        verdicts = [_verdict(*pair) for pair in zip(images, answers, strict=True)]
    mark_near_copies(verdicts)
    out = sys.stdout.buffer
    out.write(msgspec.json.encode(choice) + b"\n")
    out.writelines(map(encode_record, verdicts))
    return 0


def _fetched(images: Iterable[_Image]) -> Iterator[FetchedImage]:
    for image in images:
        with Path(image.path).open("rb") as file:  # a byte too much, which is told
            yield FetchedImage(image.line, "0", file.read(Limits().max_bytes + 1))


def _verdict(image: _Image, answer: Record | Unusable) -> Verdict:
    verdict = Verdict(line=image.line, id=image.line, path=image.path, verdict="accepted")
    if isinstance(answer, Record):
        return replace(verdict, lost=answer.lost, likeness=answer.likeness)
    return replace(verdict, verdict="rejected", reason=answer.reason, detail=answer.detail)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, PackFailed) as exc:
        sys.exit(printable(exc))
