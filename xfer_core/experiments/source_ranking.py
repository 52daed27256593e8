"""The experiment that shows whether a ranking of sources was right: fine-tuned from each, beside from scratch."""

from __future__ import annotations

from collections.abc import Sequence

from xfer_core.domains import domain_info
from xfer_core.experiments.experiment import Budget, Condition, Experiment
from xfer_core.runs.spec import canonical, parse_spec
from xfer_core.strategies import TITLES


def source_experiment(
    target: str, task: str, sources: Sequence[str], labels_per_class: Budget, seeds: int, settings: Sequence[str] = ()
) -> Experiment:
    """From scratch, and fine-tuned from each source, as the preset "source" shows it.

    Args:
        target: a reference.
        task: of the target and of every source.
        sources: references, at least one.
        labels_per_class: of the target.
        seeds: how many, starting at 0.
        settings: further settings of every run, as ``PATH=VALUE``.

    Raises:
        XferError: what ``parse_spec`` raises.
    """
    problem = {"source": [sources[0]], "target": [target], "tasks": [task], "labels_per_class": labels_per_class}
    base = parse_spec({"problem": problem}, settings)
    scratch = Condition(TITLES["target_only"], ("strategy.kind=target_only",))
    tuned = tuple(
        Condition(
            "From {source}",
            ("strategy.kind=fine_tune", f"problem.source={canonical([source])}"),
            {"source": domain_info(source).card.title},
        )
        for source in sources
    )
    return Experiment("source", base, (scratch, *tuned), (labels_per_class,), tuple(range(seeds)))
