"""The device that a job trains on, and what pays there."""

import os
import shutil

import torch

from trainer.contract import JobRefused

_COMPILE = "TRAINER_COMPILE"
_COMPILED_FROM = 5_000  # steps from which a minute of compiling is won back


def device() -> torch.device:
    """Return this process's GPU, or the CPU; raises JobRefused for a GPU that is too old."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    where = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(where)
    major, minor = torch.cuda.get_device_capability(where)
    oldest = min(int(name.partition("_")[2].rstrip("a")) for name in torch.cuda.get_arch_list())
    if major * 10 + minor < oldest:
        raise JobRefused(
            f"{torch.cuda.get_device_name(where)} is older than PyTorch's build for CUDA "
            f"{torch.version.cuda} supports: name another training.instance_type"
        )
    return where


def half_pays(where: torch.device) -> bool:
    """Tell whether the device computes in bfloat16 faster than in float32, not merely at all."""
    if where.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


def compiling_pays(where: torch.device, steps: int) -> bool:
    """Tell whether a network should be compiled for so many steps: Triton needs a C compiler.

    TRAINER_COMPILE, 0 or 1, decides where it is set: bench/bench_gpu.sh measures both.
    """
    if where.type == "cuda" and (wanted := os.environ.get(_COMPILE)):
        return wanted == "1"
    return where.type == "cuda" and steps >= _COMPILED_FROM and shutil.which("cc") is not None


def prepare(where: torch.device) -> None:
    """Choose convolutions by trying them, and let a GPU multiply float32 by its tensor cores."""
    if where.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
