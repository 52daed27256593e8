"""Base class of the strategies: which data, in which phases, what is frozen, and which loss terms with which λ."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from xfer_core.config import Config
from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.objectives.classification import cross_entropy
from xfer_core.objectives.regression import squared_error
from xfer_core.problems.problem import Problem, Role, TrainingData, TrainingDomain
from xfer_core.strategies.needs import Ability, Needs, require_source

Family = Literal["baseline", "transfer", "joint", "generalised"]


@dataclass(frozen=True)
class SubStep:
    """One sub-step of a step: one update from one loss, on the batches of that step.

    Attributes:
        name: what the strategy finds in ``context.substep``.
        frozen: names of parameters not updated in this sub-step; those of further modules start with ``modules.``.
    """

    name: str = ""
    frozen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Phase:
    """One phase of a run.

    Attributes:
        name: shown on the page, such as ``source``.
        domains: each step draws one labelled batch from each of these.
        share: fraction of the run's steps; the shares of a run sum to 1.
        frozen: parameter and buffer names that stay bit-identical in this phase.
        lr: learning rate of this phase; None keeps the run's.
        reset: what is initialised again with random values as the phase begins.
        unlabelled: each step also draws a batch without labels from each of these, from all their training inputs.
        lr_factors: parameter name → factor on the learning rate; 1 for a parameter that is not named.
        substeps: the sub-steps of a step, in order.
        trainable: False if only batch-norm statistics change: there is no loss and no update.
    """

    name: str
    domains: tuple[str, ...]
    share: float = 1.0
    frozen: frozenset[str] = frozenset()
    lr: float | None = None
    reset: Literal["nothing", "heads", "network"] = "nothing"
    unlabelled: tuple[str, ...] = ()
    lr_factors: Mapping[str, float] = field(default_factory=dict[str, float])
    substeps: tuple[SubStep, ...] = (SubStep(),)
    trainable: bool = True


@dataclass(frozen=True)
class Batch:
    """One domain's labelled samples of one step.

    Attributes:
        inputs: float (B, C, H, W) in 0…1, augmented.
        labels: task → int64 (B,), or float32 (B,) for a regression.
        positions: indices among the domain's labelled samples, int64 (B,); empty if unused.
    """

    inputs: Tensor
    labels: dict[str, Tensor]
    positions: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))


@dataclass
class StepContext:
    """What a strategy may use to compute its terms.

    Attributes:
        network: the network in training.
        phase: the phase that this step belongs to.
        progress: fraction of the run that is done, 0…1.
        class_counts: (domain, task) → int64 (K,), labelled training samples of each class; no entry for a regression.
        modules: from ``Strategy.modules``.
        state: from ``Strategy.state``.
        unlabelled: domain → inputs of this step without labels, float (B, C, H, W) in 0…1, augmented.
        substep: name of the current sub-step.
        lambdas: λ by term as currently set, before ``loss_weights``.
        generator: the strategy's source of random numbers; its state is checkpointed.
        gramian: inner products of the gradients of the weighted terms, (T, T) in the order of the terms, over the
            parameters that ``Strategy.gramian_parameters`` names; None if it names none.
    """

    network: Network
    phase: Phase
    progress: float
    class_counts: Mapping[tuple[str, str], Tensor]
    modules: nn.ModuleDict = field(default_factory=nn.ModuleDict)
    state: dict[str, Any] = field(default_factory=dict[str, Any])
    unlabelled: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    substep: str = ""
    lambdas: Mapping[str, float] = field(default_factory=dict[str, float])
    generator: torch.Generator = field(default_factory=torch.Generator)
    gramian: Tensor | None = None


class Strategy(Config):
    """A method. Its fields are its hyper-parameters, ``kind`` is its name, its docstring is the lesson."""

    family: ClassVar[Family]
    title: ClassVar[str]
    formula: ClassVar[str]
    """What is minimised, in LaTeX."""
    on_collapse: ClassVar[str] = "one_answer"
    """The message in :mod:`xfer_core.errors` for predictions that collapse onto one class."""
    needs: ClassVar[Needs] = Needs()
    """What it needs of problem, data and network."""
    abilities: ClassVar[frozenset[Ability]] = frozenset()
    """What it can do."""
    uses_target_labels: ClassVar[bool] = True
    """Whether target labels, if there are any, make a difference."""
    simpler: ClassVar[str]
    """Kind of the simpler method that it is compared with."""
    term_titles: ClassVar[Mapping[str, str]] = {}
    """Titles of the method's own terms, such as ``domain``."""
    logs_gradient_conflict: ClassVar[bool] = False
    """Whether the cosines between the gradients of its terms are logged at evaluations."""
    gramian_parameters: ClassVar[Literal["nothing", "stages", "last stage"]] = "nothing"
    """The parameters whose gradient inner products ``loss_weights`` gets as ``context.gramian``, in every step."""
    gradient_scope: ClassVar[Literal["losses", "stages"]] = "losses"
    """What the factors of ``loss_weights`` multiply: the terms; or only the gradients of the shared stages, while each
    head gets the gradient of its own term unchanged."""
    standalone: ClassVar[Mapping[Literal["modules", "state"], str] | None] = {}
    """Python expressions that the exported script has in place of the methods ``modules`` and ``state``, where these
    read the data; they may use the script's names. None: the script trains with ``xfer_core``."""
    line_style: ClassVar[tuple[str, str]]
    """Colour and dash in charts, by their names in ``xfer_core/charts/palette.py``; a pair that no other method has.
    Without one of its own a method has a neutral one."""
    race_title: ClassVar[str]
    """Name of its network in the race on Start; only methods that are in it have one."""
    race_lesson: ClassVar[str]
    """What that network learns from, as a predicate in Markdown, with the field's term."""
    kind: str

    def check(self, problem: Problem) -> None:
        """Reject a problem that does not suit this strategy; needs no data.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        if self.needs.source and not self.needs.or_filled:
            require_source(self.kind, problem)
        self.needs.check(self.kind, problem, self.lambdas(problem))

    def check_knowledge(self, problem: Problem, filled: bool) -> None:
        """Reject a problem without a source, where a network that comes filled could take its place and does not.

        Args:
            problem: needs no data.
            filled: whether the network has learned something already.

        Raises:
            XferError: ``no_source``.
        """
        if self.needs.or_filled and not filled:
            require_source(self.kind, problem)

    def check_data(self, data: TrainingData) -> None:
        """Reject a split of the data that does not suit this strategy, such as one without unlabelled samples.

        Args:
            data: split, with inputs without content.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        self.needs.check_data(self.kind, data)

    def check_network(self, network: Network) -> None:
        """Reject a network that does not suit this strategy.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        self.needs.check_network(self.kind, network)

    def keeps_head(self) -> bool:
        """Whether the source's head also predicts on the target: then both must have the same classes."""
        return False

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        """The phases of a run, in order."""
        raise TypeError(f"{type(self).__name__} must define phases")

    def lambdas(self, problem: Problem) -> dict[str, float]:
        """The weight λ of every term that this strategy can log; a person may change them while it runs."""
        raise TypeError(f"{type(self).__name__} must define lambdas")

    def modules(self, data: TrainingData, network: Network) -> dict[str, nn.Module]:
        """Further trainable modules, such as a discriminator; checkpointed and trained with the network."""
        return {}

    def state(self, data: TrainingData) -> dict[str, Any]:
        """The strategy's own state across steps; checkpointed."""
        return {}

    def on_phase_start(self, context: StepContext) -> None:
        """Called once as a phase begins, not again when a run resumes: store results only in the network, in
        ``context.modules`` or in ``context.state``."""

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        """Named loss terms, each a scalar or one value per sample; the loop takes means and adds up Σ λ_k · term_k."""
        raise TypeError(f"{type(self).__name__} must define terms")

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        """The factor on each λ in this step, a scalar per term; 1 for terms that are not named.

        Args:
            losses: the mean of every term, a scalar each, in the order of ``context.gramian``.
            context: as in ``terms``.
        """
        return {}

    def fixed_sample_weights(self, data: TrainingData) -> dict[str, Tensor]:
        """The w_i of a domain that are known before the first step: domain → float (N,), for ``data.npz``."""
        return {}

    @classmethod
    def sets_loss_weights(cls) -> bool:
        """Whether the method sets λ: then they are logged at every step."""
        return cls.loss_weights is not Strategy.loss_weights

    def sample_weights(
        self, outputs: Mapping[str, Tensor], domain: TrainingDomain, state: Mapping[str, Any]
    ) -> Tensor | None:
        """w_i of each labelled sample of a domain in λ_{d,i} = λ_d · w_i / N, float (N,); None if all weigh the same.

        Args:
            outputs: the network's logits for these samples, by task.
            domain: the samples.
            state: from :meth:`state`.
        """
        return None


class ChoosesFrozen(Strategy):
    """A strategy of which a person chooses what is frozen: a subclass has the field."""

    if TYPE_CHECKING:
        frozen: tuple[str, ...]


class ChoosesWeights(Strategy):
    """A strategy of which a person chooses the λ of each loss: a subclass has the field. Empty: the defaults."""

    if TYPE_CHECKING:
        weights: dict[str, float]


@dataclass(frozen=True)
class ForwardOutput:
    """The network's features and outputs for one domain's batch.

    Attributes:
        features: (B, D), the input of the heads.
        logits: task → (B, K).
    """

    features: Tensor
    logits: dict[str, Tensor]


def forward_domains(
    network: Network, batches: Mapping[str, Batch], unlabelled: Mapping[str, Tensor] | None = None
) -> tuple[dict[str, ForwardOutput], dict[str, ForwardOutput]]:
    """One forward pass over all batches, so that batch norm uses the statistics of their mixture: outputs of the
    labelled domains, then of the unlabelled ones."""
    without = unlabelled or {}
    inputs = [*(batch.inputs for batch in batches.values()), *without.values()]
    sizes = [len(part) for part in inputs]
    features = network.features(torch.cat(inputs) if len(inputs) > 1 else inputs[0])
    logits = {task: head(features).split(sizes) for task, head in network.heads.items()}
    parts = [
        ForwardOutput(part, {task: split[i] for task, split in logits.items()})
        for i, part in enumerate(features.split(sizes))
    ]
    return dict(zip(batches, parts, strict=False)), dict(zip(without, parts[len(batches) :], strict=True))


def task_losses(views: Mapping[str, ForwardOutput], batches: Mapping[str, Batch]) -> dict[str, Tensor]:
    """The loss of every task on every labelled domain, named ``domain/task``, one value per sample."""
    return {
        f"{domain}/{task}": task_loss(logits, batches[domain].labels[task])
        for domain, view in views.items()
        for task, logits in view.logits.items()
    }


def task_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy for classification, squared error for regression: float32 (B,)."""
    return squared_error(outputs, labels) if labels.is_floating_point() else cross_entropy(outputs, labels)


def forward_task_losses(network: Network, batches: Mapping[str, Batch]) -> dict[str, Tensor]:
    """:func:`task_losses` of the network's outputs for these batches."""
    return task_losses(forward_domains(network, batches)[0], batches)


def equal_weights(names: tuple[str, ...]) -> dict[str, float]:
    """1/n for each of n names."""
    return {name: 1 / len(names) for name in names}


def task_loss_terms(problem: Problem, *roles: Role) -> tuple[str, ...]:
    """The names ``domain/task`` of the domains in these roles."""
    return tuple(f"{key}/{task}" for key, role in problem.roles().items() if role in roles for task in problem.tasks)


def resolve_weights(given: Mapping[str, float], allowed: tuple[str, ...]) -> dict[str, float]:
    """The given λ, checked; those not named are 0. If none is given, all are equal.

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
