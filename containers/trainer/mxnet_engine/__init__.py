"""MXNet as the trainer's engine: what trains on CPUs."""

from trainer.mxnet_engine.engine import ENGINE

__all__ = ["ENGINE"]
