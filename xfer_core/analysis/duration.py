"""Estimates how long runs take on this machine, as a range; from similar finished runs if there are any."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median, quantiles
from typing import Any

import torch
import torch.nn.functional as F

from xfer_core.analysis.cost import cost
from xfer_core.analysis.predict import one_thread
from xfer_core.errors import XferError
from xfer_core.execution.dispatcher import available_cores, default_slots
from xfer_core.modalities import InputSpec
from xfer_core.runs.spec import RunSpec, canonical
from xfer_core.runs.store import FINISHED, LIVE, Run
from xfer_core.settings import settings
from xfer_core.training.device import CPU, autocast_context, select_device, select_precision

PROBES = 5
PROBED = (1.5, 5.0)  # the range, in units of a probe, which times no augmentation, small batch, evaluation or method
FEW = 5  # runs; the spread of fewer runs is too uncertain for the range
WIDENED = (0.8, 1.3)  # the range is then these times the fastest and the slowest
OTHER_METHOD = (0.8, 1.6)  # the same if only other methods were measured: one may compute twice as much as another
OVERHEAD = 1.0  # seconds of a run besides training, until one is measured: process, data, final files


@dataclass(frozen=True)
class Span:
    """A range of time, in seconds."""

    low: float
    high: float


@dataclass(frozen=True)
class Pace:
    """The speed of one finished run.

    Attributes:
        network: its network and the shape of its inputs.
        kind: of its strategy.
        core_seconds: seconds of one core per sample, forward and backward, including the method's own computations.
        overhead: seconds from its start to its end without training.
    """

    network: str
    kind: str
    core_seconds: float
    overhead: float


def paces(runs: Iterable[Run]) -> list[Pace]:
    """The speed of this machine's processor, from finished runs.

    A run's share of the cores follows from its threads and from how many runs of its experiment train at once.
    """
    runs = list(runs)
    sizes, cores, found = Counter(run.experiment for run in runs), available_cores(), []
    for run in runs:
        result = run.result or {}
        if run.status != FINISHED or result.get("device", "cpu") != "cpu" or not result.get("seconds"):
            continue
        try:
            spec = run.typed_spec
            work = cost(spec).work
        except (XferError, ValueError):  # of an older version, or its data is missing
            continue
        threads = run.threads or 1
        together = min(_slots(cores), sizes[run.experiment] if run.experiment else max(1, cores // threads))
        share = min(threads, cores / together)
        lasted = (run.ended or 0.0) - (run.started or 0.0)
        overhead = max(0.0, lasted - result["seconds"]) if run.ended and run.started else OVERHEAD
        found.append(Pace(_network(spec), spec.strategy.kind, share * result["seconds"] / work, overhead))
    return found


def estimate(specs: Sequence[RunSpec], done: Sequence[Pace] = ()) -> Span | None:
    """Estimated time of these runs on this machine, with its number of simultaneous runs.

    Args:
        specs: of the runs.
        done: of finished runs; those of the same network are used, preferably of the same method.

    Returns:
        None if one trains on another device than the CPU: a page does not start an accelerator to time it.

    Raises:
        XferError: what ``RunSpec.check`` raises.
    """
    if any(select_device(device).type != "cpu" for device in {spec.training.device for spec in specs}):
        return None
    return _span([(spec, cost(spec).work) for spec in specs], done)


def seconds_left(runs: Sequence[Run], done: Sequence[Pace] = ()) -> Span | None:
    """Estimated remaining time of the live runs among these; None before their network has been measured.

    Args:
        runs: of one experiment.
        done: of finished runs of it or of others.
    """
    rest: list[tuple[RunSpec, float]] = []
    for run in runs:
        if run.status in LIVE:
            spec, progress = run.typed_spec, run.progress or {}
            part = progress.get("step", 0) / progress["steps"] if progress.get("steps") else 0.0
            rest.append((spec, (1 - part) * cost(spec).work))
    known = {pace.network for pace in done}
    if not rest or any(_network(spec) not in known for spec, _ in rest):
        return None
    return _span(rest, done)


def _span(wanted: Sequence[tuple[RunSpec, float]], done: Sequence[Pace]) -> Span:
    """The time of all runs from the work of each."""
    cores = available_cores()
    together = min(_slots(cores), max(1, len(wanted)))
    used = min(cores, together * max(1, cores // together))
    overhead = median([pace.overhead for pace in done]) if done else OVERHEAD
    ends = {}
    low = high = len(wanted) * overhead / together
    for spec, work in wanted:
        kind = (_network(spec), spec.strategy.kind)
        if kind not in ends:
            ends[kind] = _ends(spec, done)
        low += work * ends[kind][0] / used
        high += work * ends[kind][1] / used
    return Span(low, high)


def _ends(spec: RunSpec, done: Sequence[Pace]) -> tuple[float, float]:
    """The range of seconds of one core per sample of this spec."""
    same = [pace for pace in done if pace.network == _network(spec)]
    matching = [pace.core_seconds for pace in same if pace.kind == spec.strategy.kind]
    if same and not matching:
        others = [pace.core_seconds for pace in same]
        return OTHER_METHOD[0] * min(others), OTHER_METHOD[1] * max(others)
    if not matching:
        probed = core_seconds_per_sample(spec)
        return PROBED[0] * probed, PROBED[1] * probed
    if len(matching) < FEW:
        return WIDENED[0] * min(matching), WIDENED[1] * max(matching)
    tenths = quantiles(matching, n=10, method="inclusive")
    return tenths[0], tenths[-1]


def _slots(cores: int) -> int:
    return settings().slots or default_slots(cores)


def _network(spec: RunSpec) -> str:
    """A text that is the same for two specs whose networks cost the same."""
    return canonical([spec.network.model_dump(mode="json"), spec.problem.input_spec().shape])


def core_seconds_per_sample(spec: RunSpec) -> float:
    """Seconds of one core per sample, forward and backward through this network, on this machine's CPU.

    It is the minimum over a few batches of noise, in CPU time of this thread, so that other work on the machine is not
    included.
    """
    inputs, outputs = spec.problem.input_spec(), spec.problem.outputs()
    precision = select_precision(spec.training.precision, CPU)
    return _probe(canonical(spec.network.model_dump(mode="json")), inputs, tuple(outputs.items()), precision)


@lru_cache(maxsize=50)
def _probe(network: str, inputs: InputSpec, outputs: tuple[tuple[str, int], ...], precision: str) -> float:
    form: Mapping[str, Any] = json.loads(network)
    spec = RunSpec.model_validate({"network": form})
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(0)
        probed = spec.network.build(inputs, dict(outputs)).to(memory_format=inputs.memory_format)  # pyright: ignore[reportCallIssue]
        noise = inputs.to_float(2 * torch.rand(64, *inputs.shape), CPU)  # of a text, tokens that every vocabulary has
        taken = []
        for _ in range(PROBES + 1):
            begun = time.thread_time()
            with autocast_context(noise.device, precision):
                found = probed(noise).values()
            loss = sum(F.cross_entropy(out.float(), torch.zeros(64, dtype=torch.int64)) for out in found)
            loss.backward()  # pyright: ignore[reportAttributeAccessIssue]
            taken.append(time.thread_time() - begun)
    return min(taken[1:]) / 64
