"""Live changes of λ and the learning rate, in words."""

from __future__ import annotations

from collections.abc import Iterable

from pages.i18n import _
from pages.widgets.chart_runs import setting_titles
from pages.widgets.store import store
from xfer_core.exports.live_changes import with_changes
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run
from xfer_core.training.config import LiveChange

NAMED = 8


def change_words(changes: Iterable[LiveChange], spec: RunSpec) -> str:
    """Such as "λ Digits on photographs = 2 (step 40), learning rate = 0.001 (step 90)"; text, not Markdown."""
    titles, parts = setting_titles(spec), []
    for change in changes:
        text = _("{what} = {value} (step {step})")
        what = titles.get(change.name, change.name)
        parts.append(text.format(what=what, value=f"{change.value:g}", step=f"{change.step:,}"))
    more = [_("{count} more").format(count=len(parts) - NAMED)] if len(parts) > NAMED else []
    return ", ".join([*parts[:NAMED], *more])


def changed_by_hand(run: Run) -> str:
    """A sentence about the live changes of a run; empty where there are none; text, not Markdown."""
    spec = with_changes(store(), run)
    if not spec.training.live_changes:
        return ""
    return _("Changed by hand while it trained: {changes}.").format(
        changes=change_words(spec.training.live_changes, spec)
    )
