"""Setup of an experiment: a line below its title, and every setting of each method on request."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.compare.plan_words import held_equal, untuned_words
from pages.i18n import _, counted, plain
from pages.widgets.domains import domain_title
from pages.widgets.problem import budget_label
from pages.widgets.run_words import transfer_words
from xfer_core.analysis.comparison import condition_of
from xfer_core.experiments.experiment import one_run_per_condition
from xfer_core.runs.spec import RunSpec, spec_settings
from xfer_core.runs.store import Run


def experiment_facts(runs: Sequence[Run]) -> None:
    """Domains, label budgets, number of methods and seeds, steps and network, in one line.

    Args:
        runs: all runs of the experiment, in order of time.
    """
    asked = one_run_per_condition(runs)
    specs = [run.typed_spec for run in asked]
    problem = specs[0].problem
    budgets = list(dict.fromkeys(spec.problem.labels_per_class for spec in specs))
    labels = ", ".join(budget_label(budget) for budget in budgets)
    sources = dict.fromkeys(spec.problem.source for spec in specs)
    targets = dict.fromkeys(spec.problem.target for spec in specs)
    domains = transfer_words(specs[0])
    if len(sources) > 1:
        domains = _("{count} sources → {target}").format(count=len(sources), target=_titles(problem.target))
    elif len(targets) > 1:
        domains = _("{source} → {count} targets").format(count=len(targets), source=_titles(problem.source))
    facts = [
        domains,
        *([_("unseen: {domains}").format(domains=_titles(problem.unseen))] if problem.unseen else []),
        _("1 label per class") if labels == "1" else _("{labels} labels per class").format(labels=labels),
        counted(len({condition_of(run.spec) for run in asked}) // len(targets), _("1 method"), _("{count} methods")),
        counted(len({run.spec["seed"] for run in runs}), _("1 seed"), _("{count} seeds")),
        _("{steps} steps").format(steps=", ".join(f"{n:,}" for n in sorted({s.training.steps for s in specs}))),
        ", ".join(dict.fromkeys(spec.network.kind for spec in specs)),
    ]
    st.caption(plain(" · ".join(facts)))


def every_setting(runs: Sequence[Run]) -> None:
    """In an expander: shared settings, methods that are not tuned, and the settings of each method."""
    title, key = _("Every setting of this experiment"), "experiment.settings"
    with st.expander(title, icon=":material/tune:", on_change="rerun", key=key) as folded:
        if not folded.open:
            return
        asked = one_run_per_condition(runs)
        specs = [run.typed_spec for run in asked]
        st.markdown(held_equal(specs))
        if sentence := untuned_words(specs):
            st.markdown(sentence)
        conditions = {condition_of(run.spec): (run.name, spec) for run, spec in zip(asked, specs, strict=True)}
        rows = [{_("Method"): name, _("Settings that are not the default"): _settings(spec)}
                for name, spec in conditions.values()]  # fmt: skip
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt=_("The settings of each method"))


def _settings(spec: RunSpec) -> str:
    left_out = ("problem.labels_per_class", "seed", "strategy.kind")
    return ", ".join(f"{path} = {value}" for path, value in spec_settings(spec).items() if path not in left_out) or "–"


def _titles(keys: Sequence[str]) -> str:
    return ", ".join(map(domain_title, keys)) or _("nothing")
