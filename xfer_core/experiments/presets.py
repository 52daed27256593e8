"""Experiment presets: a question, the conditions that answer it, and the label budgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xfer_core.domains import domain_info, domain_keys, is_available, registry
from xfer_core.domains.reference import key_of, make_reference
from xfer_core.domains.views import View
from xfer_core.errors import XferError
from xfer_core.experiments.experiment import Budget, Condition
from xfer_core.modalities import ImageInput
from xfer_core.names import TermName
from xfer_core.runs.spec import RunSpec, canonical
from xfer_core.runs.store import StoredExperiment
from xfer_core.strategies import BASELINES, STRATEGIES, TITLES
from xfer_core.strategies.base import task_loss_terms
from xfer_core.strategies.joint.joint import Joint

LAMBDAS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
OTHER_SOURCES = 3
BALANCERS = tuple(form.kind_name() for form in STRATEGIES if form.family == "joint" and form.sets_loss_weights())
"""The kinds that set the λ of joint learning by themselves."""
RACERS = {
    form.kind_name(): form.race_title
    for form in sorted(STRATEGIES, key=lambda form: form not in BASELINES)
    if "race_title" in vars(form)
}
"""Strategy → name of its network in a race; baselines first."""
ARTICLE_TRAINING = (
    *("network.kind=article_net", "training.optimizer.kind=sgd", "training.optimizer.lr=0.01"),
    *("training.optimizer.momentum=0.9", "training.batch_size=100"),
)
ARTICLE_VIEW = "light=0.3&noise=0.1&zoom=1.25"
"""The target of the article's experiment as it is meant."""
PROBED = "efficientnet_lite0"
PUBLISHED_PHOTOGRAPHS = ("cifar10", "stl10")
TOGETHER = "train"  # preset of a run that was started with its baselines; no question, and on no page of its own


def strategy_conditions(kinds: Sequence[str]) -> tuple[Condition, ...]:
    """One condition per strategy, each with its defaults."""
    return tuple(Condition(TITLES[kind], (f"strategy.kind={kind}",)) for kind in kinds)


def race_conditions(spec: RunSpec) -> tuple[Condition, ...]:
    """The three networks of the page Start."""
    return tuple(Condition(title, (f"strategy.kind={kind}",)) for kind, title in RACERS.items())


def freeze_conditions(spec: RunSpec) -> tuple[Condition, ...]:
    """Fine-tuning with nothing frozen, then with one stage more each time, from the first stage up."""
    stages = [part["name"] for part in spec.network.summary(spec.problem.input_spec(), spec.problem.outputs())][:-1]
    conditions = [Condition("Nothing frozen", ("strategy.kind=fine_tune", "strategy.frozen=[]"))]
    for count in range(1, len(stages) + 1):
        frozen = ("strategy.kind=fine_tune", f"strategy.frozen={canonical(stages[:count])}")
        title = "{first} frozen" if count == 1 else "{first}–{last} frozen"
        conditions.append(Condition(title, frozen, {"first": stages[0], "last": stages[count - 1]}))
    return tuple(conditions)


def article_conditions(spec: RunSpec) -> tuple[Condition, ...]:
    """Both baselines, then fine-tuning with nothing frozen and with the first stage frozen."""
    return (*strategy_conditions(("target_only", "source_only")), *freeze_conditions(spec)[:2])


def pretrained_conditions(spec: RunSpec) -> tuple[Condition, ...]:
    """A linear probe of a network that has seen a million photographs; the same head on raw pixels; from scratch."""
    scratch = "strategy.kind=target_only"
    return (
        Condition("Linear probe of EfficientNet-Lite0", ("strategy.kind=linear_probe", f"network.kind={PROBED}")),
        Condition("The same head on raw pixels", (scratch, "network.kind=pixels")),
        Condition("A small network from scratch", (scratch, "network.kind=small_cnn")),
    )


def photographs() -> str | None:
    """A domain of colour photographs on this machine, own ones first; None if there is none."""
    mine = registry().own
    own = mine.keys() if mine else ()
    for key in (*own, *PUBLISHED_PHOTOGRAPHS):
        spec = domain_info(key).spec
        if isinstance(spec, ImageInput) and spec.channels == 3 and is_available(key):
            return key
    return None


def lambda_conditions(spec: RunSpec, term: str = "") -> tuple[Condition, ...]:
    """Joint learning with one λ from 0 to 1; the other terms share the rest.

    Args:
        spec: gives the problem, and if its strategy is ``joint`` the proportions of the other terms.
        term: the term of that λ, as ``domain/task``; empty: all terms of the targets together.
    """
    problem = spec.problem
    terms = task_loss_terms(problem, "source", "target")
    now = spec.strategy.lambdas(problem) if isinstance(spec.strategy, Joint) else dict.fromkeys(terms, 1.0)
    swept = [name for name in terms if name == term or (not term and TermName.parse(name).domain in problem.target)]
    rest = [name for name in terms if name not in swept]
    title, params = "λ of the target {value}", {}
    if term:
        name = TermName.parse(term)
        title, params = (
            "λ of {domain}, {task}: {value}",
            {"domain": domain_info(name.domain).card.title, "task": name.task},
        )
    conditions = []
    for value in LAMBDAS:
        weights = {**_split_weight(1 - value, rest, now), **_split_weight(value, swept, now)}
        settings = ("strategy.kind=joint", f"strategy.weights={canonical(weights)}")
        conditions.append(Condition(title, settings, {**params, "value": f"{value:g}"}))
    return tuple(conditions)


def _split_weight(whole: float, terms: Sequence[str], now: Mapping[str, float]) -> dict[str, float]:
    """``whole`` split among these terms in the proportions of ``now``, or evenly if all of them are 0."""
    total = sum(now[term] for term in terms)
    return {term: round(whole * (now[term] / total if total else 1 / len(terms)), 6) for term in terms}


def source_conditions(spec: RunSpec) -> tuple[Condition, ...]:
    """From scratch; then fine-tuning from the chosen source, and from other available ones with the same tasks."""
    own = spec.problem.source[0]
    info = domain_info(own)
    alike = [
        key
        for key in domain_keys()
        if key != own
        and key not in (*spec.problem.target, *spec.problem.unseen)
        and is_available(key)
        and all(domain_info(key).tasks.get(task) == info.tasks.get(task) for task in spec.problem.tasks)
    ]
    first = Condition(TITLES["target_only"], ("strategy.kind=target_only",))
    others = (
        Condition("From {source}", ("strategy.kind=fine_tune", f"problem.source={canonical([key])}"),
            {"source": domain_info(key).card.title})
        for key in (own, *alike[:OTHER_SOURCES])
    )  # fmt: skip
    return (first, *others)


def lambda_terms(spec: RunSpec) -> tuple[str, ...]:
    """The terms of which one can be swept."""
    return task_loss_terms(spec.problem, "source", "target")


def shift_parameters(spec: RunSpec) -> tuple[str, ...]:
    """The parameters of the first target domain that can be swept."""
    parameters = domain_info(spec.problem.target[0]).parameters
    return tuple(parameters.sizes) if parameters else ()


def shift_conditions(spec: RunSpec, methods: Sequence[Condition], parameter: str = "") -> tuple[Condition, ...]:
    """Each method at each size of the shift of the first target.

    Args:
        spec: gives the problem.
        methods: what is compared.
        parameter: of the target; empty: its first one.

    Raises:
        XferError: ``no_shift``, for a target that has no such parameter.
    """
    target, offered = spec.problem.target[0], shift_parameters(spec)
    parameters = domain_info(target).parameters
    if not parameters or not offered:
        known = {key: domain_info(key).parameters for key in domain_keys()}
        shifted = [key for key, own in known.items() if own and own.sizes and not isinstance(own, View)]
        raise XferError("no_shift", "problem.target", target, allowed=", ".join(shifted))
    name = parameter if parameter in offered else offered[0]
    title, conditions = str(type(parameters).model_fields[name].title), []
    for value in parameters.sizes[name]:
        reference = make_reference(key_of(target), parameters.model_copy(update={name: value}))
        if reference in spec.problem.source:  # no shift at all
            continue
        setting = f"problem.target={canonical([reference, *spec.problem.target[1:]])}"
        conditions += [
            Condition(
                "{method} · {parameter}: {value}",
                (*method.settings, setting),
                {"method": method.text(), "parameter": title, "value": f"{value:g}"},
            )
            for method in methods
        ]
    return tuple(conditions)


@dataclass(frozen=True)
class ExperimentPreset:
    """A preset of an experiment.

    Attributes:
        title: the question.
        idea: one sentence on how it is answered.
        chart: the chart that answers it.
        kinds: strategies that are compared by default, in addition to ``conditions``; the viewer may change them.
        choices: the strategies from which the viewer may choose; empty if there is no choice.
        conditions: makes the conditions that depend on the problem.
        budgets: labels per class.
        settings: settings of the problem that the question needs, as ``PATH=VALUE``.
        sweeps: what can be swept, of which the viewer may choose one: terms of the loss, or parameters of the target.
        multiplies: makes the conditions from those of the chosen methods, and what is swept.
        view: parameters that make the target from the source, such as ``light=0.3``; empty where the viewer chooses it.
        photographs: whether its target is a domain of photographs, without a source, until the viewer chooses another.
        numbers: whether its page shows what source and target have in common, in numbers.
    """

    title: str
    idea: str
    chart: str
    kinds: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    conditions: Callable[[RunSpec], tuple[Condition, ...]] | None = None
    budgets: tuple[Budget, ...] = (5,)
    settings: tuple[str, ...] = ()
    sweeps: Callable[[RunSpec], tuple[str, ...]] | None = None
    multiplies: Callable[[RunSpec, Sequence[Condition], str], tuple[Condition, ...]] | None = None
    view: str = ""
    photographs: bool = False
    numbers: bool = False

    def starting_settings(self, source: str = "") -> tuple[str, ...]:
        """``settings``; where the target is a view of the source, with both.

        Args:
            source: of such a problem; empty: CIFAR-10 where its files are on this machine, else digits.
        """
        if self.photographs:
            target = photographs() or "digits.photo"
            return (*self.settings, "problem.source=[]", f"problem.target={canonical([target])}")
        if not self.view:
            return self.settings
        source = source or ("cifar10" if is_available("cifar10") else "digits.handwritten")
        return (
            *self.settings,
            f"problem.source={canonical([source])}",
            f"problem.target={canonical([self.seen(source)])}",
        )

    def seen(self, source: str) -> str:
        """The view of this domain that is the target."""
        return f"{source}{'&' if '?' in source else '?'}{self.view}"


ALL_METHODS = tuple(TITLES)
PRESETS: dict[str, ExperimentPreset] = {  # in the form of Compare
    "help": ExperimentPreset(
        "Does transfer help?",
        "The same target labels with and without knowledge from the source, for few and for many labels.",
        "labels",
        ("target_only", "source_only", "fine_tune", "joint"),
        ALL_METHODS,
        budgets=(1, 5, 20),
    ),
    "freeze": ExperimentPreset(
        "Which layers should I freeze?",
        "Fine-tuning with nothing frozen, then with one stage more each time.",
        "freeze",
        conditions=freeze_conditions,
    ),
    "lambda": ExperimentPreset(
        "How does λ change the result?",
        "Joint learning with one λ from 0 to 1, the others share the rest; beside it methods that set λ themselves.",
        "lambda",
        ("uncertainty_weighting", "gradnorm", "imtl_g"),
        BALANCERS,
        conditions=lambda_conditions,
        sweeps=lambda_terms,
    ),
    "joint": ExperimentPreset(
        "Joint or fine-tuned?",
        "Source and target at once, or one after the other, for several numbers of labels.",
        "labels",
        ("fine_tune", "joint"),
        ALL_METHODS,
        budgets=(1, 3, 5, 10),
    ),
    "targets": ExperimentPreset(
        "Which target suffers?",
        "Several targets at once: what each method gives to each of them.",
        "targets",
        ("erm", "generalised", "group_dro", "joint"),
        ALL_METHODS,
        settings=('problem.target=["digits.photo","digits.rotated","digits.noisy"]',),
    ),
    "shift": ExperimentPreset(
        "How far can knowledge travel?",
        "The target moves away from the source step by step, such as by rotation: what each method still knows there.",
        "shift",
        ("source_only", "fine_tune", "joint", "coral", "dann"),
        ALL_METHODS,
        settings=('problem.target=["digits.rotated?spread=0"]',),
        sweeps=shift_parameters,
        multiplies=shift_conditions,
    ),
    "source": ExperimentPreset(
        "Does a wrong source hurt?",
        "Fine-tuning from several sources, beside a network that never saw any of them.",
        "final",
        conditions=source_conditions,
    ),
    "article-written": ExperimentPreset(
        "The article's experiment, as written",
        "Its target is the training pictures of its source once more: a random crop of 32 pixels out of 32 changes "
        "nothing. Every label is there as well, so nothing is left to be transferred, and no difference can show.",
        "final",
        ("target_only", "fine_tune"),
        ALL_METHODS,
        budgets=("all",),
        settings=(*ARTICLE_TRAINING, 'problem.target=["digits.handwritten?again=1"]'),
        view="again=1",
        numbers=True,
    ),
    "article-meant": ExperimentPreset(
        "The article's experiment, as meant",
        "Its target shows other pictures, darker, nearer and noisier, with few labels: fine-tuning with all layers and "
        "with the first one frozen, beside both baselines, on pictures that no training saw.",
        "labels",
        conditions=article_conditions,
        budgets=(1, 5, 20),
        settings=(*ARTICLE_TRAINING, f'problem.target=["digits.handwritten?{ARTICLE_VIEW}"]'),
        view=ARTICLE_VIEW,
        numbers=True,
    ),
    "pretrained": ExperimentPreset(
        "What does a pretrained network give?",
        "What a network that has seen a million photographs gives you for five of your own of each class: a new head "
        "on its features, beside the same head on raw pixels and a small network from scratch.",
        "final",
        conditions=pretrained_conditions,
        settings=(
            "training.augment=[]",
            "training.steps=300",
            "training.optimizer.lr=0.001",
            "training.selection=last",
        ),
        photographs=True,
    ),
    "compare": ExperimentPreset(
        "Which method is best?",
        "Whichever methods you choose, on the same splits of the data.",
        "final",
        ("fine_tune", "joint", "dann", "coral", "mmd"),
        ALL_METHODS,
    ),
}
ALL_PRESETS = {
    **PRESETS,
    "race": ExperimentPreset(
        "From scratch, practised first, or both at once?",
        "Three networks learn from the same few labels.",
        "race",
        conditions=race_conditions,
    ),
}


def is_on_start(experiment: StoredExperiment) -> bool:
    """Whether the page Start shows it: a race with one label budget and one seed."""
    return experiment.preset == "race" and len(experiment.budgets) == len(experiment.seeds) == 1


def is_on_compare(experiment: StoredExperiment) -> bool:
    """Whether the page Compare shows it: every other experiment that asks a question."""
    return experiment.preset in ALL_PRESETS and not is_on_start(experiment)
