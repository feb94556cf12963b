"""PyTorch as the trainer's engine: what trains on GPUs."""

from trainer.torch_engine.engine import ENGINE

__all__ = ["ENGINE"]
