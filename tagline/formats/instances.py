"""What the name of an instance type tells."""

import re

# families with a GPU or another accelerator: g4dn, g5, g6e, gr6, p3dn, p5, inf2, trn1n, dl1, vt1
_ACCELERATED = re.compile(r"^ml\.(g\d|gr\d|p\d|inf\d|trn\d|dl\d|vt\d|eia\d)[a-z0-9-]*\.")

# those of them with a GPU of NVIDIA's; g4ad has one of AMD's
_GPU = re.compile(r"^ml\.(g(?!4ad)\d|gr\d|p\d)[a-z0-9-]*\.")


def accelerated(instance_type: str) -> bool:
    """Return whether an instance type, such as ml.g5.xlarge, has a GPU or another accelerator."""
    return _ACCELERATED.match(instance_type) is not None


def has_gpu(instance_type: str) -> bool:
    """Return whether an instance type has a GPU that PyTorch's CUDA build is for."""
    return _GPU.match(instance_type) is not None
