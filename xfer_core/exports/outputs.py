"""Meaning of an exported network's input and outputs, so that every output index has a name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from xfer_core.analysis.accuracy import unit_word
from xfer_core.problems.problem import Problem
from xfer_core.runs.store import Run


def output_sentences(problem: Problem) -> list[str]:
    """For each task the meaning of its outputs, in order; reads no sample."""
    sentences = []
    for task, names in problem.classes().items():
        if names:
            listed = ", ".join(f"{i} = {name!r}" for i, name in enumerate(names))
            sentences.append(f"Outputs of {task}, one per class, the largest is the prediction: {listed}.")
        else:
            unit = unit_word(problem.unit(task))
            sentences.append(f"Output of {task}: one number{f', in {unit}' if unit else ''}.")
    return sentences


def metadata(run: Run, inputs: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Metadata for a file with the run's network; every value is text, as ONNX and safetensors require.

    Args:
        run: a run.
        inputs: the meaning of the network's input; by default that of prepared samples.

    Returns:
        ``run``: its id. The others are JSON. ``input``: as ``InputSpec.describe``. ``outputs``: task → ``classes``, the
        names of its outputs in order, or ``unit`` of a regression. ``result``: name → value of every test metric, null
        if it is not finite; absent without a result.
    """
    problem = run.typed_spec.problem
    outputs = {
        task: {"classes": list(names)} if names else {"unit": unit_word(problem.unit(task))}
        for task, names in problem.classes().items()
    }
    if inputs is None:
        spec = problem.input_spec()
        inputs = {**spec.describe(), "prepared": spec.sentence()} if spec.is_fitted else spec.describe()
    found = {"run": run.id, "input": json.dumps(inputs), "outputs": json.dumps(outputs)}
    if run.result and run.result["metrics"]:
        metrics = run.result["metrics"].items()
        found["result"] = json.dumps({name: value if math.isfinite(value) else None for name, value in metrics})
    return found
