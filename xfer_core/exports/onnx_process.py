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
from xfer_core.problems.problem import split_problem
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.store import Run, open_store


class _Answers(nn.Module):
    """The outputs of every task in order, for a format without dictionaries.

    The heads leave the network: the exporter makes Python names of theirs, and a task may be called ``class``.
    """

    def __init__(self, network: Network, encoder: nn.Module) -> None:
        super().__init__()
        self.network, self.encoder = network, encoder
        self.answers = nn.ModuleList(network.heads.values())
        network.heads = nn.ModuleDict()

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        features = self.network.features(self.encoder(inputs))
        return tuple(head(features) for head in self.answers)


def write_onnx(run: Run, path: Path) -> None:
    """Write the network of this run, with the meaning of its input and outputs as metadata.

    Raises:
        XferError: ``no_weights``.
    """
    spec, network = run.typed_spec, load_trained_network(run)
    inputs = network.spec
    encoder = split_problem(spec.problem, spec.seed, load_inputs=False).encoder if inputs.is_fitted else None
    first = (encoder and encoder.module()) or nn.Identity()
    program = torch.onnx.export(
        _Answers(network.to(memory_format=torch.contiguous_format), first).eval(),  # pyright: ignore[reportCallIssue]
        (inputs.example(),),
        input_names=[inputs.plural],
        output_names=list(spec.problem.tasks),
        dynamic_shapes={"inputs": {0: torch.export.Dim("batch")}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # None only for torch's old exporter
    program.model.metadata_props.update(metadata(run, (encoder or inputs).describe()))
    program.save(path, external_data=False)


if __name__ == "__main__":
    write_onnx(open_store().get(sys.argv[1]), Path(sys.argv[2]))
