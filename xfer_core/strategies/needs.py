"""What strategies need and can do, as each class declares it; and the checks that follow from what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from xfer_core.errors import XferError
from xfer_core.names import TermName
from xfer_core.networks.base import Network, batch_norms
from xfer_core.problems.problem import Problem, TrainingData

Ability = Literal["freezes", "weighs", "balances"]
"""``freezes``: some layers can be frozen, or always are. ``weighs``: several losses are added, each with a λ that a
person can set. ``balances``: the method sets λ by itself."""
ABILITIES: tuple[Ability, ...] = get_args(Ability)


@dataclass(frozen=True)
class Needs:
    """What a strategy needs. A run that lacks it is rejected before it starts.

    Attributes:
        source: a source domain.
        or_filled: whether a network that comes filled takes the place of the source domain.
        target_labels: labelled target samples, unless λ of all target losses is 0.
        unlabelled: target samples without a label.
        classes: tasks that ask for a class, not for a number.
        stages: a network with stages below its heads.
        batch_norm: a network with batch norm.
        interpolation: inputs of which a weighted mean is an input too.
        alternative: kind of the most similar method that does not need the last three.
    """

    source: bool = False
    or_filled: bool = False
    target_labels: bool = False
    unlabelled: bool = False
    classes: bool = False
    stages: bool = True
    batch_norm: bool = False
    interpolation: bool = False
    alternative: str = ""

    def check(self, kind: str, problem: Problem, lambdas: Mapping[str, float]) -> None:
        """Reject a problem that lacks something.

        Args:
            kind: of the strategy.
            problem: needs no data.
            lambdas: of the strategy on this problem.

        Raises:
            XferError: ``no_labels``, ``needs_classes`` or ``strategy_inputs``.
        """
        counted = (TermName.parse(term).domain for term, value in lambdas.items() if value)
        if self.target_labels and problem.labels_per_class == 0 and not set(problem.target).isdisjoint(counted):
            candidates = ({"problem.labels_per_class": 1}, {"strategy.kind": "mmd"}, {"strategy.kind": "source_only"})
            raise XferError("no_labels", "problem.labels_per_class", 0, candidates, kind=kind)
        numbers, nearest = problem.regressions(), {"strategy.kind": self.alternative}
        if self.classes and numbers:
            candidates = (nearest, {"strategy.kind": "fine_tune"})
            raise XferError("needs_classes", "problem.tasks", numbers[0], candidates, kind=kind)
        if self.interpolation and not (spec := problem.input_spec()).interpolates:
            raise XferError("strategy_inputs", "strategy.kind", kind, (nearest,), modality=spec.modality)

    def check_data(self, kind: str, data: TrainingData) -> None:
        """Reject a split of the data that lacks something.

        Raises:
            XferError: ``no_unlabelled``.
        """
        if self.unlabelled and not count_unlabelled_targets(data):
            candidates = ({"problem.labels_per_class": 5}, {"strategy.kind": "joint"})
            raise XferError(
                "no_unlabelled", "problem.labels_per_class", data.problem.labels_per_class, candidates, kind=kind
            )

    def check_network(self, kind: str, network: Network) -> None:
        """Reject a network that lacks something.

        Raises:
            XferError: ``no_stages`` or ``no_batch_norm``.
        """
        if self.stages and not network.stages:
            candidates = ({"network.kind": "small_cnn"}, {"strategy.kind": "target_only"})
            raise XferError("no_stages", "network.kind", "a network that is only a head", candidates, kind=kind)
        if self.batch_norm and not batch_norms(network):
            candidates = ({"strategy.kind": self.alternative}, {"network.kind": "small_cnn"})
            raise XferError("no_batch_norm", "network.kind", "a network without batch norm", candidates, kind=kind)


def require_source(kind: str, problem: Problem) -> None:
    """Reject a problem without a source.

    Raises:
        XferError: ``no_source``.
    """
    if not problem.source:
        raise XferError("no_source", "problem.source", problem.source, ({"strategy.kind": "target_only"},), kind=kind)


def count_unlabelled_targets(data: TrainingData) -> int:
    """The number of target samples without a label; may be 0 also for a label budget that is a number."""
    return sum(len(data.training[key].unlabelled) for key in data.problem.target)
