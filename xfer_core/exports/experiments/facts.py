"""The setup of an experiment, in English sentences for a report or a caption."""

from __future__ import annotations

from xfer_core.domains import domain_info
from xfer_core.exports.experiments.results import ExperimentResults
from xfer_core.selections import RULES


def facts(found: ExperimentResults) -> list[str]:
    """Source and target, numbers of labels, methods and seeds; the shared training settings; and AUC, if that is
    measured."""
    spec = found.spec
    problem, training = spec.problem, spec.training
    budgets = sorted({str(row.budget) for row in found.table}, key=lambda text: (text == "all", len(text), text))
    targets = dict.fromkeys(one.problem.target for one in found.specs)
    several = f"{len(targets)} targets, {_titles(problem.target)} to {_titles(list(targets)[-1])}"
    said = [
        f"{_titles(problem.source)} → {_titles(problem.target) if len(targets) == 1 else several}"
        + (f", tested also on the unseen {_titles(problem.unseen)}" if problem.unseen else "")
        + f"; labels per class in the target: {', '.join(budgets)}.",
        f"{_count(len(found.shift.methods if found.shift else found.titles), 'method')}, "
        f"{_count(len({row.seed for row in found.table}), 'seed')}, "
        f"{_count(len(found.table), 'finished run')}.",
    ]
    networks, steps = {s.network.kind for s in found.specs}, {s.training.steps for s in found.specs}
    rates = {s.training.optimizer.lr for s in found.specs}
    said.append(
        f"Network {', '.join(sorted(networks))}; {_several(steps)} steps in batches of {training.batch_size}; "
        f"optimiser {training.optimizer.kind}, learning rate {_several(rates)}; "
        f"model selection: {RULES[training.selection].title.lower()}."
    )
    if found.auc:
        said.append(f"Measured: {found.measure.on_target}.")
    return said


def _titles(keys: tuple[str, ...]) -> str:
    return ", ".join(domain_info(key).card.title for key in keys) or "nothing"


def _several(values: set[int] | set[float]) -> str:
    return " or ".join(f"{value:g}" if isinstance(value, float) else f"{value:,}" for value in sorted(values))


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
