"""Loads the network of a finished run for inference."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from safetensors.torch import load_file
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.runs.artifacts import WEIGHTS
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run
from xfer_core.workspace import current_workspace


def load_trained_network(run: Run) -> Network:
    """The selected checkpoint's network, on the CPU, in eval mode.

    Raises:
        XferError: ``no_weights`` for a run that has not ended, or that failed.
    """
    path = current_workspace().artifacts(run.id) / WEIGHTS
    if not path.exists():
        raise XferError("no_weights", "run", run.id, status=run.status)
    return load_network(run.typed_spec, load_file(path))


def load_network(spec: RunSpec, state: Mapping[str, Tensor]) -> Network:
    """The network of a spec with this state, on the CPU, in eval mode."""
    with torch.random.fork_rng(devices=[]):
        network = spec.network.build(spec.problem.input_spec(), spec.problem.outputs())
    network.load_state_dict(dict(state))
    return network.to(memory_format=network.spec.memory_format).eval()  # pyright: ignore[reportCallIssue]
