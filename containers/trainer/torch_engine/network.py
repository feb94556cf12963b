"""The networks a tagger can be, in PyTorch: RGB pixels 0..255 in, one logit per label out.

They are built as Gluon builds them, block in block, so that the weights of one fit the other.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.networks import CENTRE, SPREAD, WIDTHS, first_halvings

_RESNETS = {
    "resnet18_v1": (2, 2, 2, 2),
    "resnet50_v1": (3, 4, 6, 3),
    "resnet152_v1": (3, 8, 36, 3),
}
_MOBILENET_V2 = (  # expansion, channels at full width, blocks, stride of the first
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_LAST = 1280


class Logits(nn.Module):  # type: ignore[misc]
    """Pixels (N, 3, S, S) in 0..255 to logits (N, L): normalise, features, one linear layer."""

    def __init__(self, features: nn.Module, width: int, labels: int, dropout: float) -> None:
        super().__init__()
        self.features = features
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.head = nn.Linear(width, labels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        logits: Tensor = self.head(self.dropout(self.features((x - CENTRE) * (1 / SPREAD))))
        return logits


class Residual(nn.Module):  # type: ignore[misc]
    """Two 3x3 convolutions beside a shortcut (He et al. 2016); the branch starts as nothing.

    A shortcut that halves the image averages first and loses no pixel (He et al. 2019).
    """

    def __init__(self, channels: int, stride: int, before: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_conv(before, channels, 3, stride), nn.ReLU(), *_conv(channels, channels, 3)
        )
        nn.init.zeros_(self.body[-1].weight)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut.append(nn.AvgPool2d(stride, stride, ceil_mode=True))
        if before != channels:
            self.shortcut.extend(_conv(before, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(branch + shortcut)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class Block(nn.Module):  # type: ignore[misc]
    """A block of ResNet v1, of two 3x3 convolutions or a bottleneck of three; it strides first.

    Its branch begins as nothing, too.
    """

    def __init__(self, channels: int, stride: int, before: int, *, bottleneck: bool) -> None:
        super().__init__()
        if bottleneck:
            inner = channels // 4
            self.body = nn.Sequential(
                *_conv(before, inner, 1, stride),
                nn.ReLU(),
                *_conv(inner, inner, 3),
                nn.ReLU(),
                *_conv(inner, channels, 1),
            )
        else:
            self.body = nn.Sequential(
                *_conv(before, channels, 3, stride), nn.ReLU(), *_conv(channels, channels, 3)
            )
        nn.init.zeros_(self.body[-1].weight)
        self.downsample = (
            nn.Sequential(*_conv(before, channels, 1, stride)) if before != channels else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(branch + shortcut)."""
        beside = x if self.downsample is None else self.downsample(x)
        return torch.relu(self.body(x) + beside)


class LinearBottleneck(nn.Module):  # type: ignore[misc]
    """A block of MobileNetV2: expand, one 3x3 convolution a channel, project (Sandler 2018)."""

    def __init__(self, channels: int, stride: int, before: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        self.out = nn.Sequential(
            *_conv(before, inner, 1),
            nn.ReLU6(),
            *_conv(inner, inner, 3, stride, groups=inner),
            nn.ReLU6(),
            *_conv(inner, channels, 1),
        )
        self.adds = stride == 1 and before == channels

    def forward(self, x: Tensor) -> Tensor:
        """Return the projection, beside the input where it has the same shape."""
        out: Tensor = self.out(x)
        return out + x if self.adds else out


def build(network: str, bias: NDArray[np.float64], side: int, dropout: float = 0.0) -> Logits:
    """Return a new network on the CPU whose last layer, of L labels, starts at a bias (L,)."""
    if network == "small":
        features, width = _small(side), WIDTHS[-1]
    elif network == "mobilenet_v2_0_5":
        features, width = _mobilenet_v2(0.5), _LAST
    else:
        features, width = _resnet(network)
    logits = Logits(features, width, len(bias), dropout)
    for module in logits.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)  # He et al. 2015: fan in, gain of the root of 2
    with torch.no_grad():
        logits.head.bias.copy_(torch.from_numpy(bias))
    return logits


def _small(side: int) -> nn.Module:
    pooled, stages = first_halvings(side)
    width = WIDTHS[0]
    shrink = nn.Sequential()
    if pooled:
        shrink.append(nn.MaxPool2d(3, 2, 1))
    for _ in range(stages):
        shrink.append(Residual(width, 2, width))
    features = nn.Sequential(*_conv(3, width, 3, 2), nn.ReLU(), shrink)
    for number, channels in enumerate(WIDTHS):
        features.append(Residual(channels, 1 if number == 0 else 2, width))
        width = channels
    return features.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])


def _resnet(network: str) -> tuple[nn.Module, int]:
    bottleneck = network != "resnet18_v1"
    width = 64
    features = nn.Sequential(*_conv(3, width, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    for stage, blocks in enumerate(_RESNETS[network]):
        channels = (256 if bottleneck else 64) << stage
        layer = nn.Sequential()
        for number in range(blocks):
            stride = 2 if stage and not number else 1
            layer.append(Block(channels, stride, width, bottleneck=bottleneck))
            width = channels
        features.append(layer)
    features.append(nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(features, nn.Flatten()), width


def _mobilenet_v2(multiplier: float) -> nn.Module:
    width = int(32 * multiplier)
    features = nn.Sequential(*_conv(3, width, 3, 2), nn.ReLU6())
    for expansion, full, blocks, stride in _MOBILENET_V2:
        for number in range(blocks):
            channels = int(full * multiplier)
            features.append(LinearBottleneck(channels, 1 if number else stride, width, expansion))
            width = channels
    features.extend([*_conv(width, _LAST, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1)])
    return nn.Sequential(features, nn.Flatten())


def _conv(
    before: int, channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Module, nn.Module]:
    """Return a convolution that keeps the middle of each pixel, and its normalisation."""
    conv = nn.Conv2d(before, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return conv, nn.BatchNorm2d(channels)
