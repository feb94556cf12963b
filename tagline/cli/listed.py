"""Runs as `tagline runs` lists them: how they ended, and what has become of them since."""

from collections.abc import Sequence

import msgspec

from tagline.cli.outcome import RunOutcome
from tagline.cli.records import readable
from tagline.cli.target import Target
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.outcomes import Champion
from tagline.formats.plan import Plan
from tagline.serving.reigns import RolledBack, rolled_back_from


class ListedRun(RunOutcome, kw_only=True):
    """A run among others, with the keys that --json prints."""

    serving: bool
    """Whether it is the champion now."""
    tried: tuple[str, ...]
    """Of a candidate: what it was tried with, such as `training.epochs=20`."""
    rolled_back: RolledBack | None = None
    """Where it was rolled back from and not promoted again since."""


def listed(target: Target, found: Sequence[RunOutcome]) -> list[ListedRun]:
    """Tell candidates, the run of each dataset that serves, and those rolled back from."""
    champions = {
        dataset: readable(target, DatasetKeys(dataset).champion, Champion)[0]
        for dataset in {run.dataset for run in found}
    }
    standing = [champion for champion in champions.values() if champion]
    serving = {champion.run for champion in standing}
    backs = {run: back for each in standing for run, back in rolled_back_from(each).items()}
    told = []
    for run in found:
        plan, _ = readable(target, RunKeys(run.run).plan, Plan)
        known = msgspec.structs.asdict(run)
        told.append(
            ListedRun(
                **known,
                serving=run.run in serving,
                tried=plan.tried if plan else (),
                rolled_back=backs.get(run.run),
            )
        )
    return told
