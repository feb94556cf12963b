"""Training a network by Gluon's fit API, as long as validation gains by it."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from mxnet.gluon.contrib.estimator import BatchEnd, EpochEnd, Estimator

from recommender.data import Histories
from recommender.feed import Batches, Users
from recommender.hyperparameters import Hyperparameters
from recommender.network import Multinomial, Net, Pairwise, hidden_units, part
from recommender.parts import Network
from trainer.watch import EndedEarly, Watch

_UPDATES, _FEWEST_EPOCHS, _MOST_EPOCHS = 1_200, 10, 200
_PATIENCE = 4  # part of the epochs without a gain after which it ends
_YOUNG = 3  # part of them that is not picked: few judges may like what knows little but the popular
Measure = Callable[[Network], float]


@dataclass(frozen=True)
class Fitted:
    """A trained network, how many epochs made it, and what ended training before its last."""

    part: Network
    epochs: int
    ended: str = ""


def fit(
    name: str,
    histories: Histories,
    items: int,
    asked: Hyperparameters,
    watch: Watch,
    *,
    epochs: int | None = None,
    measure: Measure | None = None,
) -> Fitted:
    """Train the network called `name` on histories.

    With `measure`, the epoch that it is highest after is returned, and each epoch's line is
    printed; without, the last of `epochs`. Raises EndedEarly where SIGTERM leaves none.
    """
    mx.random.seed(asked.seed)
    np.random.seed(asked.seed)  # noqa: NPY002 - Gluon's samplers draw from it
    users = Users(histories)
    batches = Batches(items, asked.seed, pairs=name == "bpr")
    feed = gluon.data.DataLoader(users, asked.mini_batch_size, shuffle=True, batchify_fn=batches)
    net = Net(items, asked.hidden or hidden_units(items), asked.dropout, tanh=name == "multdae")
    net.initialize(ctx=mx.cpu())
    net.hybridize()
    trainer = gluon.Trainer(
        net.collect_params(),
        "adam",
        {"learning_rate": asked.learning_rate, "wd": asked.weight_decay},
    )
    estimator = Estimator(
        net,
        Pairwise() if name == "bpr" else Multinomial(),
        train_metrics=mx.metric.Loss(),
        trainer=trainer,
        context=mx.cpu(),
    )
    estimator.logger.setLevel(logging.ERROR)  # the epochs' own lines say it
    many = epochs or asked.epochs or _enough(len(feed))
    patience = asked.early_stopping_patience
    patience = math.ceil(many / _PATIENCE) if patience is None else patience
    progress = _Progress(name, watch, measure, patience, many // _YOUNG)
    estimator.fit(feed, epochs=many, event_handlers=[progress])
    return progress.result()


def _enough(updates: int) -> int:
    """Return how many epochs of so many updates each are enough."""
    return min(_MOST_EPOCHS, max(_FEWEST_EPOCHS, math.ceil(_UPDATES / updates)))


class _Progress(EpochEnd, BatchEnd):  # type: ignore[misc]
    """Keeps the best epoch, prints each, and ends training when it is time."""

    def __init__(
        self, name: str, watch: Watch, measure: Measure | None, patience: int, young: int
    ) -> None:
        self._name, self._watch, self._measure = name, watch, measure
        self._patience, self._young = patience, young
        self._epoch, self._best = 0, -math.inf
        self._found: Fitted
        self._ended = ""

    def batch_end(self, _estimator: Any, **_: Any) -> bool:
        """Return whether training has to end."""
        self._ended = self._watch.wish()
        return bool(self._ended)

    def epoch_end(self, estimator: Any) -> bool:
        """Measure the epoch; return whether it was the last."""
        if self._ended == "SIGTERM":  # no time for an epoch that is not whole
            return True
        self._epoch += 1
        network = part(estimator.net, self._name)
        if self._measure is None:
            self._found = Fitted(network, self._epoch)
            return bool(self._ended)
        value = self._measure(network)
        _, loss = estimator.train_metrics[0].get()
        print(
            f"epoch={self._epoch} train:loss={loss:.6f} validation:ndcg_at_10={value:.6f}",
            flush=True,
        )
        if self._epoch <= self._young or math.isnan(value) or value > self._best:
            self._found = Fitted(network, self._epoch)
            self._best = value if self._epoch > self._young else -math.inf
        late = self._patience and self._epoch - self._found.epochs >= self._patience
        return bool(self._ended or late)

    def result(self) -> Fitted:
        """Return what was reached; raise EndedEarly where nothing was."""
        if not self._epoch:
            raise EndedEarly(self._ended)
        return Fitted(self._found.part, self._found.epochs, self._ended)
