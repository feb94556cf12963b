"""Networks as MXNet's own example of image classification builds them, run in the trainer's
environment: the built-in algorithm's are of that kind.

Usage: python -m tests.integration.builtin_model FOLDER IMAGES.npy LABELS HEAD DTYPE [HEAD DTYPE…]
writes its files and what the network answers of images (n, S, S, 3) into FOLDER/HEAD-DTYPE.
"""

import json
import sys
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np


def unit(data: Any, filters: int, stride: int, name: str) -> Any:
    """Return a residual unit of He et al. 2016b: normalise, activate, convolve."""
    first = mx.sym.Activation(
        mx.sym.BatchNorm(data, fix_gamma=False, eps=2e-5, name=f"{name}_bn1"), act_type="relu"
    )
    body = mx.sym.Convolution(
        first, num_filter=filters, kernel=(3, 3), stride=(stride, stride), pad=(1, 1),
        no_bias=True, name=f"{name}_conv1",
    )  # fmt: skip
    body = mx.sym.BatchNorm(body, fix_gamma=False, eps=2e-5, name=f"{name}_bn2")
    body = mx.sym.Convolution(
        mx.sym.Activation(body, act_type="relu"), num_filter=filters, kernel=(3, 3), pad=(1, 1),
        no_bias=True, name=f"{name}_conv2",
    )  # fmt: skip
    shortcut = mx.sym.Convolution(
        first, num_filter=filters, kernel=(1, 1), stride=(stride, stride), no_bias=True,
        name=f"{name}_sc",
    )  # fmt: skip
    return body + shortcut


def symbol(labels: int, head: str, dtype: str) -> Any:
    """Return the network; `head` is how it was trained."""
    data = mx.sym.Variable("data")
    if dtype == "float16":
        data = mx.sym.Cast(data, dtype="float16")
    else:
        data = mx.sym.identity(data, name="id")
    data = mx.sym.BatchNorm(data, fix_gamma=True, eps=2e-5, name="bn_data")
    body = mx.sym.Convolution(
        data, num_filter=8, kernel=(3, 3), pad=(1, 1), no_bias=True, name="conv0"
    )
    body = unit(unit(body, 8, 1, "stage1"), 16, 2, "stage2")
    body = mx.sym.Activation(
        mx.sym.BatchNorm(body, fix_gamma=False, eps=2e-5, name="bn1"), act_type="relu"
    )
    pooled = mx.sym.Pooling(body, global_pool=True, kernel=(7, 7), pool_type="avg", name="pool1")
    logits = mx.sym.FullyConnected(mx.sym.Flatten(pooled), num_hidden=labels, name="fc1")
    if dtype == "float16":
        logits = mx.sym.Cast(logits, dtype="float32")
    if head == "logistic":
        return mx.sym.LogisticRegressionOutput(logits, name="softmax")
    if head == "softmax":
        return mx.sym.SoftmaxOutput(logits, name="softmax")
    if head == "loss":  # an own loss beside the answers, which are kept from it
        truth = mx.sym.Variable("softmax_label")
        answers = mx.sym.sigmoid(logits)
        loss = mx.sym.MakeLoss(mx.sym.square(answers - truth))
        return mx.sym.Group([loss, mx.sym.BlockGrad(answers)])
    if head == "regression":
        return mx.sym.LinearRegressionOutput(logits, name="softmax")
    raise SystemExit(head)


def kept(name: str) -> str:
    """Return in what precision a network in float16 keeps a parameter."""
    return "float32" if name.rpartition("_")[2] in ("gamma", "beta") else "float16"


def write(target: Path, pixels: Any, labels: int, head: str, dtype: str) -> None:
    """Write the three files and scores.npy."""
    target.mkdir(parents=True)
    network = symbol(labels, head, "float32")
    batch, side = pixels.shape[:2]
    shape = (batch, 3, side, side)
    truths = [name for name in network.list_arguments() if name.endswith("label")]
    label_shape = (batch,) if head == "softmax" else (batch, labels)
    module = mx.mod.Module(network, label_names=truths or None)
    module.bind([("data", shape)], [(name, label_shape) for name in truths] or None)
    mx.random.seed(3)
    module.init_params(mx.init.Xavier(magnitude=3))
    rng = np.random.default_rng(3)
    arguments, auxiliary = module.get_params()
    for name, value in auxiliary.items():  # statistics as of trained layers, not 0 and 1
        low, high = (0.5, 2) if name.endswith("var") else (-0.5, 0.5)
        value[:] = rng.uniform(low, high, value.shape)
    auxiliary["bn_data_moving_mean"][:] = 120
    auxiliary["bn_data_moving_var"][:] = 3600
    if dtype == "float16":  # which a CPU does not compute: its numbers, in single precision
        arguments = {name: of_half(value) for name, value in arguments.items()}
    module.set_params(arguments, auxiliary)
    data = mx.nd.array(pixels.transpose(0, 3, 1, 2))
    batch_of_all = mx.io.DataBatch([data], [mx.nd.zeros(label_shape) for _ in truths])
    module.forward(batch_of_all, is_train=False)
    scores = [out.asnumpy() for out in module.get_outputs() if out.shape == (batch, labels)]
    np.save(target / "scores.npy", scores[-1])
    if dtype == "float16":
        arguments = {name: value.astype(kept(name)) for name, value in arguments.items()}
    prefix = str(target / "image-classification")
    mx.model.save_checkpoint(prefix, 7, symbol(labels, head, dtype), arguments, auxiliary)
    shapes = json.dumps([{"name": "data", "shape": list(shape)}])
    (target / "model-shapes.json").write_text(shapes)


def of_half(value: Any) -> Any:
    """Return an array rounded to half precision."""
    return value.astype("float16").astype("float32")


if __name__ == "__main__":
    folder, images, count, *wanted = sys.argv[1:]
    for kind in zip(wanted[::2], wanted[1::2], strict=True):
        write(Path(folder, "-".join(kind)), np.load(images), int(count), *kind)
