"""An experiment as one JSON object, for scripts: ``python -m xfer_core experiment --json`` prints it."""

from __future__ import annotations

from typing import Any

from xfer_core.analysis.accuracy import mean_std
from xfer_core.experiments.experiment import Experiment
from xfer_core.runs.store import FINISHED, Run, Store


def summary(store: Store, experiment: str, asked: Experiment) -> dict[str, Any]:
    """What was asked, and for each condition and label budget what came of it.

    Args:
        store: that holds it.
        experiment: its id.
        asked: the experiment.

    Returns:
        A row has ``mean`` and sample standard deviation ``sd`` of the ``metric`` over ``n`` finished ``seeds``, null
        where there are too few; for two classes ``auc`` and ``auc_sd``, too. A run without a result is one
        of the ``failures``.
    """
    newest: dict[str, Run] = {}
    for run in sorted(store.find(experiment=experiment), key=lambda run: (run.status == FINISHED, run.created)):
        newest[run.digest] = run  # of one spec, that which finished
    groups: dict[tuple[str, Any], list[tuple[int, float]]] = {}
    failures, areas = [], dict[tuple[str, Any], list[float]]()
    has_auc = asked.base.target_metric(auc=True) != asked.base.target_metric()
    for spec, condition in asked.specs():
        title, budget = condition.text(), spec.problem.labels_per_class
        measured = groups.setdefault((title, budget), [])
        run = newest.get(spec.digest())
        if run and run.status == FINISHED and not run.broke and run.target_metric:
            measured.append((spec.seed, run.target_metric["value"]))
            area = (run.result or {})["metrics"].get(spec.target_metric(auc=True))
            if has_auc and area is not None:  # a run of an earlier version has none
                areas.setdefault((title, budget), []).append(area)
        else:  # somebody may have deleted it
            found = {"run": run.id, "status": run.outcome, "reason": (run.reason or {}).get("text")} if run else {}
            place = {"condition": title, "budget": budget, "seed": spec.seed}
            failures.append({"run": None, **place, "status": "deleted", "reason": None, **found})
    rows = []
    for (title, budget), measured in groups.items():
        over = mean_std([value for _seed, value in measured]) if measured else None
        found = {"mean": over and over.mean, "sd": over and over.deviation, "n": len(measured)}
        if has_auc:
            area = mean_std(own) if (own := areas.get((title, budget))) else None
            found |= {"auc": area and area.mean, "auc_sd": area and area.deviation}
        rows.append({"condition": title, "budget": budget, **found, "seeds": [seed for seed, _value in measured]})
    return {
        "experiment": experiment,
        "preset": asked.preset,
        "conditions": [{"title": one.text(), "settings": list(one.settings)} for one in asked.conditions],
        "budgets": list(asked.budgets),
        "seeds": list(asked.seeds),
        "metric": asked.base.target_metric(),
        "selection": asked.base.training.selection,
        "rows": rows,
        "failures": failures,
    }
