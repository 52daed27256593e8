"""The questions that an experiment can ask: which arms answer each, and with which budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xfer_core.domains import domain_keys, is_here, offered
from xfer_core.runs.experiment import Arm, Budget
from xfer_core.runs.spec import RunSpec, canonical
from xfer_core.strategies import TITLES
from xfer_core.strategies.base import task_terms

LAMBDAS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
OTHER_SOURCES = 3


def strategy_arms(kinds: Sequence[str]) -> tuple[Arm, ...]:
    """One arm a strategy, each with its defaults."""
    return tuple(Arm(TITLES[kind], (f"strategy.kind={kind}",)) for kind in kinds)


def freeze_arms(spec: RunSpec) -> tuple[Arm, ...]:
    """Fine-tuning with nothing fixed, then with one stage more each time, from the first stage up."""
    stages = [part["name"] for part in spec.network.describe(spec.problem.image_shape(), spec.problem.outputs())][:-1]
    arms = [Arm("Nothing fixed", ("strategy.kind=fine_tune", "strategy.frozen=[]"))]
    for count in range(1, len(stages) + 1):
        fixed = ("strategy.kind=fine_tune", f"strategy.frozen={canonical(stages[:count])}")
        title = "{first} fixed" if count == 1 else "{first}–{last} fixed"
        arms.append(Arm(title, fixed, {"first": stages[0], "last": stages[count - 1]}))
    return tuple(arms)


def lambda_arms(spec: RunSpec) -> tuple[Arm, ...]:
    """Joint learning with the target's λ from 0 to 1; the source has what is left."""
    problem = spec.problem
    terms = task_terms(problem, "source", "target")
    keys = {term: term.partition("/")[0] for term in terms}
    wanted = [term for term in terms if keys[term] in problem.target]
    rest = [term for term in terms if term not in wanted]
    arms = []
    for value in LAMBDAS:
        weights = {**dict.fromkeys(rest, (1 - value) / max(1, len(rest))), **dict.fromkeys(wanted, value / len(wanted))}
        settings = ("strategy.kind=joint", f"strategy.weights={canonical(weights)}")
        arms.append(Arm("λ of the target {value}", settings, {"value": f"{value:g}"}))
    return tuple(arms)


def source_arms(spec: RunSpec) -> tuple[Arm, ...]:
    """From scratch; then fine-tuning from the chosen source, and from others that are here and look the same size."""
    own = spec.problem.source[0]
    offer = offered(own)
    alike = [
        key
        for key in domain_keys()
        if key != own
        and key not in (*spec.problem.target, *spec.problem.unseen)
        and is_here(key)
        and all(offered(key).tasks.get(task) == offer.tasks.get(task) for task in spec.problem.tasks)
    ]
    first = Arm(TITLES["target_only"], ("strategy.kind=target_only",))
    others = (
        Arm("From {source}", ("strategy.kind=fine_tune", f"problem.source={canonical([key])}"),
            {"source": offered(key).card.title})
        for key in (own, *alike[:OTHER_SOURCES])
    )  # fmt: skip
    return (first, *others)


@dataclass(frozen=True)
class Question:
    """A preset.

    Attributes:
        title: the question.
        idea: one sentence on how it is answered.
        picture: the picture that answers it.
        kinds: strategies that the viewer may change; none where the arms follow from the problem.
        arms: what is compared, where it follows from the problem.
        budgets: labels a class.
        settings: what the question needs of the problem, as ``PATH=VALUE``.
    """

    title: str
    idea: str
    picture: str
    kinds: tuple[str, ...] = ()
    arms: Callable[[RunSpec], tuple[Arm, ...]] | None = None
    budgets: tuple[Budget, ...] = (5,)
    settings: tuple[str, ...] = ()


QUESTIONS: dict[str, Question] = {
    "help": Question(
        "Does transfer help?",
        "The same target labels with and without knowledge from the source, for few and for many labels.",
        "labels",
        ("target_only", "source_only", "fine_tune", "joint"),
        budgets=(1, 5, 20),
    ),
    "freeze": Question(
        "Which layers should I freeze?",
        "Fine-tuning with nothing fixed, then with one stage more each time.",
        "freeze",
        arms=freeze_arms,
    ),
    "lambda": Question(
        "How does λ change the result?",
        "Joint learning with the target's λ from 0 to 1; the source has what is left.",
        "lambda",
        arms=lambda_arms,
    ),
    "joint": Question(
        "Joint or fine-tuned?",
        "Source and target at once, or one after the other, for several numbers of labels.",
        "labels",
        ("fine_tune", "joint"),
        budgets=(1, 3, 5, 10),
    ),
    "targets": Question(
        "Which target suffers?",
        "Several targets at once: what each method gives to each of them.",
        "targets",
        ("erm", "generalised", "group_dro", "joint"),
        settings=('problem.target=["digits.photo","digits.rotated","digits.noisy"]',),
    ),
    "source": Question(
        "Does a wrong source hurt?",
        "Fine-tuning from several sources, beside a network that never saw any of them.",
        "final",
        arms=source_arms,
    ),
    "compare": Question(
        "Which method is best?",
        "Whichever methods you choose, on the same deals of the data.",
        "final",
        ("fine_tune", "joint", "dann", "coral", "mmd"),
    ),
}
