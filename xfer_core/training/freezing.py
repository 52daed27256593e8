"""Freezes parameters and buffers: neither gradients nor batch-norm statistics change them, and hashes prove it."""

from __future__ import annotations

import hashlib
from collections.abc import Set

from torch import nn


def freeze(network: nn.Module, frozen: Set[str]) -> None:
    """Put the network in training mode with everything in ``frozen`` frozen.

    A module is switched to evaluation mode if one of its own buffers is frozen (batch norm would update its running
    statistics even without gradients), or if it has parameters or buffers below it and all of them are frozen.

    Args:
        network: changed in place.
        frozen: parameter and buffer names, as in ``state_dict``.
    """
    network.train()
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name not in frozen)
    for name, module in network.named_modules():
        prefix = f"{name}." if name else ""
        own = {prefix + buffer for buffer, _ in module.named_buffers(recurse=False)}
        below = {prefix + key for key in module.state_dict()}
        if own & frozen or (below and below <= frozen):
            module.eval()


def state_hash(network: nn.Module, names: Set[str]) -> str:
    """SHA-256 over names, shapes and bytes of these parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        if name in names:
            digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
