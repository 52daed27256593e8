"""Writes one run's network as ONNX, as a separate process: ``python -m xfer_core.exports.onnx_process RUN FILE``.

The exporter of torch leaks a hundred megabytes and more in its process; a server would keep them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from xfer_core.exports.outputs import metadata
from xfer_core.networks.base import Network
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.store import Run, open_store

INPUT = "images"


class _Answers(nn.Module):
    """The outputs of every task in order, for a format without dictionaries."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(images).values())


def write_onnx(run: Run, path: Path) -> None:
    """Write the network of this run, with the meaning of its input and outputs as metadata.

    Raises:
        XferError: ``no_weights``.
    """
    spec, network = run.typed_spec, load_trained_network(run)
    example = torch.zeros(2, *spec.problem.input_shape())
    program = torch.onnx.export(
        _Answers(network.to(memory_format=torch.contiguous_format)).eval(),  # pyright: ignore[reportCallIssue]
        (example,),
        input_names=[INPUT],
        output_names=list(spec.problem.tasks),
        dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # None only for torch's old exporter
    program.model.metadata_props.update(metadata(run))
    program.save(path, external_data=False)


if __name__ == "__main__":
    write_onnx(open_store().get(sys.argv[1]), Path(sys.argv[2]))
