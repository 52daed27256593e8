"""Table of model selection: the step and test result of each rule, and its cost against the oracle."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from pages.i18n import _, plain
from pages.widgets.domains import domain_title, task_title
from xfer_core.analysis.measure import metric_text
from xfer_core.analysis.selection import selection_outcomes
from xfer_core.names import MetricName, is_auc, is_error
from xfer_core.runs.spec import metric_name
from xfer_core.runs.store import Run
from xfer_core.selections import RULES

SEES = {
    "nothing": "nothing",
    "source labels": "source labels",
    "few target labels": "a few target labels",
    "target inputs": "unlabelled target samples",
    "answers": "labels of the tested domain",
}


def selection_table(run: Run) -> None:
    """The table, if the run has reached its last phase."""
    result = run.result or {}
    if not result.get("selection"):
        return
    spec = run.typed_spec
    judged = spec.problem.unseen or spec.problem.target
    name = metric_name(spec.problem, judged[0], spec.problem.tasks[0], "test")
    rows = selection_outcomes(result["selection"])
    with st.expander(_("Model selection: which step counts, and what the choice costs"), icon=":material/rule:"):
        st.caption(
            _("Test samples of {domains}, {task}. The oracle saw validation labels of these very domains.").format(
                domains=plain(", ".join(map(domain_title, judged))), task=plain(task_title(spec.problem.tasks[0]))
            )
        )
        table = pd.DataFrame(
            {
                _("rule"): [
                    ("→ " if row.rule == spec.training.selection else "") + _(RULES[row.rule].title) for row in rows
                ],
                _("uses"): [_(SEES[RULES[row.rule].requires]) for row in rows],
                _("step"): [row.step for row in rows],
                _("on test samples"): [metric_text(name, abs(row.value)) for row in rows],
                _("against the oracle"): [_against(name, row.cost) for row in rows],
            }
        )
        st.dataframe(table, hide_index=True)
        several = any(map(is_auc, result["metrics"]))
        st.markdown("**" + _("All tests of the selected checkpoint") + "**")
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        _("domain"): domain_title(MetricName.parse(metric).domain),
                        _("task"): task_title(MetricName.parse(metric).task),
                        **({_("measure"): _measure(metric)} if several else {}),
                        _("on test samples"): metric_text(metric, value),
                    }
                    for metric, value in result["metrics"].items()
                ]
            ),
            hide_index=True,
        )


def _measure(name: str) -> str:
    return "AUC" if is_auc(name) else _("error") if is_error(name) else _("accuracy")


def _against(name: str, cost: float | None) -> str:
    if cost is None:
        return ""
    if not math.isfinite(cost):  # one of the two networks broke
        return "–"
    if not cost:
        return "±0"
    amount = metric_text(name, abs(cost)) if is_error(name) else f"{100 * abs(cost):.1f}" + _(" points")
    return ("−" if cost > 0 else "+") + amount
