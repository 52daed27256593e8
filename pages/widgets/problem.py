"""Controls for the problem: source and target domains, tasks and label budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from pages.i18n import _, plain
from pages.widgets.config_form import sliders
from pages.widgets.domain_pictures import domain_pictures
from pages.widgets.domains import domain_help, domain_tile, domain_title, modality_titles, task_title
from pages.widgets.download import offer_download
from pages.widgets.field_errors import FieldErrors
from xfer_core.domains import domain_info, domain_keys, is_available
from xfer_core.domains.reference import key_of, make_reference
from xfer_core.modalities import MODALITIES
from xfer_core.problems.problem import Problem, Role

PREVIEW = 180  # pixels
TURNED = 40.0  # degrees between source and target where both are the same points
BUDGETS = (0, 1, 2, 3, 5, 8, 10, 15, 20, 30, "all")

STYLE = """<style>
.st-key-domains [data-testid=stVerticalBlock] {gap: .3rem}
.st-key-domains [data-testid=stPopover] button {min-height: 0; padding: 0 .3rem}
.st-key-domains [data-testid=stButtonGroup] [role=radiogroup],
.st-key-domains [data-testid=stButtonGroup] [role=toolbar] {gap: .25rem}
.st-key-domains [data-testid=stButtonGroup] button {padding: 2px; border-width: 3px; min-height: 0; height: auto;
  border-radius: .6rem}
.st-key-domains [data-testid=stButtonGroup] img {max-height: none; height: 2.6rem; width: 2.6rem; display: block;
  border-radius: .35rem; image-rendering: pixelated; object-fit: cover}
.st-key-domains [data-testid=stButtonGroup] p:not(:has(img)) {min-height: 2.6rem; align-content: center;
  font-size: .75rem}
@media (max-width: 40em) {
  .st-key-domains [data-testid=stButtonGroup] [role=radiogroup],
  .st-key-domains [data-testid=stButtonGroup] [role=toolbar] {flex-wrap: nowrap; overflow-x: auto; padding: 4px}
  .st-key-domains [data-testid=stButtonGroup] button {flex: none}
  .st-key-domains > [data-testid=stLayoutWrapper] > [data-testid=stHorizontalBlock] > :nth-child(2) {display: none}
}
</style>"""


def choose_domains(now: Problem, prefix: str, slots: FieldErrors, knows: Callable[[str], bool]) -> dict[str, list[str]]:
    """Source and target, chosen by their sample images.

    Args:
        now: the initial values.
        prefix: starts the keys of the controls.
        slots: places for the errors of each field.
        knows: of a kind of input, whether the network brings its knowledge, so that no source is a choice, too.

    Returns:
        role → keys of the chosen domains, not validated.
    """
    with st.container(key="domains"):
        left, arrow, right = st.columns([12, 1, 12], gap="small", vertical_alignment="center")
        with left:
            source = _tiles("source", _("Source"), now, prefix, slots, knows)
        arrow.markdown("## :material/arrow_forward:")
        with right:
            target = _tiles("target", _("Target"), now, prefix, slots)
            slots.here("problem")
    return {"source": source, "target": target}


NONE = "none"  # the button for no source
MORE = "more"  # the button that shows the domains that are not on this machine: many, which few visitors want
ICONS = {"image": "image", "table": "table_chart", "text": "text_fields", NONE: "psychology", MORE: "cloud_download"}
ROLES: tuple[Role, ...] = ("source", "target")


def _takes_several(now: Problem, prefix: str) -> bool:
    """Whether each role may have several domains: as the switch says; at first where a role has them, or no target."""
    return st.session_state.get(f"{prefix}.several", len(now.source) > 1 or len(now.target) != 1)


def _carry_over(prefix: str) -> None:
    """Keep the chosen domains when the switch changes between single and multiple choice."""
    state = st.session_state
    for role in ROLES:
        one, several = f"{prefix}.{role}", f"{prefix}.{role}.several"
        if state[f"{prefix}.several"]:
            state[several] = [key for key in (state[one],) if key != NONE]
        else:
            state[one] = (state[several] or [NONE if role == "source" else next(iter(domain_keys()))])[0]


def _tiles(
    role: Role, label: str, now: Problem, prefix: str, slots: FieldErrors, knows: Callable[[str], bool] | None = None
) -> list[str]:
    keys, given = list(domain_keys()), {key_of(reference): reference for reference in getattr(now, role)}
    at_first = [key for key in given if key in keys]
    head = st.container(horizontal=True, vertical_alignment="center", gap="small")
    with head:
        title = st.empty()
    shared: dict[str, Any] = {
        "format_func": domain_tile,
        "label_visibility": "collapsed",
        "wrap": True,
    }
    nothing = _("none chosen")
    if _takes_several(now, prefix):
        found = st.pills(
            label, keys, selection_mode="multi", default=at_first, key=f"{prefix}.{role}.several", **shared
        )
        chosen = at_first if set(found) == set(at_first) else list(found)
    else:
        key, first = f"{prefix}.{role}", (at_first or [NONE if role == "source" and not given else keys[0]])[0]
        now_chosen = st.session_state.get(key) or first
        shows = now_chosen if now_chosen != NONE else st.session_state.get(f"{prefix}.target") or key_of(now.target[0])
        present = domain_info(shows).spec.modality
        alike = [one for one in keys if domain_info(one).spec.modality == present]
        offered = [one for one in alike if one == now_chosen or is_available(one)]
        more = [] if len(offered) == len(alike) else [MORE]
        if st.session_state.get(f"{key}.{MORE}"):
            offered, more = alike, []
        st.session_state[f"{key}.chosen"] = now_chosen
        if knows is not None and knows(present):
            offered, nothing = [NONE, *offered], _("none: the network brings its knowledge")
        elif now_chosen == NONE:  # no longer possible, or of a link: to be seen beside its error
            offered = [NONE, *offered]
        offered += [*more, *(kind.modality for kind in MODALITIES if kind.modality != present)]
        shared |= {"format_func": _tile, "on_change": _follow, "args": (prefix, role)}
        first = first if first in offered else offered[0]
        found = st.pills(label, offered, default=first, required=True, key=key, **shared)
        chosen = [] if found == NONE else [found]
    with head:
        chosen = [with_parameters(given.get(key, key), f"{prefix}.{role}") for key in chosen]
    named = ", ".join(plain(domain_title(key)) for key in chosen) or nothing
    helps = "\n\n".join(domain_help(key) for key in chosen)
    title.markdown(f"{label}: **{named}**", help=helps or None)
    slots.here(f"problem.{role}")
    for key in chosen:
        if not is_available(key):
            offer_download(key, role)
    return chosen


def with_parameters(reference: str, prefix: str) -> str:
    """The reference to a domain as its sliders say; the given one if it has none."""
    if domain_info(reference).parameters is None:
        return reference
    with st.popover(_("Change it"), icon=":material/tune:", type="tertiary"):
        st.markdown(f"**{plain(domain_title(key_of(reference)))}**")
        shown = st.container()
        changed = changed_by_sliders(reference, prefix)
        with shown:
            domain_pictures([changed], PREVIEW, columns=5)
    return changed


def changed_by_sliders(reference: str, prefix: str) -> str:
    """A slider per number of the domain; the reference as they say, or the given one if it has none. A text, such as a
    drawing, stays as a link gave it."""
    parameters, key = domain_info(reference).parameters, key_of(reference)
    if parameters is None:
        return reference
    texts = {
        name: st.session_state.get(f"{prefix}.{key}.{name}", value)
        for name, value in parameters.model_dump().items()
        if isinstance(value, str)
    }
    values = {**parameters.model_dump(), **texts, **sliders(parameters, f"{prefix}.{key}")}
    return make_reference(key, type(parameters)(**values))


def set_sliders(reference: str, prefix: str) -> None:
    """Set the sliders, before they are shown, to what the reference says."""
    parameters = domain_info(reference).parameters
    for field, value in (parameters.model_dump() if parameters else {}).items():
        st.session_state[f"{prefix}.{key_of(reference)}.{field}"] = value if isinstance(value, str) else float(value)


def _tile(option: str) -> str:
    """A domain's button, that for none, that of another kind of input, or that which shows the domains to be
    downloaded."""
    titles = {**modality_titles(), NONE: _("No source"), MORE: _("More domains")}
    return f":material/{ICONS[option]}: {titles[option]}" if option in titles else domain_tile(option)


def _follow(prefix: str, role: Role) -> None:
    """When a person chooses another kind of input, choose its first domain. When the other role has a domain that does
    not go with the chosen one, choose one that does: the same domain turned, if it can be, else the first with a
    common task."""
    state, other = st.session_state, "target" if role == "source" else "source"
    chosen, present = state[f"{prefix}.{role}"], state[f"{prefix}.{other}"]
    if chosen == MORE:
        state[f"{prefix}.{role}"], state[f"{prefix}.{role}.{MORE}"] = state[f"{prefix}.{role}.chosen"], True
        return
    if chosen in {kind.modality for kind in MODALITIES}:
        role, other = "source", "target"
        state[f"{prefix}.{role}"] = next(key for key in domain_keys() if domain_info(key).spec.modality == chosen)
    elif NONE in (chosen, present) or set(domain_info(chosen).tasks) & set(domain_info(present).tasks):
        return
    info = domain_info(state[f"{prefix}.{role}"])
    key = state[f"{prefix}.{role}"]
    if info.parameters is not None and "rotate" in type(info.parameters).model_fields:
        state[f"{prefix}.{other}"], state[f"{prefix}.target.{key}.rotate"] = key, TURNED
        state.pop(f"{prefix}.source.{key}.rotate", None)
        return
    fitting = [one for one in domain_keys() if one != key and set(domain_info(one).tasks) & set(info.tasks)]
    state[f"{prefix}.{other}"] = fitting[0] if fitting else key


def choose_budget(now: Problem, prefix: str, slots: FieldErrors) -> Any:
    """Labels per class in the target: a number, or ``all``."""
    budgets: list[Any] = list(BUDGETS)
    if now.labels_per_class not in budgets:
        budgets = [*sorted([*budgets[:-1], now.labels_per_class]), "all"]
    chosen = st.select_slider(
        _("Labels per class in the target"),
        budgets,
        now.labels_per_class,
        format_func=budget_label,
        key=f"{prefix}.budget",
    )
    slots.here("problem.labels_per_class")
    return chosen


def choose_tasks(now: Problem, chosen: dict[str, list[str]], prefix: str, slots: FieldErrors) -> dict[str, Any]:
    """Less common settings: tasks, test-only domains, and several domains per role."""
    st.toggle(
        _("Several source or target domains"),
        value=_takes_several(now, prefix),
        key=f"{prefix}.several",
        on_change=_carry_over,
        args=(prefix,),
        help=_("A press on a picture then adds or removes that domain."),
    )
    keys = [key for role in chosen.values() for key in role]
    found = tasks_control(now, keys, prefix, slots)
    unseen = unseen_control(
        now, prefix, slots, help=_("No training ever sees these. What was learned should hold there too.")
    )
    for key in unseen:
        if not is_available(key):
            offer_download(key, "unseen")
    return {"tasks": found, "unseen": unseen}


def tasks_control(now: Problem, keys: Iterable[str], prefix: str, slots: FieldErrors) -> list[str]:
    """Choice among the tasks of these domains; at first those of ``now``."""
    tasks = list(dict.fromkeys(task for key in keys for task in domain_info(key).tasks)) or list(now.tasks)
    chosen = st.multiselect(
        _("Tasks: what to tell apart"),
        tasks,
        default=[task for task in now.tasks if task in tasks] or tasks[:1],
        format_func=task_title,
        key=f"{prefix}.tasks.{tasks[0]}",
        wrap=True,
    )
    slots.here("problem.tasks")
    return chosen


def unseen_control(now: Problem, prefix: str, slots: FieldErrors, help: str | None = None) -> list[str]:
    """Choice of test-only domains; at first those of ``now``."""
    chosen = st.multiselect(
        _("Unseen (test-only) domains"),
        list(dict.fromkeys((*domain_keys(), *now.unseen))),
        default=list(now.unseen),
        format_func=domain_title,
        key=f"{prefix}.unseen",
        help=help,
        wrap=True,
    )
    slots.here("problem.unseen")
    return chosen


def budget_label(budget: Any) -> str:
    """A label budget on a control: its number, or "all"."""
    return _("all") if budget == "all" else str(budget)
