"""The networks a tagger can be, in Gluon: RGB pixels 0..255 in, one logit per label out.

Normalisation is part of the network, so that whoever serves it cannot get it wrong.
"""

from typing import Any

import mxnet as mx
import numpy as np
from mxnet import gluon
from mxnet.gluon import nn
from mxnet.gluon.model_zoo.vision import BasicBlockV1, BottleneckV1
from numpy.typing import NDArray

from trainer.engine import Images
from trainer.networks import CENTRE, SPREAD, WIDTHS, first_halvings

_ZOO = {"mobilenet_v2_0_5": "mobilenetv2_0.5"}  # the others have the zoo's own names


class Residual(nn.HybridBlock):  # type: ignore[misc]
    """Two 3x3 convolutions beside a shortcut (He et al. 2016); the branch starts as nothing.

    A shortcut that halves the image averages first and loses no pixel (He et al. 2019); a strided
    one cost 0.06 mAP after twelve epochs on drawn designs.
    """

    def __init__(self, channels: int, stride: int, in_channels: int) -> None:
        super().__init__()
        with self.name_scope():
            self.body = nn.HybridSequential()
            self.body.add(
                nn.Conv2D(channels, 3, stride, 1, use_bias=False, in_channels=in_channels),
                nn.BatchNorm(in_channels=channels),
                nn.Activation("relu"),
                nn.Conv2D(channels, 3, 1, 1, use_bias=False, in_channels=channels),
                nn.BatchNorm(in_channels=channels, gamma_initializer="zeros"),
            )
            self.shortcut = nn.HybridSequential()
            if stride != 1:
                self.shortcut.add(nn.AvgPool2D(stride, stride, ceil_mode=True))
            if in_channels != channels:
                self.shortcut.add(
                    nn.Conv2D(channels, 1, use_bias=False, in_channels=in_channels),
                    nn.BatchNorm(in_channels=channels),
                )

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803 - Gluon's name
        """Return relu(branch + shortcut)."""
        return F.relu(self.body(x) + self.shortcut(x))


class Logits(nn.HybridBlock):  # type: ignore[misc]
    """Pixels (N, 3, S, S) in 0..255 to logits (N, L): normalise, features, one linear layer."""

    def __init__(self, features: Any, labels: int, dropout: float) -> None:
        super().__init__()
        with self.name_scope():
            self.features = features
            self.dropout = nn.Dropout(dropout)
            self.head = nn.Dense(labels)

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803, ARG002 - Gluon's signature
        """Return the logits."""
        return self.head(self.dropout(self.features((x - CENTRE) * (1 / SPREAD))))


class Tagger(nn.HybridBlock):  # type: ignore[misc]
    """What is exported: the logits' network with what makes them scores, whose name is `scores`.

    That is a sigmoid, or softmax where each image has a single label.
    """

    def __init__(self, logits: Logits, *, single: bool) -> None:
        super().__init__(prefix="")
        self.logits, self._single = logits, single

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803 - Gluon's name
        """Return each label's score in 0..1."""
        if self._single:
            return F.softmax(self.logits(x), name="scores")
        return F.sigmoid(self.logits(x), name="scores")


def build(
    network: str, bias: NDArray[np.float64], side: int, dropout: float, context: Any
) -> Logits:
    """Return a new network on a device whose last layer, of L labels, starts at a bias (L,)."""
    features = _small(side) if network == "small" else _from_zoo(network)
    logits = Logits(features, len(bias), dropout)
    he = mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2)
    logits.initialize(he, ctx=context)
    logits(mx.nd.zeros((1, 3, side, side), ctx=context))  # fixes the shapes left open
    logits.apply(_begin_as_nothing)
    logits.head.bias.set_data(mx.nd.array(bias, ctx=context))
    for name, parameter in logits.collect_params().items():
        if not name.endswith("weight"):
            parameter.wd_mult = 0.0  # norm and bias are not decayed
    logits.hybridize(static_alloc=True, static_shape=True)
    return logits


def parameters(network: Logits) -> dict[str, Any]:
    """Return a network's parameters by structured name, in the order that Gluon made them."""
    # that name is Gluon's for `save_parameters`, which it gives to files alone
    named = network._collect_params_with_prefix()  # noqa: SLF001
    structured = {parameter.name: name for name, parameter in named.items()}
    return {structured[name]: value for name, value in network.collect_params().items()}


def as_input(images: Images, context: Any) -> Any:
    """Return images (n, S, S, 3) uint8 as a network's input (n, 3, S, S) float32."""
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    return mx.nd.array(planes, ctx=context)


def _small(side: int) -> Any:
    pooled, stages = first_halvings(side)
    width = WIDTHS[0]
    shrink = nn.HybridSequential()
    if pooled:
        shrink.add(nn.MaxPool2D(3, 2, 1))
    for _ in range(stages):
        shrink.add(Residual(width, 2, width))
    features = nn.HybridSequential()
    features.add(
        nn.Conv2D(width, 3, 2, 1, use_bias=False, in_channels=3),
        nn.BatchNorm(in_channels=width),
        nn.Activation("relu"),
        shrink,
    )
    for block, channels in enumerate(WIDTHS):
        features.add(Residual(channels, 1 if block == 0 else 2, width))
        width = channels
    features.add(nn.GlobalAvgPool2D(), nn.Flatten())
    return features


def _begin_as_nothing(block: Any) -> None:
    """Let the branch of a zoo's residual block begin as nothing, as those of `small` do.

    Else a deep one answers with 0 and 1 alone until the running statistics have settled.
    """
    if isinstance(block, BasicBlockV1 | BottleneckV1):
        gamma = block.body[-1].gamma
        gamma.set_data(mx.nd.zeros(gamma.shape))


def _from_zoo(network: str) -> Any:
    features = nn.HybridSequential()
    features.add(
        gluon.model_zoo.vision.get_model(_ZOO.get(network, network)).features, nn.Flatten()
    )
    return features
