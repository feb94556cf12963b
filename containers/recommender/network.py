"""The networks in Gluon: a history's items in, a score for every item out."""

from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon

from recommender.parts import Network

_MOST_HIDDEN, _FEWEST_HIDDEN, _ITEMS_A_UNIT = 300, 16, 10


class Net(gluon.HybridBlock):  # type: ignore[misc]
    """An encoder and a decoder; what is hidden of a history is drawn anew each time."""

    def __init__(self, items: int, hidden: int, dropout: float, *, tanh: bool) -> None:
        super().__init__()
        start = mx.init.Xavier()
        self.hide = gluon.nn.Dropout(dropout)
        self.encoder = gluon.nn.Dense(hidden, "tanh" if tanh else None, weight_initializer=start)
        self.decoder = gluon.nn.Dense(items, weight_initializer=start)

    def hybrid_forward(self, F: Any, history: Any) -> Any:  # noqa: ARG002, N803 - Gluon's names
        """Return the scores (B, I) of weighted histories (B, I) of length 1."""
        return self.decoder(self.encoder(self.hide(history)))


class Multinomial(gluon.loss.Loss):  # type: ignore[misc]
    """MultDAE's: all items share one probability, which the history's items should get."""

    def __init__(self) -> None:
        super().__init__(None, 0)

    def hybrid_forward(self, F: Any, scores: Any, rated: Any) -> Any:  # noqa: N803
        """Return the loss (B,) of scores (B, I) for what was rated, 1 or 0 (B, I)."""
        return -F.sum(F.log_softmax(scores) * rated, axis=1) / F.sum(rated, axis=1)


class Pairwise(gluon.loss.Loss):  # type: ignore[misc]
    """BPR's (Rendle et al. 2009): an item that was rated should score more than another."""

    def __init__(self) -> None:
        super().__init__(None, 0)

    def hybrid_forward(self, F: Any, scores: Any, pairs: Any) -> Any:  # noqa: N803
        """Return the loss (B,) of scores (B, I).

        `pairs` (B, 2, P) are places in the flattened scores: of rated items, and of others.
        """
        picked = F.take(F.reshape(scores, (-1,)), pairs)
        gap = F.slice_axis(picked, 1, 1, 2) - F.slice_axis(picked, 1, 0, 1)
        return F.mean(F.Activation(gap, act_type="softrelu"), axis=(1, 2))


def hidden_units(items: int) -> int:
    """Return how wide a network of so many items is, unless it is said."""
    return int(np.clip(items // _ITEMS_A_UNIT, _FEWEST_HIDDEN, _MOST_HIDDEN))


def part(net: Net, name: str) -> Network:
    """Return a network's parameters as the part that is chosen by and exported."""
    arrays = [
        values.data().asnumpy()
        for layer in (net.encoder, net.decoder)
        for values in (layer.weight, layer.bias)
    ]
    encoder, encoder_bias, decoder, decoder_bias = arrays
    return Network(
        name=name,
        encoder=np.ascontiguousarray(encoder.T),
        encoder_bias=encoder_bias,
        decoder=np.ascontiguousarray(decoder.T),
        decoder_bias=decoder_bias,
        tanh=name == "multdae",
    )
