"""Selects the device and the precision of a run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from xfer_core.errors import XferError

CPU = torch.device("cpu")


def available_devices() -> tuple[str, ...]:
    """Devices of this machine, the best first."""
    found = ["cpu"]
    if torch.backends.mps.is_available():
        found.insert(0, "mps")
    if torch.cuda.is_available():
        found[:0] = ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    return tuple(found)


def select_device(asked: str) -> torch.device:
    """The device for a run: CUDA, then Apple's, then the processor where "auto" is asked.

    Raises:
        XferError: ``no_device`` if this machine lacks it.
    """
    have = available_devices()
    if asked == "auto":
        return torch.device(have[0])
    if asked not in have:
        raise XferError("no_device", "training.device", asked, allowed=("auto", *have))
    return torch.device(asked)


def has_bf16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices in hardware; emulation would be slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type != "cpu":
        return False
    if not hasattr(torch.cpu, "get_capabilities"):  # torch 2.11
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16", "avx10_2"))


def select_precision(asked: str, device: torch.device) -> str:
    """``float32`` or ``bf16``; auto takes bf16 where ``has_bf16``.

    ``python -m benchmarks.precision`` measures that bf16 costs at most one point of accuracy.

    Raises:
        XferError: ``no_precision`` if bf16 is requested on a device that does not support it.
    """
    if asked == "auto":
        return "bf16" if has_bf16(device) else "float32"
    if asked == "bf16" and device.type == "mps":
        raise XferError("no_precision", "training.precision", asked)
    return asked


def autocast_context(device: torch.device, precision: str) -> AbstractContextManager:
    """The context in which forward passes run."""
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()


def device_name(device: torch.device) -> str:
    """The name shown on the page: the GPU's own name, or the type of the device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished its queued work: needed before a clock is read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
