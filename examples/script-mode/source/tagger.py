"""Learn the labels of a Tagline dataset, as a step of its run: `training.entry: tagger.py`.

The images come packed, in the channels train and validation; channel dataset says what they are.
`hand_on` leaves the model so that the run evaluates, judges and serves it.
"""

import argparse
import os

import mxnet as mx
from mxnet import autograd, gluon
from mxnet.gluon.data import DataLoader

from network import build
from tagline_script.handing_on import hand_on
from tagline_script.records import Records, packed_dataset


def planes(image, labels):
    return image.transpose((2, 0, 1)).astype("float32"), labels


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    args = parser.parse_args()
    mx.random.seed(0)

    dataset = packed_dataset()
    train = Records(os.environ["SM_CHANNEL_TRAIN"]).transform(planes)
    validation = Records(os.environ["SM_CHANNEL_VALIDATION"]).transform(planes)

    net = build(len(dataset.labels))
    net.initialize(mx.init.Xavier())
    net.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": args.learning_rate})
    entropy = gluon.loss.SigmoidBinaryCrossEntropyLoss()
    for epoch in range(args.epochs):
        total = 0.0
        for images, labels in DataLoader(train, args.batch_size, shuffle=True):
            with autograd.record():
                loss = entropy(net(images), labels)
            loss.backward()
            trainer.step(len(images))
            total += loss.sum().asscalar()
        right = [
            ((net(images) > 0) == labels).mean().asscalar()
            for images, labels in DataLoader(validation, args.batch_size)
        ]
        print(f"epoch={epoch} train:loss={total / len(train):.4f}", flush=True)
        print(f"validation:accuracy={sum(right) / len(right):.4f}", flush=True)

    hand_on(net, dataset, name="small Gluon network", hyperparameters=vars(args))


if __name__ == "__main__":
    main()
