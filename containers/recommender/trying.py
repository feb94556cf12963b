"""The parts that validation picks from, and then those picked once more, from all ratings."""

import sys
from collections.abc import Sequence

from recommender import ease, fitting
from recommender.choosing import DECAYS, Tried, best_decay
from recommender.dataset import Dataset
from recommender.hyperparameters import Hyperparameters
from recommender.judges import Judges
from recommender.parts import Part
from tagline.ranking.popularity import popularity
from trainer.contract import JobRefused
from trainer.watch import EndedEarly, Watch


class Trying:
    """Trains parts as the hyperparameters ask, as long as it may.

    `tried` are the parts learned from the training ratings, each at its best age decay; `ended` is
    what ended that early, "" where nothing did.
    """

    def __init__(
        self, dataset: Dataset, judges: Judges, asked: Hyperparameters, watch: Watch
    ) -> None:
        self.tried: list[Tried] = []
        self.regularization: float | None = None
        self.epochs: dict[str, int] = {}
        self.ended = ""
        self._dataset, self._judges, self._asked, self._watch = dataset, judges, asked, watch
        self._decays = DECAYS if asked.age_decay is None else (asked.age_decay,)

    def all(self) -> None:
        """Try what is asked for; raise EndedEarly where SIGTERM leaves no part, or JobRefused."""
        for name in self._names():
            if self.ended:
                return
            try:
                part = self._ease() if name == "ease" else self._network(name)
            except EndedEarly as exc:
                if not self.tried:
                    raise
                self.ended = str(exc)
                return
            self.tried.append(part)

    def learned_from_all(self, used: Sequence[Tried]) -> list[Part]:
        """Return the parts of those tried trained anew on training and validation.

        What was tried is forgotten, for its memory. Where there is no time to train, the parts are
        as they were tried, and `ended` says so.
        """
        parts: list[Part] = []
        everything, items = self._dataset.everything, len(self._dataset.items)
        for each in used:
            name = each.part.name
            if self._over():
                break
            if name == "ease":
                assert self.regularization is not None  # noqa: S101 - EASE was trained by it
                parts.append(ease.ease(ease.gram(everything, items), self.regularization))
                continue
            try:
                fitted = fitting.fit(
                    name, everything, items, self._asked, self._watch, epochs=self.epochs[name]
                )
            except EndedEarly as exc:
                self.ended = str(exc)
                break
            self.ended = fitted.ended
            if self.ended:
                break
            parts.append(fitted.part)
        self.tried = []
        if self.ended:
            self.ended += ": what validation holds was not learned from"
            return [each.part for each in used]
        return parts

    def _over(self) -> bool:
        self.ended = self.ended or self._watch.wish()
        return bool(self.ended)

    def _names(self) -> tuple[str, ...]:
        asked, items = self._asked.algorithm, len(self._dataset.items)
        names = ("ease", "multdae") if asked == "auto" else (asked,)
        if "ease" not in names or items <= ease.MOST_ITEMS:
            return names
        why = f"{items:,} items are more than EASE has memory for, {ease.MOST_ITEMS:,}"
        if asked == "ease":
            raise JobRefused(f"{why}: ask for algorithm multdae, or leave rare items out")
        say(f"EASE is left out: {why}")
        return names[1:]

    def _ease(self) -> Tried:
        train, items = self._dataset.train, len(self._dataset.items)
        found: list[tuple[Tried, float]] = []
        for value in self._regularizations():
            # counted anew each time: seconds, where a copy would be a quarter of the memory
            part = ease.ease(ease.gram(train, items), value)
            one = best_decay(part, self._judges, self._decays)
            say(f"ease: regularization {value:g}, age decay {one.decay:g}: NDCG@10 {one.ndcg:.6f}")
            if not found or one.ndcg > found[0][0].ndcg:
                found = [(one, value)]
            if self._over():
                break
        ((best, self.regularization),) = found
        return best

    def _regularizations(self) -> tuple[float, ...]:
        if self._asked.regularization is not None:
            return (self._asked.regularization,)
        tried = ease.choices(popularity(self._dataset.train.items, len(self._dataset.items)))
        return tried if len(self._judges) else tried[len(tried) // 2 :][:1]

    def _network(self, name: str) -> Tried:
        judges = self._judges

        def measure(part: Part) -> float:
            return judges.ndcg(part.scores(judges.histories, (1.0,))[0])

        fitted = fitting.fit(
            name,
            self._dataset.train,
            len(self._dataset.items),
            self._asked,
            self._watch,
            measure=measure,
        )
        self.epochs[name], self.ended = fitted.epochs, fitted.ended
        one = best_decay(fitted.part, judges, self._decays)
        say(f"{name}: epoch {fitted.epochs}, age decay {one.decay:g}: NDCG@10 {one.ndcg:.6f}")
        return one


def say(text: str) -> None:
    """Print a line of the job's log at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
