"""What a run costs: images that it learns from, parameters that it updates, and about how long that takes here."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F

from xfer_core.domains.problem import Dealt
from xfer_core.networks.base import Network
from xfer_core.runs.spec import RunSpec, canonical
from xfer_core.runs.store import Run
from xfer_core.training.device import choose_device
from xfer_core.training.phases import phase_ends

LOOKING = 1 / 3  # of an image's cost, where it is only looked at: a forward pass without the two of the way back
PROBES = 5


@dataclass(frozen=True)
class Cost:
    """What a spec asks for.

    Attributes:
        learned: images that pass forward and back, over all steps and sub-steps.
        looked: images that pass forward only, in validation and test.
        updatable: parameters of the network that the last phase which learns updates.
    """

    learned: int
    looked: int
    updatable: int


def cost(spec: RunSpec) -> Cost:
    """What a run of this spec passes through its network.

    Raises:
        XferError: what ``RunSpec.check`` raises.
    """
    # The seed changes which samples, not how many.
    return _cost(canonical(spec.model_copy(update={"seed": 0}).model_dump(mode="json")))


@lru_cache(maxsize=1000)
def _cost(text: str) -> Cost:
    spec = RunSpec.model_validate_json(text)
    dealt: Dealt = spec.check()
    with torch.random.fork_rng(devices=[]):
        network: Network = spec.network.build(spec.problem.image_shape(), spec.problem.outputs())
    phases = spec.strategy.phases(dealt.for_strategies(), network)
    learned, begun = 0, 0
    for phase, end in zip(phases, phase_ends(phases, spec.training.steps), strict=True):
        images = spec.training.batch_size * (len(phase.domains) + len(phase.unlabelled))
        learned += (end - begun) * images * (len(phase.moves) if phase.learns else 1)
        begun = end
    held = {split: sum(len(s) for (_, part), s in dealt.held_out.items() if part == split)
            for split in ("validation", "test")}  # fmt: skip
    fixed = next(phase.fixed for phase in reversed(phases) if phase.learns)
    updatable = sum(p.numel() for name, p in network.named_parameters() if name not in fixed)
    return Cost(learned, spec.training.evaluations * held["validation"] + held["test"], updatable)


def seconds_an_image(spec: RunSpec) -> float:
    """Seconds that one image takes forward and back through this network on this machine's processor, with all cores:
    the median of a few batches of noise."""
    shape, outputs = spec.problem.image_shape(), spec.problem.outputs()
    return _probe(canonical(spec.network.model_dump(mode="json")), shape, tuple(outputs.items()))


@lru_cache(maxsize=50)
def _probe(network: str, shape: tuple[int, int, int], outputs: tuple[tuple[str, int], ...]) -> float:
    spec = RunSpec.model_validate({"network": json.loads(network)})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        probed = spec.network.build(shape, dict(outputs)).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        images = torch.rand(64, *shape).to(memory_format=torch.channels_last)
        taken = []
        for _ in range(PROBES + 1):
            begun = time.perf_counter()
            loss = sum(F.cross_entropy(out, torch.zeros(64, dtype=torch.int64)) for out in probed(images).values())
            loss.backward()  # pyright: ignore[reportAttributeAccessIssue]
            taken.append(time.perf_counter() - begun)
    return sorted(taken[1:])[PROBES // 2] / 64


def estimate(specs: Sequence[RunSpec]) -> float | None:
    """About how many seconds these runs take here, however they share the cores; None where one trains on another
    device than the processor: a page does not wake an accelerator to time it.

    What a method computes beside its network (a discriminator, kernels, gradients of every task) is not in it.
    """
    if any(choose_device(device).type != "cpu" for device in {spec.training.device for spec in specs}):
        return None
    total = 0.0
    for spec in specs:
        asked = cost(spec)
        total += seconds_an_image(spec) * (asked.learned + LOOKING * asked.looked)
    return total


def seconds_left(runs: Sequence[Run], unfinished: int, window: int = 20) -> float | None:
    """About how long the rest takes, from the times at which the last ``window`` runs ended; None before the second."""
    ended = sorted(run.ended for run in runs if run.ended is not None and run.result)[-window:]
    if len(ended) < 2 or ended[-1] == ended[0]:
        return None
    return (ended[-1] - ended[0]) / (len(ended) - 1) * unfinished
