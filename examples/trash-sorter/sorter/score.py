"""`python -m sorter.score VERSION FILM…`: what a device's model makes of films, as JSON.

VERSION is the folder of a version as it lies on the device; each FILM has its truth beside it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sorter.judging import FilmScore, Frame, Said, film, judge
from sorter.truth import read_truth
from tagline_device.model import Model


def main(arguments: Sequence[str]) -> int:
    """Print a list of scores, one a film."""
    version, *films = map(Path, arguments)
    model = Model.load(version)

    def see(frame: Frame) -> Said:
        answer = model.see(frame)
        return answer.scores[0].label, answer.unsure

    scores: list[FilmScore] = [judge(see, film(path), read_truth(path)) for path in films]
    sys.stdout.write(msgspec.json.encode(scores).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
