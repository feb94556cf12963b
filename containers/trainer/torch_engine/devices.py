"""The device that a job trains on, and what pays there."""

import shutil

import torch

_COMPILED_FROM = 5_000  # steps from which a minute of compiling is won back


def device() -> torch.device:
    """Return the first GPU, or the CPU."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def half_pays(where: torch.device) -> bool:
    """Tell whether the device computes in bfloat16 faster than in float32, not merely at all."""
    if where.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def compiling_pays(where: torch.device, steps: int) -> bool:
    """Tell whether a network should be compiled for so many steps: Triton needs a C compiler."""
    return where.type == "cuda" and steps >= _COMPILED_FROM and shutil.which("cc") is not None


def prepare(where: torch.device) -> None:
    """Choose convolutions by trying them, and let a GPU multiply float32 by its tensor cores."""
    if where.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
