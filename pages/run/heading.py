"""Heading of a run's page: links back, name, facts, actions (link, rename, delete), and the result in a sentence."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import streamlit as st

from pages.i18n import _, plain
from pages.widgets.change_words import changed_by_hand
from pages.widgets.experiment_title import experiment_title
from pages.widgets.notice import show_notices
from pages.widgets.run_words import changed_words, facts
from pages.widgets.store import delete, store
from pages.widgets.verdict import show_verdict
from xfer_core.errors import XferError
from xfer_core.experiments.presets import is_on_compare, is_on_start
from xfer_core.runs.store import INTERRUPTED, LIVE, NAME_LENGTH, PAUSED, STOPPED, Run

GONE = "run.gone"  # a run was deleted: the page goes back to the list

# The list of runs is on Compare, so that entry of the navigation is highlighted. A phone has no room for chevrons.
STYLE = """<style>
[data-testid=stTopNavLink][href$="/compare"] {
  background-color: color-mix(in srgb, currentColor 8%, transparent)}
[data-testid=stTopNavLink][href$="/compare"] span {font-weight: 600}
.st-key-run-facts p {line-height: 1.5}
.st-key-run-back {margin-left: -.6rem}
@media (max-width: 700px) {
  .st-key-run-name [data-testid=stPopoverButton] > div > :last-child:not(:first-child) {display: none}
}
</style>"""


def run_heading(run: Run, baselines: list[Run], address: dict[str, str]) -> None:
    """Draw the heading.

    Args:
        run: the run of the page.
        baselines: runs that its result is compared with.
        address: the query parameters of the present view.
    """
    st.html(STYLE)
    _back(run)
    with st.container(horizontal=True, vertical_alignment="center", key="run-name"):
        st.subheader(plain(run.name))
        with st.container(horizontal=True, gap="xsmall", width="content"):
            _share(address)
            _ask_for_name(run)
            _ask_to_delete(run)
    spec = run.typed_spec
    with st.container(gap="xxsmall", key="run-facts"):
        first, *others = facts(run)
        st.markdown(f"**{plain(first)}** · {plain(' · '.join(others))}")
        if changed := changed_words(spec):
            st.caption(plain(_("Not at the default: {settings}").format(settings=" · ".join(changed))))
        if sentence := changed_by_hand(run):
            st.caption(f":material/touch_app: {plain(sentence)}")
    with st.container(key="verdict"):
        if not show_verdict(run, baselines):
            _say_why_none(run)
    show_notices(spec.problem.roles())


def _back(run: Run) -> None:
    """Links to the experiment or race that the run is part of, and to the list."""
    with st.container(horizontal=True, key="run-back"):
        experiment = store().experiment(run.experiment)
        if experiment and is_on_compare(experiment):
            label = plain(_("Experiment: {title}").format(title=experiment_title(experiment)))
            query = {"experiment": experiment.id}
            st.page_link("compare/page.py", label=label, icon=":material/arrow_back:", query_params=query)
        if experiment and is_on_start(experiment):
            query = {"race": experiment.id}
            st.page_link("start/page.py", label=_("The race"), icon=":material/arrow_back:", query_params=query)
        query = {"view": "runs"}
        st.page_link("compare/page.py", label=_("All runs"), icon=":material/arrow_back:", query_params=query)


def _share(address: dict[str, str]) -> None:
    with st.popover(_("Link"), icon=":material/link:"):
        st.caption(_("Whoever can reach this server sees the same page at this address."))
        place = urlsplit(st.context.url or "")._replace(query=urlencode(address), fragment="")
        st.code(place.geturl(), language=None, wrap_lines=True)


def _ask_for_name(run: Run) -> None:
    with st.popover(_("Rename"), icon=":material/edit:", width="content"):
        key = f"name.{run.id}"
        st.text_input(
            _("New name"), run.name, max_chars=NAME_LENGTH, key=key, on_change=_rename, args=(run.id, key), width=420
        )


def _rename(run: str, key: str) -> None:
    try:
        store().rename(run, st.session_state[key])
    except XferError:  # somebody deleted it meanwhile: the page says so
        return


def _ask_to_delete(run: Run) -> None:
    live = run.status in LIVE
    tip = _("A run that waits or trains must be stopped first.") if live else None
    with st.popover(_("Delete…"), icon=":material/delete:", disabled=live, help=tip):
        st.markdown(_("Delete this run for good, with its curves and weights? This cannot be undone."))
        st.button(_("Delete"), type="primary", on_click=_delete, args=(run.id,), key="delete")


def _delete(run: str) -> None:
    if delete([run]):
        st.session_state[GONE] = True


def _say_why_none(run: Run) -> None:
    """A sentence in the place of the result, for a run that has none."""
    words = {
        **dict.fromkeys(LIVE, _("The result appears here when training has ended.")),
        PAUSED: _("It is paused: there is no result yet."),
        INTERRUPTED: _("It was interrupted before there was a result."),
        STOPPED: _("It was stopped before there was a result."),
    }
    if run.status in words:
        st.info(words[run.status], icon=":material/hourglass_top:")
