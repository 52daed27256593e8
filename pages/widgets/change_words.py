"""What was changed by hand while a run trained, in words."""

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
    titles, said = setting_titles(spec), []
    for change in changes:
        text = _("{what} = {value} (step {step})")
        what = titles.get(change.name, change.name)
        said.append(text.format(what=what, value=f"{change.value:g}", step=f"{change.step:,}"))
    more = [_("{count} more").format(count=len(said) - NAMED)] if len(said) > NAMED else []
    return ", ".join([*said[:NAMED], *more])


def changed_by_hand(run: Run) -> str:
    """A sentence for a run that somebody changed while it trained; empty for all others; text, not Markdown."""
    spec = with_changes(store(), run)
    if not spec.training.live_changes:
        return ""
    return _("Changed by hand while it trained: {changes}.").format(
        changes=change_words(spec.training.live_changes, spec)
    )
