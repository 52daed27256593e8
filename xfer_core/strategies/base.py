"""What a strategy is: which data, in which phases, what is fixed, and which loss terms with which λ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from xfer_core.config import Config
from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.objectives.classification import cross_entropy
from xfer_core.objectives.regression import squared_error
from xfer_core.problems.problem import Problem, ProblemData, Role, TrainingDomain

Family = Literal["baseline", "transfer", "joint", "generalised"]


@dataclass(frozen=True)
class SubStep:
    """One sub-step of a step: one update from one loss, on the batches of that step.

    Attributes:
        name: what the strategy is asked for in ``context.move``.
        still: names of parameters that this sub-step does not update; those of further modules start with ``modules.``.
    """

    name: str = ""
    frozen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Phase:
    """One stretch of a run.

    Attributes:
        name: what the page shows, such as ``source``.
        domains: each step draws one labelled batch from each of these.
        share: fraction of the run's steps; the shares of a run sum to 1.
        fixed: parameter and buffer names that stay bit-identical in this phase.
        lr: learning rate of this phase; None keeps the run's.
        renewed: what starts again from random values as the phase begins.
        unlabelled: each step also draws a batch without labels from each of these, out of all their training images.
        rates: parameter name → factor on the learning rate; 1 where nothing is said.
        moves: the sub-steps of a step, in order.
        learns: False where only batch-norm statistics move: there is no loss and no update.
    """

    name: str
    domains: tuple[str, ...]
    share: float = 1.0
    frozen: frozenset[str] = frozenset()
    lr: float | None = None
    reset: Literal["nothing", "heads", "network"] = "nothing"
    unlabelled: tuple[str, ...] = ()
    lr_factors: Mapping[str, float] = field(default_factory=dict)
    substeps: tuple[SubStep, ...] = (SubStep(),)
    trainable: bool = True


@dataclass(frozen=True)
class Batch:
    """What one domain gives to one step.

    Attributes:
        images: float (B, C, H, W) in 0…1, augmented.
        labels: task → int64 (B,), or float32 (B,) for a regression.
        positions: which of the domain's labelled samples these are, int64 (B,); empty where nobody asks.
    """

    inputs: Tensor
    labels: dict[str, Tensor]
    positions: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))


@dataclass
class StepContext:
    """What a strategy may know while it forms its terms.

    Attributes:
        network: the network in training.
        phase: the phase that this step belongs to.
        progress: fraction of the run that is done, 0…1.
        class_counts: (domain, task) → int64 (K,), labelled training samples of each class; no entry for a regression.
        modules: what ``Strategy.modules`` made.
        state: what ``Strategy.state`` made.
        unlabelled: domain → images of this step without labels, float (B, C, H, W) in 0…1, augmented.
        move: the sub-step that terms are asked for.
        lambdas: λ by term as a person has them now, before ``balance``.
        generator: where a strategy draws random numbers from; its state is checkpointed.
        gramian: inner products of the gradients of the weighted terms, (T, T) in the order of the terms, over the
            parameters that ``Strategy.gramian_parameters`` names; None where nothing is named.
    """

    network: Network
    phase: Phase
    progress: float
    class_counts: Mapping[tuple[str, str], Tensor]
    modules: nn.ModuleDict = field(default_factory=nn.ModuleDict)
    state: dict[str, Any] = field(default_factory=dict)
    unlabelled: dict[str, Tensor] = field(default_factory=dict)
    substep: str = ""
    lambdas: Mapping[str, float] = field(default_factory=dict)
    generator: torch.Generator = field(default_factory=torch.Generator)
    gramian: Tensor | None = None


@dataclass(frozen=True)
class Showcase:
    """A problem that shows what a method can do, or cannot.

    Attributes:
        problem: the first part of a recipe's name in ``xfer_core/showcases/recipes``; the second is the method's
            ``kind``.
        why: one sentence for the learner.
        variant: which of several recipes of the method, for one whose file is called ``problem.kind-variant``.
        baseline: the ``kind`` that it is compared with; nothing for the usual one: source only for adaptation without
            target labels, fine-tuning for any other transfer, equal λ for balancers, ERM for generalisation.
    """

    problem: str
    why: str
    baseline: str = ""
    variant: str = ""

    def recipe(self, kind: str) -> str:
        """The second part of the recipe's name for a method of this kind."""
        return f"{kind}-{self.variant}" if self.variant else kind


class Strategy(Config):
    """How knowledge moves. Its fields are its hyper-parameters, ``kind`` is its name, its docstring is the lesson."""

    family: ClassVar[Family]
    title: ClassVar[str]
    formula: ClassVar[str]
    """What is minimised, in LaTeX."""
    on_collapse: ClassVar[str] = "one_answer"
    """The rule in :mod:`xfer_core.errors` that says what to do where the network's answers collapse onto one class."""
    is_unsupervised_adaptation: ClassVar[bool] = False
    """Whether it learns from target images without labels: a group of its own in the catalogue."""
    term_titles: ClassVar[Mapping[str, str]] = {}
    """What a page calls the terms that are not a domain's, such as ``domain``."""
    showcase: ClassVar[Showcase | None] = None
    """Where it beats what is simpler; None where no such problem has been looked for."""
    counterexample: ClassVar[Showcase | None] = None
    """Where something simpler beats it."""
    regression_alternative: ClassVar[str] = ""
    """The nearest method for a task that asks for a number, where this one needs classes."""
    logs_gradient_conflict: ClassVar[bool] = False
    """Whether the cosines between the gradients of its terms are logged from time to time."""
    gramian_parameters: ClassVar[Literal["nothing", "stages", "last stage"]] = "nothing"
    """For which parameters ``balance`` is told the inner products of the terms' gradients, in every step."""
    gradient_scope: ClassVar[Literal["losses", "stages"]] = "losses"
    """What the factors of ``balance`` act on: the terms themselves; or only the gradients that the shared stages get,
    while each head learns its own term as it is."""
    kind: str

    def check(self, problem: Problem) -> None:
        """Refuse a problem that this strategy cannot work on; the data is not needed for that.

        Raises:
            XferError: naming the field, the rule and the value.
        """

    def check_data(self, data: ProblemData) -> None:
        """Refuse what only the problem as dealt can tell, such as how many samples are left without labels.

        Args:
            data: with images without content.

        Raises:
            XferError: naming the field, the rule and the value.
        """

    def keeps_head(self) -> bool:
        """Whether the head that learned on the source answers on the target: then they must share classes."""
        return False

    def phases(self, data: ProblemData, network: Network) -> tuple[Phase, ...]:
        """The stretches of a run, in order."""
        raise TypeError(f"{type(self).__name__} must define phases")

    def lambdas(self, problem: Problem) -> dict[str, float]:
        """The weight λ of every term that this strategy can log; a person may change them while it runs."""
        raise TypeError(f"{type(self).__name__} must define lambdas")

    def modules(self, data: ProblemData, network: Network) -> dict[str, nn.Module]:
        """Further trainable parts, such as a discriminator; checkpointed and trained with the network."""
        return {}

    def state(self, data: ProblemData) -> dict[str, Any]:
        """What the strategy must remember from step to step; checkpointed."""
        return {}

    def on_phase_start(self, context: StepContext) -> None:
        """As a phase begins, once and not again when a run resumes: what is set here lies in the network, in
        ``context.modules`` or in ``context.state``."""

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        """Named loss terms, each a scalar or one value a sample; the loop takes means and forms Σ λ_k · term_k."""
        raise TypeError(f"{type(self).__name__} must define terms")

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        """What this step multiplies each λ by, a scalar a term; 1 for terms that are not named.

        Args:
            losses: the mean of every term, a scalar each, in the order of ``context.gramian``.
            context: as in ``terms``.
        """
        return {}

    @classmethod
    def sets_loss_weights(cls) -> bool:
        """Whether λ are the method's to set: then what it makes of them is logged at every step."""
        return cls.loss_weights is not Strategy.loss_weights

    def sample_weights(
        self, outputs: Mapping[str, Tensor], domain: TrainingDomain, state: Mapping[str, Any]
    ) -> Tensor | None:
        """λ_{d,i} of each labelled sample of a domain before λ_d, float (N,); None where all weigh the same.

        Args:
            outputs: the network's logits for these samples, by task.
            domain: the samples.
            state: what :meth:`state` made.
        """
        return None


@dataclass(frozen=True)
class ForwardOutput:
    """What the network says of one domain's batch.

    Attributes:
        features: (B, D), what the heads see.
        logits: task → (B, K).
    """

    features: Tensor
    logits: dict[str, Tensor]


def forward_domains(
    network: Network, batches: Mapping[str, Batch], unlabelled: Mapping[str, Tensor] | None = None
) -> tuple[dict[str, ForwardOutput], dict[str, ForwardOutput]]:
    """One pass over all batches, so that batch norm sees one mixture: the views of the labelled domains, then of the
    unlabelled ones."""
    without = unlabelled or {}
    images = [*(batch.inputs for batch in batches.values()), *without.values()]
    sizes = [len(part) for part in images]
    features = network.features(torch.cat(images) if len(images) > 1 else images[0])
    logits = {task: head(features).split(sizes) for task, head in network.heads.items()}
    parts = [
        ForwardOutput(part, {task: split[i] for task, split in logits.items()})
        for i, part in enumerate(features.split(sizes))
    ]
    return dict(zip(batches, parts, strict=False)), dict(zip(without, parts[len(batches) :], strict=True))


def task_losses(views: Mapping[str, ForwardOutput], batches: Mapping[str, Batch]) -> dict[str, Tensor]:
    """The loss of every task on every labelled domain, named ``domain/task``, one value a sample."""
    return {
        f"{domain}/{task}": task_loss(logits, batches[domain].labels[task])
        for domain, view in views.items()
        for task, logits in view.logits.items()
    }


def task_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy where labels are classes, squared error where they are values: float32 (B,)."""
    return squared_error(outputs, labels) if labels.is_floating_point() else cross_entropy(outputs, labels)


def forward_task_losses(network: Network, batches: Mapping[str, Batch]) -> dict[str, Tensor]:
    """:func:`task_losses` the network's views of these batches."""
    return task_losses(forward_domains(network, batches)[0], batches)


def equal_weights(names: tuple[str, ...]) -> dict[str, float]:
    """1/n for each of n names."""
    return {name: 1 / len(names) for name in names}


def task_loss_terms(problem: Problem, *roles: Role) -> tuple[str, ...]:
    """The names ``domain/task`` of the domains in these roles."""
    return tuple(f"{key}/{task}" for key, role in problem.roles().items() if role in roles for task in problem.tasks)


def resolve_weights(given: Mapping[str, float], allowed: tuple[str, ...]) -> dict[str, float]:
    """The λ that a person gave, checked; those not named are 0. None given at all means equal shares.

    Raises:
        XferError: ``unknown_term``, ``negative`` or ``all_zero``, for the field ``strategy.weights``.
    """
    for name, value in given.items():
        if name not in allowed:
            raise XferError("unknown_term", "strategy.weights", name, allowed=allowed)
        if value < 0:
            raise XferError("negative", f"strategy.weights.{name}", value)
    if not given:
        return equal_weights(allowed)
    if not any(given.values()):
        raise XferError("all_zero", "strategy.weights", dict(given))
    return {name: float(given.get(name, 0.0)) for name in allowed}


def require_source(problem: Problem, kind: str) -> None:
    """Refuse a problem without a source."""
    if not problem.source:
        raise XferError("no_source", "problem.source", problem.source, ({"strategy.kind": "target_only"},), kind=kind)


def count_unlabelled_targets(data: ProblemData) -> int:
    """How many target samples the label budget leaves without a label. A budget in numbers may leave none, too."""
    return sum(len(data.training[key].unlabelled) for key in data.problem.target)


def require_labels(problem: Problem, kind: str) -> None:
    """Refuse a problem without target labels."""
    if problem.labels_per_class == 0:
        candidates = ({"problem.labels_per_class": 1}, {"strategy.kind": "mmd"}, {"strategy.kind": "source_only"})
        raise XferError("no_labels", "problem.labels_per_class", 0, candidates, kind=kind)
