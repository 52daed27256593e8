"""The result of one run in a sentence: accuracy, difference to its baseline, and how far to trust it."""

from __future__ import annotations

import math

import streamlit as st

from pages.i18n import _, plain
from pages.widgets.chart_runs import reason_text
from pages.widgets.domains import domain_title
from pages.widgets.store import store, validated
from xfer_core.analysis.accuracy import with_unit
from xfer_core.analysis.verdict import SCRATCH, Verdict, verdict
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import COLLAPSED, DIVERGED, FAILED, Run


def show_verdict(run: Run, baselines: list[Run]) -> bool:
    """Show the sentence; whether there is one. A run that still trains has none."""
    if run.outcome == FAILED:
        st.error(plain(reason_text(run)), icon=":material/error:")
        return True
    spec = run.typed_spec
    samples = _test_samples(spec)
    found = verdict(run, baselines, samples)
    if found is None:
        return False
    if run.outcome in (DIVERGED, COLLAPSED):
        st.warning(f"{_trouble(run, spec, found)}", icon=":material/trending_up:")
        return True
    helped = found.is_significant and found.better > 0
    say = st.warning if found.stopped_at is not None else st.success if helped else st.info
    say(f"{_sentence(run, spec, found)} {_doubt(run, spec, found, samples)}", icon=":material/emoji_objects:")
    return True


def _trouble(run: Run, spec: RunSpec, found: Verdict) -> str:
    """Why the result is not to be relied on (diverged, collapsed), and what to do."""
    words = {"name": plain(run.name), "value": _amount(found, found.value), "rate": f"{spec.training.optimizer.lr:g}"}
    if run.outcome == DIVERGED:
        text = _(
            "**{name}** diverged: its loss ended far above what guessing would give. The learning rate of {rate} is "
            "too large; try a tenth of it."
        )
    else:
        text = _("**{name}** collapsed: it predicts nearly one class for everything and learned nothing of use.")
    measured = _("It is {value} off on average.") if found.is_error else _("It got {value} of 100 right.")
    return f"{text} {measured}".format(**words)


def _test_samples(spec: RunSpec) -> int | None:
    """Number of test samples of the first target, if its data is on this machine."""
    try:
        return len(validated(spec).held_out[spec.problem.target[0], "test"])
    except XferError:
        return None


def _sentence(run: Run, spec: RunSpec, found: Verdict) -> str:
    scratch = found.against == SCRATCH
    other = _("from scratch, with the very same labels") if scratch else _("with what the source alone taught")
    words = {
        "name": plain(run.name),
        "domain": plain(domain_title(spec.problem.target[0])),
        "value": _amount(found, found.value),
        "difference": _amount(found, abs(found.better)),
        "baseline": _amount(found, found.baseline),
        "other": f"{plain(found.network)} {other}" if found.network else other,
        "step": f"{found.stopped_at or 0:,}",
        "steps": f"{spec.training.steps:,}",
    }
    if found.is_error:
        text = _("**{name}** is **{value}** off on average on new samples of {domain}")
    else:
        text = _("**{name}** got **{value} of 100** new samples of {domain} right")
    if found.stopped_at is not None:
        if found.cut_short:
            return (text + _("; it was stopped at step {step} of {steps}, before it learned the target.")).format(
                **words
            )
        return (text + _("; it was stopped at step {step} of {steps}.")).format(**words)
    if not found.against:
        return (text + ".").format(**words)
    if found.is_error:
        less = _(": **{difference} less** than {other} ({baseline}).")
        more = _(": **{difference} more** than {other} ({baseline}).")
        return (text + (less if found.better > 0 else more)).format(**words)
    if not found.is_significant:
        text += _("; {other} it is **{baseline}**: too close to tell apart.")
    elif found.better > 0:
        text += _(": **{difference} more** than {other} ({baseline}).")
    else:
        text += _(": **{difference} fewer** than {other} ({baseline}).")
    if found.is_significant and not found.network:  # of another network, the difference is not only what moved
        text += " " + (_("That is knowledge that moved.") if found.better > 0 else _("That is negative transfer."))
    return text.format(**words)


def _amount(found: Verdict, value: float) -> str:
    if math.isnan(value):  # there is no baseline
        return ""
    return with_unit(f"{value:.1f}", plain(found.unit)) if found.is_error else str(round(100 * value))


def _doubt(run: Run, spec: RunSpec, found: Verdict, samples: int | None) -> str:
    """How far to trust it: one seed, the number of test samples."""
    words = {"seed": spec.seed, "samples": samples, "noise": f"{100 * found.noise:.1f}"}
    if found.against and samples and not found.is_error and found.stopped_at is None:
        text = _("One run each, seed {seed}; a test of {samples} samples moves such a difference by ± {noise}.")
    else:
        text = _("One run, seed {seed}.")
    return f":small[{text.format(**words)}{_changed(run)}]"


def _changed(run: Run) -> str:
    if not store().changed_by_hand([run.id]):
        return ""
    return " " + _("λ or the learning rate was changed by hand while it trained.")
