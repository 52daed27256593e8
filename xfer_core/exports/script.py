"""Exports the run as a plain PyTorch script, independent of this project, with its data."""

from __future__ import annotations

from pathlib import Path

from xfer_core.analysis.measure import metric_text
from xfer_core.domains import domain_info, notices
from xfer_core.exports.data import FILE as DATA
from xfer_core.exports.data import load_data, write_data
from xfer_core.exports.live_changes import live_changes
from xfer_core.exports.standalone import script_of
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import STOPPED, Run, Store

FILE = "script.py"


def names(run: Run) -> list[str]:
    """``script.py`` and ``data.npz``; no sample is read.

    Raises:
        XferError: as :func:`write`.
    """
    spec = run.typed_spec
    load_data(spec.problem, spec.seed, load_inputs=False)
    return [FILE, DATA]


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Write ``script.py`` and ``data.npz``.

    Raises:
        XferError: ``data_gone`` if the data would have to be downloaded again.
    """
    return [write_script(store, run, folder), write_samples(run, folder)]


def write_script(store: Store, run: Run, folder: Path) -> Path:
    """Write ``script.py`` alone; raises as :func:`write`."""
    spec = run.typed_spec
    data = load_data(spec.problem, spec.seed)
    stop = run.result["step"] if run.status == STOPPED and run.result else None
    text = script_of(spec, data, live_changes(store, run), stop, _facts(run, spec), departures(run, spec))
    path = folder / FILE
    path.write_text(text, encoding="utf-8")
    return path


def write_samples(run: Run, folder: Path) -> Path:
    """Write ``data.npz`` alone; raises ``data_gone``."""
    spec = run.typed_spec
    return write_data(load_data(spec.problem, spec.seed), spec, folder)


def _facts(run: Run, spec: RunSpec) -> list[str]:
    """Facts about the run for the head of the script."""
    titles = [
        f"{key} is {domain_info(key).card.title} ({domain_info(key).card.licence})." for key in spec.problem.roles()
    ]
    facts = [f"Run {run.id}, {run.name!r}."]
    metric = run.target_metric
    if metric and run.result:
        done = f"{run.result['device']}, {run.result['precision']}, threads: {run.result['threads']}"
        facts.append(f"It got {metric_text(metric['name'], metric['value'])} on the target ({done}).")
    return [*facts, *titles, *notices(spec.problem.roles())]


def departures(run: Run, spec: RunSpec) -> str:
    """How far the script's result may differ from the run's, and why, as sentences."""
    result, more = run.result or {"precision": "float32", "device": "cpu"}, []
    if result["precision"] != "float32":
        more.append(f"The run computed in {result['precision']}; the script computes in float32.")
    if result["device"] != "cpu":
        more.append(f"The run drew its batches on {result['device']}; the script draws others, on the CPU.")
    same = "The script uses the run's initial weights, batches and steps: only rounding can make a difference."
    why = more or [same]
    why.append(
        "Another processor, number of threads or version of torch rounds differently, which may change the result as "
        "much as another seed."
    )
    if spec.training.selection != "last":
        rule = spec.training.selection
        why.append(f"The run reports the step that the rule {rule} selected; the script reports the last step.")
    return " ".join(why)
