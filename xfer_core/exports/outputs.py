"""What goes into an exported network and what each of its outputs means: no index leaves without its name."""

from __future__ import annotations

import json
import math

from xfer_core.problems.problem import Problem
from xfer_core.runs.store import Run

UNIT = "degrees"  # of every task that asks for a number


def output_sentences(problem: Problem) -> list[str]:
    """For each task what its outputs stand for, in order; reads no sample."""
    said = []
    for task, names in problem.classes().items():
        if names:
            listed = ", ".join(f"{i} = {name!r}" for i, name in enumerate(names))
            said.append(f"Outputs of {task}, one a class, the largest is the answer: {listed}.")
        else:
            said.append(f"Output of {task}: one number, in {UNIT}.")
    return said


def metadata(run: Run) -> dict[str, str]:
    """What a file with the run's network says of itself; every value is text, as ONNX and safetensors want it.

    Returns:
        ``run``: its id. The others are JSON. ``input``: ``layout`` NCHW, ``shape`` of one image (C, H, W), ``type`` and
        ``range`` of its values. ``outputs``: task → ``classes``, the names of its outputs in order, or ``unit`` of a
        number. ``result``: name → value of every test metric, null where it is no number; absent before there is one.
    """
    problem = run.typed_spec.problem
    outputs = {task: {"classes": list(names)} if names else {"unit": UNIT} for task, names in problem.classes().items()}
    image = {"layout": "NCHW", "shape": problem.input_shape(), "type": "float32", "range": [0, 1]}
    found = {"run": run.id, "input": json.dumps(image), "outputs": json.dumps(outputs)}
    if run.result and run.result["metrics"]:
        metrics = run.result["metrics"].items()
        found["result"] = json.dumps({name: value if math.isfinite(value) else None for name, value in metrics})
    return found
