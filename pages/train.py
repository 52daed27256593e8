"""Train: the workbench. Choose the problem and how knowledge moves, press start, watch."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts.curves import term_looks, term_titles
from pages.parts.form import controls
from pages.parts.freeze_board import freeze_board
from pages.parts.lesson import family_title, lesson_of
from pages.parts.link import read_link
from pages.parts.live_panel import baseline_specs, baselines_of, empty_panel, live_panel
from pages.parts.mixer import mixer
from pages.parts.problem import choose_problem
from pages.parts.slots import Slots
from pages.parts.store import checked, start, store
from pages.parts.sweep_button import sweep_button
from pages.parts.text import _, error_text, plain
from pages.parts.weight_table import weight_table
from xfer_core.domains.problem import Problem
from xfer_core.errors import XferError
from xfer_core.networks import NETWORKS
from xfer_core.runs.spec import RunSpec, canonical, parse_spec, spec_settings
from xfer_core.runs.store import FINISHED, LIVE
from xfer_core.selections import RULES
from xfer_core.strategies import BASICS, STRATEGIES, Strategy
from xfer_core.training import OPTIMIZERS

state = st.session_state
LONGEST = 2000  # characters of a setting in the link: a table of weights may be longer, and travels as a recipe only


def _first_spec() -> RunSpec:
    """What the controls start from: the link, else what was here before, else the default."""
    # What a link says beside the spec (fbclid, utm_source, embed …) is for others, and no reason to refuse the link.
    given = {path: value for path, value in st.query_params.items() if path.partition(".")[0] in RunSpec.model_fields}
    link = canonical(given)
    if given and state.get("train.link") != link:
        state["train.link"] = link
        state["train.first"], state["train.refused"] = read_link(given)
        state["train.form"] = state.get("train.form", 0) + 1
    elif "train.spec" in state and f"{_prefix()}.strategy" not in state:
        state["train.first"] = state["train.spec"]  # back from another page: Streamlit has dropped the controls
    return state.setdefault("train.first", RunSpec())


def _say_refused() -> None:
    """Which parts of the link were left out, word for word, until the visitor has taken note of them."""
    refused: list[tuple[str, XferError]] = state.get("train.refused", [])
    if not refused:
        return
    with st.container(border=True):
        for setting, error in refused:
            words = _("Left out of this link: {reason}").format(reason=error_text(error))
            st.warning(words, icon=":material/link_off:")
            st.code(setting, language=None, wrap_lines=True)
        st.button(_("I have read this"), on_click=state.pop, args=("train.refused", None), key="note-refused")


def _prefix() -> str:
    """Starts the keys of this form's controls; a new number makes them all anew."""
    return f"train{state.get('train.form', 0)}"


def _choose_kind(label: str, classes: tuple[Any, ...], now: Any, key: str) -> Any:
    """A form of the chosen class: ``now`` if it is of that class, else its defaults."""
    kinds = {form.model_fields["kind"].default: form for form in classes}
    kind = st.selectbox(label, list(kinds), index=list(kinds).index(now.kind), key=key)
    return now if kind == now.kind else kinds[kind]()


def _choose_strategy(first: RunSpec, slots: Slots) -> Strategy:
    kinds: dict[str, Any] = {form.model_fields["kind"].default: form for form in STRATEGIES}
    shown = [form.model_fields["kind"].default for form in BASICS]
    if first.strategy.kind not in shown:
        shown.append(first.strategy.kind)
    kind = st.pills(
        _("How knowledge moves"),
        shown,
        default=first.strategy.kind,
        required=True,
        format_func=lambda kind: _(kinds[kind].title),
        key=f"{_prefix()}.strategy",
        wrap=True,
    )
    form = kinds[kind]
    lesson = lesson_of(form)
    st.caption(f"**{family_title(form)}** — {lesson.idea}")
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(_("How it works"), icon=":material/school:"):
            st.latex(form.formula)
            st.markdown(lesson.rest)
        st.page_link("catalogue.py", label=_("All methods"), icon=":material/menu_book:")
    slots.here("strategy", "strategy.kind")
    return first.strategy if kind == first.strategy.kind else form()


def _choose_rule(first: RunSpec, slots: Slots) -> str:
    """Which step of the run counts."""
    rule = st.selectbox(
        _("Which step counts"),
        list(RULES),
        index=list(RULES).index(first.training.selection),
        format_func=lambda kind: _(RULES[kind].title),
        key=f"{_prefix()}.rule",
    )
    lesson = lesson_of(type(RULES[rule]))
    st.caption((":material/warning: " if RULES[rule].sees == "answers" else "") + lesson.idea, help=lesson.rest)
    slots.here("training.selection")
    return rule


def _choose_settings(first: RunSpec, strategy: Strategy, slots: Slots) -> tuple[dict[str, Any], dict[str, Any]]:
    """What most people leave alone: the strategy's further fields; network, training and seed."""
    prefix = _prefix()
    with st.expander(_("More settings"), icon=":material/settings:"):
        fields = controls(strategy, f"{prefix}.{strategy.kind}", without=("frozen", "weights", "table"))
        slots.here(*(f"strategy.{name}" for name in fields))
        if "table" in type(strategy).model_fields:
            fields["table"] = getattr(strategy, "table", "")  # kept while another scheme is chosen
        if fields.get("scheme") == "table":
            asked = getattr(strategy, "scheme", "") == "table"  # then a table that is missing is said, not made up
            fields["table"] = weight_table(fields["table"], f"{prefix}.table", example=not asked)
            slots.here("strategy.table")
        left, right = st.columns(2)
        with left:
            network = _choose_kind(_("Network"), NETWORKS, first.network, f"{prefix}.network")
            network_fields = controls(network, f"{prefix}.{network.kind}")
            slots.here("network")
        with right:
            optimizer = _choose_kind(_("Optimiser"), OPTIMIZERS, first.training.optimizer, f"{prefix}.optimizer")
            optimizer_fields = controls(optimizer, f"{prefix}.{optimizer.kind}")
        training = controls(first.training, f"{prefix}.training", without=("optimizer", "selection"))
        training["optimizer"] = {"kind": optimizer.kind, **optimizer_fields}
        seed = controls(first, prefix, without=("version", "problem", "network", "strategy", "training"))
        slots.here("training", "seed")
    rest = {"network": {"kind": network.kind, **network_fields}, "training": training, **seed}
    return fields, rest


def _boards(strategy: Strategy, problem: dict[str, Any], network: dict[str, Any], slots: Slots) -> dict[str, Any]:
    """The freeze board or the λ mixer, whichever the strategy has."""
    fields, prefix = type(strategy).model_fields, f"{_prefix()}.{strategy.kind}"
    chosen: dict[str, Any] = {}
    spec = parse_spec({"problem": problem, "network": network})
    spec.problem.check_names()
    if "frozen" in fields:
        stages = spec.network.describe(spec.problem.image_shape(), spec.problem.outputs())
        frozen = getattr(strategy, "frozen", ())
        chosen["frozen"] = freeze_board(stages, frozen, f"{prefix}.{spec.network.kind}.frozen")
        slots.here("strategy.frozen")
    if "weights" in fields:
        fitting = _fitting_weights(strategy, spec.problem)
        parsed = RunSpec(problem=spec.problem, strategy=fitting)  # pyright: ignore[reportArgumentType]
        # Other domains are other terms: the keys of the sliders carry the problem.
        terms = canonical(list(fitting.lambdas(spec.problem)))
        own = fitting.term_titles  # what a method adds of its own has no slider
        lambdas = {term: value for term, value in fitting.lambdas(spec.problem).items() if term not in own}
        titles = term_titles(fitting, list(lambdas))
        mixed = mixer(lambdas, titles, term_looks(parsed), "L", f"{prefix}.weights.{terms}")
        usual = fitting.model_copy(update={"weights": {}}).lambdas(spec.problem)
        if mixed == lambdas:  # nobody has moved a slider: as given, also where that was none, or only some of the terms
            chosen["weights"] = getattr(fitting, "weights", {})
        else:
            chosen["weights"] = {} if mixed == {term: usual[term] for term in mixed} else mixed
        slots.here("strategy.weights")
    return chosen


def _fitting_weights(strategy: Strategy, problem: Problem) -> Strategy:
    """The strategy with the weights that a link gave, or with none if they name other domains than are chosen now."""
    try:
        strategy.lambdas(problem)
        return strategy
    except XferError:
        return type(strategy)(**{**strategy.model_dump(), "weights": {}})


def _begin(spec: RunSpec) -> None:
    wanted = [(spec, "")]
    if state[f"{_prefix()}.baselines"]:
        for baseline in baseline_specs(spec):
            if not store().find(digest=baseline.digest(), statuses=(*LIVE, FINISHED), limit=1):
                wanted.append((baseline, ""))
    state["train.run"] = start(wanted)[0]


def _workbench(slots: Slots) -> RunSpec | None:
    """All controls; the spec they make, or None where a rule is broken."""
    first = _first_spec()
    _say_refused()
    strategy = _choose_strategy(first, slots)
    problem = choose_problem(first.problem, _prefix(), slots)
    rule = _choose_rule(first, slots)
    boards = st.container()
    strategy_fields, rest = _choose_settings(first, strategy, slots)
    rest["training"]["selection"] = rule
    try:
        with boards:
            strategy_fields |= _boards(strategy, problem, rest["network"], slots)
        data = {"problem": problem, "strategy": {"kind": strategy.kind, **strategy_fields}, **rest}
        spec = parse_spec(data)
        checked(spec)
        return spec
    except XferError as error:
        if error.code != "not_here":  # the button beside the domain says that
            slots.show(error)
        return None


def _remember(spec: RunSpec) -> None:
    """The whole choice goes into the link, in the words of ``--set``."""
    state["train.spec"] = spec
    run = state.get("train.run")
    settings = {path: value for path, value in spec_settings(spec).items() if len(value) <= LONGEST}
    state["train.link"] = canonical(settings)
    wanted = {**settings, **({"run": run} if run else {})}
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)


def main() -> None:
    """The page."""
    if "run" in st.query_params and "train.run" not in state:
        state["train.run"] = st.query_params["run"]
    choose, watch = st.columns(2, gap="medium")
    slots = Slots()
    runs = store().find(ids=[state["train.run"]]) if state.get("train.run") else []
    with watch:
        st.subheader(_("Watch: {name}").format(name=plain(runs[0].name)) if runs else _("Watch"))
        slots.here("")
        start_row = st.container(horizontal=True, vertical_alignment="center")
        if runs:  # before the choices: a click on start is answered before they are worked out anew
            live_panel(runs[0], baselines_of(runs[0]))
            if runs[0].result:
                label = _("Take this run home: recipe, curves, weights")
                st.page_link("run.py", label=label, icon=":material/download:", query_params={"run": runs[0].id})
    with choose:
        st.subheader(_("Choose"))
        spec = _workbench(slots)
        if spec is not None and spec.strategy.kind == "joint" and len(spec.strategy.lambdas(spec.problem)) > 1:
            sweep_button(spec, term_titles(spec.strategy, list(spec.strategy.lambdas(spec.problem))))
    if spec is not None:
        _remember(spec)
    with start_row:
        with_baselines = _start_button(spec)
    with watch:
        if not runs and state.get("train.run"):
            st.info(_("The run of this link is not in this installation. Press Start training to make it again."))
        elif not runs and spec is not None:
            empty_panel(spec, with_baselines)


def _start_button(spec: RunSpec | None) -> bool:
    """Beside the curves that it makes: in sight on a wide screen, below the choices on a narrow one.

    Returns:
        Whether both baselines are wanted too.
    """
    st.button(
        _("Start training"),
        type="primary",
        icon=":material/play_arrow:",
        disabled=spec is None,
        on_click=_begin,
        args=(spec,),
        key="start",
    )
    return st.toggle(
        _("With both baselines"),
        value=True,
        key=f"{_prefix()}.baselines",
        help=_("Also trains this network on the source only and from scratch: what a transfer must beat."),
    )


main()
