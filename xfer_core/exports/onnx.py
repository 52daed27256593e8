"""The trained network as ONNX, for every runtime that is not torch; needs the optional packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.exports.outputs import metadata
from xfer_core.networks.base import Network
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run, Store
from xfer_core.runs.trained import trained_network

FILE, INPUT = "network.onnx", "images"
NEEDED = ("onnx", "onnxscript")


class _Answers(nn.Module):
    """The outputs of every task in order, for a format that knows no dictionaries."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(images).values())


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Write ``network.onnx``: input ``images``, float (B, C, H, W) in 0…1; one output a task, named by it. Which class
    each number of an output stands for is in its metadata (:func:`xfer_core.exports.outputs.metadata`).

    Raises:
        XferError: ``left_out_onnx`` where a package is missing, ``left_out_weights`` where there are no weights.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise XferError("left_out_onnx", FILE, [f"no {name}" for name in missing], packages=" ".join(missing))
    try:
        network = trained_network(run)
    except XferError:
        raise XferError("left_out_weights", FILE, run.status) from None
    spec, path = RunSpec.model_validate(run.spec), folder / FILE
    example = torch.zeros(2, *spec.problem.image_shape())
    program = torch.onnx.export(
        _Answers(network.to(memory_format=torch.contiguous_format)).eval(),  # pyright: ignore[reportCallIssue]
        (example,),
        input_names=[INPUT],
        output_names=list(spec.problem.tasks),
        dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None  # torch's word for its old way of exporting
    program.model.metadata_props.update(metadata(run))
    program.save(path, external_data=False)
    return [path]
