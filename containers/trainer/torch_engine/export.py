"""A PyTorch network as model.onnx."""

import copy
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.engine import Images
from trainer.torch_engine.network import Logits

_OPSET = 17


def export(
    network: Logits, folder: Path, images: Images, *, single: bool = False
) -> NDArray[np.float32]:
    """Write model.onnx; return the images' scores, computed in float32 on the CPU."""
    answer = nn.Softmax(dim=1) if single else nn.Sigmoid()
    tagger = nn.Sequential(copy.deepcopy(network), answer).cpu().eval()
    tagger.to(memory_format=torch.contiguous_format)
    planes = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float()
    with torch.inference_mode():
        scores: NDArray[np.float32] = tagger(planes).numpy()
    path = folder / "model.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the newer exporter needs onnxscript
        torch.onnx.export(
            tagger,
            (planes[:1],),
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=["data"],
            output_names=["scores"],
            dynamic_axes={"data": {0: "N"}, "scores": {0: "N"}},
        )
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
    return scores
