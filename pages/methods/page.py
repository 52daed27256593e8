"""Methods: idea, formula, paper and measured examples of every strategy, from its class; with search and filters."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _
from pages.methods.showcases import baseline, examples, few_labels
from pages.widgets.address import has_arrived, note_read, write_address
from pages.widgets.lesson import family_title, lesson_of
from xfer_core.strategies import STRATEGIES, Strategy
from xfer_core.strategies.base import Family

FEW = "few_labels"
SEARCH, FAMILY, ONLY, OPENED = "methods.search", "methods.family", "methods.only", "methods.method"
FAMILIES: tuple[Family, ...] = ("transfer", "joint", "generalised", "baseline")
KINDS: dict[str, type[Strategy]] = {form.kind_name(): form for form in STRATEGIES}

# On a phone a closed card shows two lines, so that the whole list is a few screens long.
STYLE = """<style>
.st-key-methods h3 {font-size: 1.35rem; padding: .9rem 0 1rem}
.st-key-methods {gap: .6rem}
@media (max-width: 640px) {
  .st-key-methods [data-testid=stExpander] details:not([open]) summary p {
    display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden}
}
</style>"""


def main() -> None:
    """The page."""
    st.html(STYLE)
    st.subheader(_("Methods"))
    if has_arrived():
        _read_address()
    sentence = _(
        "{count} methods for transfer, joint and generalised learning. Open one for its formula, lesson and examples."
    )
    st.caption(sentence.format(count=len(STRATEGIES)))
    groups = _groups()
    wanted = _choose(list(groups))
    shown = {title: [form for form in forms if form in wanted] for title, forms in groups.items()}
    shown = {title: forms for title, forms in shown.items() if forms}
    _contents(shown)
    with st.container(key="methods"):
        for title, forms in shown.items():
            st.subheader(title, anchor=_anchor(forms[0]))
            for form in forms:
                _card(form)
    _write_address()


def _groups() -> dict[str, list[type[Strategy]]]:
    """Family → its methods in order of declaration; unsupervised adaptation after the other transfer methods."""
    groups: dict[str, list[type[Strategy]]] = {}
    for form in sorted(STRATEGIES, key=lambda form: (FAMILIES.index(form.family), form.needs.unlabelled)):
        groups.setdefault(family_title(form), []).append(form)
    return groups


def _choose(families: list[str]) -> list[type[Strategy]]:
    """The search field and the filters. Returns the methods that match."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            _("Search"), placeholder=_("a name, a word, a year"), key=SEARCH, width=320, icon=":material/search:"
        )
        family = st.selectbox(
            _("Family"), ["", *families], format_func=lambda title: title or _("all families"), key=FAMILY, width=360
        )
    words = _filters()
    only = st.pills(
        _("Show only methods that"),
        list(words),
        selection_mode="multi",
        format_func=words.__getitem__,
        key=ONLY,
        wrap=True,
    )
    return [
        form
        for form in STRATEGIES
        if (not family or family_title(form) == family)
        and all(_holds(form, one) for one in only)
        and all(part in _searched(form) for part in text.casefold().split())
    ]


def _filters() -> dict[str, str]:
    """Filter → its words after "Show only methods that"."""
    return {
        "no_target_labels": _("need no target labels"),
        FEW: _("shine with few labels"),
        "freezes": _("freeze layers"),
        "weighs": _("have a λ to set"),
        "balances": _("set λ by themselves"),
    }


def _holds(form: type[Strategy], name: str) -> bool:
    if name == "no_target_labels":
        return not form.needs.target_labels
    return few_labels(form) if name == FEW else name in form.abilities


def _searched(form: type[Strategy]) -> str:
    """The text of a method that is searched."""
    parts = (_(form.title), form.kind_name(), family_title(form), form.__doc__ or "")
    return " ".join(" ".join(parts).split()).casefold()


def _contents(shown: dict[str, list[type[Strategy]]]) -> None:
    """The number of methods shown, and a link to each family."""
    count = sum(map(len, shown.values()))
    if not count:
        st.info(
            _("No method fits all of this. Take a filter away, or search for another word."), icon=":material/info:"
        )
        return
    links = [f"[{title} ({len(forms)})](#{_anchor(forms[0])})" for title, forms in shown.items()]
    st.markdown(_("{count} of {all} methods:").format(count=count, all=len(STRATEGIES)) + " " + " · ".join(links))


def _anchor(form: type[Strategy]) -> str:
    """The anchor of a family's heading."""
    return f"{form.family}-unlabelled" if form.needs.unlabelled else form.family


@st.fragment
def _card(form: type[Strategy]) -> None:
    """One method. Its content is made when it is opened; opening reruns nothing else of the page."""
    kind, lesson = form.kind_name(), lesson_of(form)
    label = f"**{_(form.title)}** — {lesson.idea}"
    key = _key(kind)
    card = st.expander(label, key=key, on_change=_note_opened, args=(kind,))
    if not card.open:
        return
    with card:
        left, right = st.columns([2, 3], gap="large")
        with left:
            st.latex(form.formula)
            st.markdown(_("In settings and links: `{kind}`").format(kind=kind))
        with right:
            st.markdown(lesson.rest)
        with st.container(horizontal=True, vertical_alignment="center"):
            query = {"strategy.kind": kind, "seed": "0"}
            st.page_link("train/page.py", label=_("Open in Train"), icon=":material/tune:", query_params=query)
            compared = dict.fromkeys((baseline(form), kind))
            st.page_link(
                "compare/page.py",
                label=_("Put into Compare"),
                icon=":material/stacked_line_chart:",
                query_params={"view": "experiments", "methods": ",".join(compared)},
            )
            if lesson.paper:
                st.link_button(_("Paper"), lesson.paper, icon=":material/article:", type="tertiary")
        examples(form)


# ---------------------------------------------------------------------- the address


def _key(kind: str) -> str:
    return f"methods.open.{kind}"


def _note_opened(kind: str) -> None:
    """Write the card that was opened last into the address, so that a link leads to it."""
    if st.session_state[_key(kind)]:
        st.session_state[OPENED] = kind
    elif st.session_state.get(OPENED) == kind:
        st.session_state[OPENED] = ""
    _write_address()


def _read_address() -> None:
    """Read ``search``, ``family``, ``only``, and ``method``, which is opened. Invalid values are ignored."""
    given = st.query_params.to_dict()
    families = {_anchor(forms[0]): title for title, forms in _groups().items()}
    st.session_state[SEARCH] = given.get("search", "")
    st.session_state[FAMILY] = families.get(given.get("family", ""), "")
    st.session_state[ONLY] = [name for name in given.get("only", "").split(",") if name in _filters()]
    kind = given.get("method", "")
    if kind in KINDS:
        st.session_state[OPENED] = kind
        st.session_state[_key(kind)] = True
    note_read()


def _write_address() -> None:
    families = {title: _anchor(forms[0]) for title, forms in _groups().items()}
    wanted = {
        "search": st.session_state.get(SEARCH, ""),
        "family": families.get(st.session_state.get(FAMILY, ""), ""),
        "only": ",".join(st.session_state.get(ONLY) or ()),
        "method": st.session_state.get(OPENED, ""),
    }
    write_address({name: value for name, value in wanted.items() if value})


main()
