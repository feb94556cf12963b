"""Batches from a GPU's own memory, changed there as the CPU would change them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from trainer.augment import GREY, Changes, draw
from trainer.data import RecordSet
from trainer.feed import Feed, MemoryFeed

_SHARE = 0.4  # of the GPU's free memory that images may take; the network needs the rest


def feed(records: RecordSet, kind: str, where: torch.device) -> Feed:
    """Return the feed that suits a device: its own memory, where it is a GPU and all images fit."""
    if where.type == "cuda":
        size = len(records) * records.side * records.side * 3
        if size <= torch.cuda.mem_get_info(where)[0] * _SHARE:
            return DeviceFeed(records, kind, where)
    return MemoryFeed(records, kind)


class DeviceFeed:
    """All images and labels of a training set on a device."""

    def __init__(self, records: RecordSet, kind: str, where: torch.device) -> None:
        self._kind, self._where = kind, where
        whole = [torch.from_numpy(images).to(where) for images in records.batches(4096)]
        self._images = torch.cat(whole)
        self._labels = torch.from_numpy(records.labels).to(where)

    def batch(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return images (n, S, S, 3) and labels (n, L)."""
        which = torch.from_numpy(chosen).to(self._where)
        images = self._images.index_select(0, which)
        changes = draw(self._kind, len(chosen), images.shape[1], rng)
        return apply(images, changes), self._labels.index_select(0, which)


def apply(images: Tensor, changes: Changes) -> Tensor:
    """Return changed copies of uint8 images (n, S, S, 3); within rounding what the CPU gives."""
    if changes.maps is not None:
        images = _warp(images, changes.maps)
    if changes.shifts is not None:
        images = _shift(images, changes.shifts)
    return images if changes.colours is None else _colour(images, changes.colours)


def _warp(images: Tensor, maps: NDArray[np.float64]) -> Tensor:
    count, side = images.shape[:2]
    ahead = torch.arange(side, device=images.device, dtype=torch.float32)
    down, right = torch.meshgrid(ahead, ahead, indexing="ij")
    pixels = torch.stack([right, down, torch.ones_like(right)]).reshape(3, -1)
    places = torch.from_numpy(maps.astype(np.float32)).to(images.device) @ pixels  # (n, 2, S * S)
    grid = (places * (2 / (side - 1)) - 1).reshape(count, 2, side, side).permute(0, 2, 3, 1)
    planes = images.permute(0, 3, 1, 2).float()
    warped = functional.grid_sample(planes, grid, padding_mode="border", align_corners=True)
    return _pixels(warped.permute(0, 2, 3, 1))


def _shift(images: Tensor, shifts: NDArray[np.int64]) -> Tensor:
    count, side = images.shape[:2]
    ahead = torch.arange(side, device=images.device)
    moved = torch.from_numpy(shifts).to(images.device)[..., None] + ahead  # (2, n, S)
    rows, columns = moved.clamp_(0, side - 1)
    which = torch.arange(count, device=images.device)
    return images[which[:, None, None], rows[:, :, None], columns[:, None, :]]


def _colour(images: Tensor, colours: NDArray[np.float64]) -> Tensor:
    factors = torch.from_numpy(colours.astype(np.float32)).to(images.device)
    brightness, contrast, saturation = factors[:, :, None, None, None]
    values = images.float()
    grey = (values @ torch.from_numpy(GREY.astype(np.float32)).to(images.device))[..., None]
    values = grey + (values - grey) * saturation
    mean = values.mean(dim=(1, 2, 3), keepdim=True)
    return _pixels((mean + (values - mean) * contrast) * brightness)


def _pixels(values: Tensor) -> Tensor:
    return values.round_().clamp_(0, 255).to(torch.uint8)
