"""What the name of an instance type tells."""

import re

# families with a GPU or another accelerator: g4dn, g5, g6e, gr6, p3dn, p5, inf2, trn1n, dl1, vt1
_ACCELERATED = re.compile(r"^ml\.(g\d|gr\d|p\d|inf\d|trn\d|dl\d|vt\d|eia\d)[a-z0-9-]*\.")

# those of them with a GPU of NVIDIA's; g4ad has one of AMD's
_GPU = re.compile(r"^ml\.(g(?!4ad)\d|gr\d|p\d)[a-z0-9-]*\.")


# GiB of an xlarge of families whose other sizes have as many times that as their names say
_XLARGE = {"c5": 8, "c5n": 10.5, "c6i": 8, "c7i": 8, "m5": 16, "m6i": 16, "m7i": 16, "r5": 32,
           "g4dn": 16, "g5": 16, "g6": 16, "g6e": 32}  # fmt: skip
_SIZE = re.compile(r"^ml\.([a-z0-9]+)\.(large|(\d*)xlarge)\Z")


def memory(instance_type: str) -> int | None:
    """Return the bytes of memory of an instance type; None of one that is not known here."""
    found = _SIZE.match(instance_type)
    if found is None or found[1] not in _XLARGE:
        return None
    times = 0.5 if found[2] == "large" else int(found[3] or 1)
    return int(_XLARGE[found[1]] * times * 2**30)


def accelerated(instance_type: str) -> bool:
    """Return whether an instance type, such as ml.g5.xlarge, has a GPU or another accelerator."""
    return _ACCELERATED.match(instance_type) is not None


def has_gpu(instance_type: str) -> bool:
    """Return whether an instance type has a GPU that PyTorch's CUDA build is for."""
    return _GPU.match(instance_type) is not None
