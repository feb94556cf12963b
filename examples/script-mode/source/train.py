"""Learn what is in a picture: a Gluon script as one writes it for SageMaker.

It knows of SageMaker what its documentation says: hyperparameters are arguments, the data lies in
the folder SM_CHANNEL_TRAINING, the model goes to SM_MODEL_DIR.
"""

import argparse
import csv
import os

import mxnet as mx
from mxnet import gluon
from mxnet.gluon.contrib.estimator import Estimator
from mxnet.gluon.data import DataLoader, Dataset

from network import build


class Pictures(Dataset):
    """Pictures that labels.csv names, as float32 (3, height, width), and their labels.

    Each fifth is held out of training.
    """

    def __init__(self, folder, held_out=False):
        self._folder = folder
        with open(os.path.join(folder, "labels.csv"), newline="") as file:
            head, *rows = csv.reader(file)
        self._rows = [row for n, row in enumerate(rows) if (n % 5 == 0) == held_out]
        self.labels = head[1:]

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        name, *values = self._rows[index]
        image = mx.image.imread(os.path.join(self._folder, name))
        return image.transpose((2, 0, 1)).astype("float32"), mx.nd.array([int(v) for v in values])


class Shares(mx.metric.EvalMetric):
    """The share of labels that are told right."""

    def __init__(self, name="accuracy"):
        super().__init__(name)

    def update(self, labels, preds):
        for label, pred in zip(labels, preds):
            self.sum_metric += ((pred > 0) == label).sum().asscalar()
            self.num_inst += label.size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default=os.environ.get("SM_CHANNEL_TRAINING"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    args = parser.parse_args()
    mx.random.seed(args.seed)

    pictures = Pictures(args.data)
    if len(pictures) < args.batch_size:
        raise ValueError(f"{len(pictures)} pictures do not fill a batch of {args.batch_size}")
    train = DataLoader(pictures, args.batch_size, shuffle=True)
    validation = DataLoader(Pictures(args.data, held_out=True), args.batch_size)

    net = build(len(pictures.labels))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": args.learning_rate})
    loss = gluon.loss.SigmoidBinaryCrossEntropyLoss()
    estimator = Estimator(net, loss, train_metrics=Shares(), trainer=trainer)
    estimator.fit(train, epochs=args.epochs)
    estimator.evaluate(validation)
    for metric in estimator.val_metrics:
        name, value = metric.get()
        if "accuracy" in name:
            print(f"validation:accuracy={value:.4f}", flush=True)
    net.export(os.path.join(args.model_dir, "model"))


if __name__ == "__main__":
    main()
