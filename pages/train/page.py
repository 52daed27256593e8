"""Train: choose problem, method and settings of one run, start it and follow it live."""

from __future__ import annotations

from threading import Lock

import streamlit as st

from pages.i18n import _, error_text, plain
from pages.train.workbench import Workbench
from pages.widgets import address, loss_weights, problem
from pages.widgets.field_errors import FieldErrors
from pages.widgets.layer_freezing import STYLE as STAGES_STYLE
from pages.widgets.lesson import lesson_of
from pages.widgets.live_panel import (
    baselines_of,
    empty_panel,
    live_buttons,
    live_notes,
    live_panel,
    valid_baselines,
)
from pages.widgets.refused import show_refused
from pages.widgets.store import begin_these, store
from pages.widgets.verdict import show_verdict
from xfer_core.analysis.sweep import can_sweep
from xfer_core.errors import XferError
from xfer_core.experiments.plan import plan_to_compare, plan_to_sweep
from xfer_core.experiments.presets import TOGETHER
from xfer_core.runs.baselines import baseline_title
from xfer_core.runs.link import read_link
from xfer_core.runs.spec import RunSpec, spec_settings
from xfer_core.runs.store import FINISHED, LIVE, PAUSED, Run
from xfer_core.strategies.base import ChoosesWeights

state = st.session_state
TRAINING = (*LIVE, PAUSED)
turning = Lock()

# Everything important is in one view, on a small projector too; on a phone Start stays at the bottom.
STYLE = """<style>
.stMainBlockContainer {padding: 3.6rem 1.75rem 2rem; max-width: 110rem}
.stMainBlockContainer > [data-testid=stVerticalBlock], .st-key-choose, .st-key-boards {gap: .5rem}
.st-key-choose .katex-display, .st-key-choose [data-testid=stMarkdownContainer],
.st-key-choose [data-testid=stMarkdownContainer] p {margin: 0}
.st-key-choose [data-testid=stButtonGroup] button {min-height: 2rem; padding: .15rem .65rem}
.st-key-choose [data-testid=stPopover] button, .st-key-choose [data-testid=stPageLink] a {min-height: 0;
  padding: 0 .3rem}
.st-key-boards [data-testid=stHorizontalBlock] {row-gap: 0}
.st-key-verdict {min-height: 5.2rem; justify-content: center}
.st-key-verdict [data-testid=stAlertContainer] {padding: .5rem .8rem}
.st-key-verdict p, .st-key-verdict [data-testid=stMarkdownContainer] {margin: 0; line-height: 1.35}
.stMainBlockContainer {--xfer-above: 30rem}
@media (min-width: 40.01em) and (max-width: 1250px) {
  .st-key-start-row:has(.st-key-ask-to-stop) [class*=baselines] {display: none}
}
@media (min-width: 40.01em) and (max-width: 1100px), (min-width: 40.01em) and (max-height: 800px) {
  html {font-size: 14px !important}
}
@media (max-width: 40em) {
  .st-key-start-row {position: fixed; left: 0; right: 0; bottom: 0; z-index: 99; padding: .5rem 1rem;
    gap: .25rem 1rem; background: var(--st-background-color, Canvas); border-top: 1px solid #8886}
  .stMainBlockContainer {padding: 3.6rem 1rem 8rem}
}
</style>"""


# ---------------------------------------------------------------------- the address


def _read_address() -> None:
    """On arrival, choose the initial values of the controls: an opened recipe, the settings in the address, those of
    the run that it names, the last spec of this visit, the default."""
    if not address.has_arrived():
        return
    # Foreign parameters of a link (fbclid, utm_source, embed …) are ignored.
    given = {path: value for path, value in st.query_params.items() if path.partition(".")[0] in RunSpec.model_fields}
    run, refused = st.query_params.get("run", ""), []
    handed_over: RunSpec | None = state.get("train.handed_over")
    if handed_over is not None:
        first = handed_over
    elif given:
        first, refused = read_link(given)
    elif run and (found := store().find(ids=[run])):
        first = _spec_now(found[0])
    elif address.goes_through_history():
        first = RunSpec()
    else:
        first = state.get("train.spec", RunSpec())
    if given or run or handed_over or address.goes_through_history():
        state["train.run"] = run
    state["train.first"], state["train.refused"] = first, refused
    state["train.form"] = state.get("train.form", 0) + 1
    state["train.handed_over"] = None
    address.note_read()


def _spec_now(run: Run) -> RunSpec:
    """The settings of a run; while it trains, with its present λ."""
    spec = run.typed_spec
    lambdas = (run.progress or {}).get("lambdas") or {}
    own = spec.strategy.term_titles
    now = {term: value for term, value in lambdas.items() if term not in own}
    usual = {term: value for term, value in spec.strategy.lambdas(spec.problem).items() if term not in own}
    if run.status not in TRAINING or not isinstance(spec.strategy, ChoosesWeights) or now in ({}, usual):
        return spec
    data = spec.model_dump(mode="json")
    return RunSpec.model_validate({**data, "strategy": {**data["strategy"], "weights": now}})


def _write_address(spec: RunSpec) -> None:
    """Write the whole spec into the address, in the syntax of ``--set``."""
    settings = address.without_long(spec_settings(spec))
    run = state.get("train.run")
    address.write_address({**settings, **({"run": run} if run else {})})


def _prefix() -> str:
    """Prefix of the keys of the controls; a new number resets them all."""
    return f"train{state.get('train.form', 0)}"


# ---------------------------------------------------------------------- start, and what acts on a run that trains


def _ask_to_start() -> None:
    state["train.start"] = True


def _start(spec: RunSpec) -> None:
    """Queue the present spec. A second press while the same spec is training does nothing."""
    shown = _shown()
    if shown and shown.status in LIVE and state.get("train.begun") == (shown.id, spec.digest()):
        return
    wanted = [(spec, "")]
    if state[f"{_prefix()}.baselines"]:
        for baseline in valid_baselines(spec):
            if not store().find(digest=baseline.digest(), statuses=(*LIVE, FINISHED), limit=1):
                wanted.append((baseline, baseline_title(baseline, spec)))
    run = store().find(experiment=begin_these(TOGETHER, wanted))[-1].id  # the first
    state["train.run"], state["train.begun"] = run, (run, spec.digest())
    if shown and shown.status in LIVE:
        state["train.beside"] = shown.id


def _shown() -> Run | None:
    """The run whose curves are shown."""
    found = store().find(ids=[state["train.run"]]) if state.get("train.run") else []
    return found[0] if found else None


def _can_turn(run: Run | None, spec: RunSpec | None) -> bool:
    """Whether the controls of λ and learning rate act on this run: it trains the same method on the same problem."""
    if run is None or spec is None or run.status not in TRAINING:
        return False
    own = run.typed_spec
    return own.strategy.kind == spec.strategy.kind and own.problem == spec.problem


def _turn(name: str, key: str) -> None:
    """Callback of the controls of λ and learning rate: send the new value to the run that is shown and trains."""
    run = _shown()
    if run is None or not _can_turn(run, state.get("train.spec")) or state[key] is None:
        return
    try:
        with turning:  # always the latest value is sent, even if another press of this visitor overtakes this one
            store().command(run.id, "set", name, float(state[key]))
    except XferError as error:
        st.toast(error_text(error), icon=":material/info:")


def _say_beside() -> None:
    """Tell that another run, started before, still trains and shares the processor."""
    found = store().find(ids=[state["train.beside"]]) if state.get("train.beside") else []
    if not found or found[0].status not in LIVE or found[0].id == state.get("train.run"):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="beside"):
        st.markdown(_("{name} still trains and shares the processor.").format(name=f"**{plain(found[0].name)}**"))
        st.button(_("Stop it"), on_click=_stop_beside, args=(found[0].id,), key="stop-beside")
        st.button(_("Let it go on"), on_click=state.pop, args=("train.beside", None), key="keep-beside")


def _stop_beside(run: str) -> None:
    state.pop("train.beside", None)
    try:
        store().command(run, "stop")
    except XferError as error:  # it ended meanwhile
        st.toast(error_text(error), icon=":material/info:")


# ---------------------------------------------------------------------- the page


def main() -> None:
    """The page."""
    st.html(STYLE + problem.STYLE + STAGES_STYLE + loss_weights.STYLE)
    _read_address()
    show_refused("train.refused")
    field_errors = FieldErrors()
    top = st.container(key="top")
    choose, watch = st.columns([6, 8], gap="medium")
    bench = Workbench(state.setdefault("train.first", RunSpec()), _prefix(), field_errors, _turn)
    spec = bench.show(top, choose.container(key="choose"))
    if spec is not None:
        state["train.spec"] = spec
    if state.get("train.start"):
        if spec is not None:
            _start(spec)
        state["train.start"] = False
    if spec is not None:
        _write_address(spec)
    if bench.beside_weights is not None and _can_turn(_shown(), spec):
        words = _("act at once on the training shown")
        bench.beside_weights.markdown(f"**{_('Loss weights λ')}** — :material/bolt: {words}")
    with watch:
        _watch(spec, bench.error)
    with choose:  # below the settings, where there is room in the first view
        _next_steps(spec, _shown())


def _watch(spec: RunSpec | None, error: XferError | None) -> None:
    """The Start button, and below it the curves of the run that is shown, or empty charts for the present spec."""
    run = _shown()
    with st.container(horizontal=True, vertical_alignment="center", key="start-row"):
        with_baselines = _start_button(spec, run)
        if run:
            live_buttons(run)
    if error is not None and error.code != "not_here":
        st.caption(":material/error: " + error_text(error))
    _say_beside()
    baselines = baselines_of(run) if run else []
    with st.container(key="verdict"):  # reserved height: nothing moves when it appears
        if (run is None or not show_verdict(run, baselines)) and spec is not None:
            st.markdown(lesson_of(type(spec.strategy)).idea)
        if run:
            live_notes(run)
    if run:
        live_panel(run, baselines)
    elif state.get("train.run"):
        st.info(_("The run of this link is not in this installation. Press Start training to make it again."))
    elif spec is not None:
        empty_panel(spec, with_baselines)


def _next_steps(spec: RunSpec | None, run: Run | None) -> None:
    """Links to the next steps: Inspect, Try it, Export, Compare, a λ sweep."""
    with st.container(horizontal=True, key="next-steps"):
        if run is not None and run.result:
            for view, label, icon in (
                ("inspect", _("Inspect"), ":material/biotech:"),
                ("try", _("Try it"), ":material/draw:"),
                ("export", _("Export"), ":material/download:"),
            ):
                st.page_link("run/page.py", label=label, icon=icon, query_params={"run": run.id, "view": view})
        if spec is not None:
            query = plan_to_compare(spec).query()
            st.page_link(
                "compare/page.py", label=_("Compare this"), icon=":material/stacked_line_chart:", query_params=query
            )
            if can_sweep(type(spec.strategy)) and len(spec.strategy.lambdas(spec.problem)) > 1:
                label, query = _("Sweep a λ: what does each value give?"), plan_to_sweep(spec).query()
                st.page_link("compare/page.py", label=label, icon=":material/swap_horiz:", query_params=query)


def _start_button(spec: RunSpec | None, run: Run | None) -> bool:
    """The button and the switch for baselines.

    Returns:
        Whether both baselines are trained too.
    """
    paused = run is not None and run.status == PAUSED  # then Resume is the primary button
    st.button(
        _("Start training"),
        type="secondary" if paused else "primary",
        icon=":material/model_training:" if paused else ":material/play_arrow:",
        disabled=spec is None,
        on_click=_ask_to_start,
        key="start",
    )
    words = _("Also trains this network on the source only and from scratch: the baselines that a transfer must beat.")
    if spec is not None and (quick := spec.network.unfilled.kind) != spec.network.kind:
        words = _(
            "Also trains the baselines that a transfer must beat, with {quick}, which has learned nothing before: to "
            "train all of {network} takes minutes."
        ).format(quick=plain(quick), network=plain(spec.network.kind))
    alone = spec is not None and not spec.problem.source
    label = _("With the baseline from scratch") if alone else _("With both baselines")
    return st.toggle(label, value=True, key=f"{_prefix()}.baselines", help=words)


main()
