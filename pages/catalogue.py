"""The catalogue: every method with its idea, its formula and its paper, made from the classes themselves."""

from __future__ import annotations

import streamlit as st

from pages.parts.examples import examples
from pages.parts.lesson import family_title, lesson_of
from pages.parts.text import _
from xfer_core.strategies import STRATEGIES, Strategy

COLUMNS = 2


def main() -> None:
    """The page."""
    st.subheader(_("All methods"))
    st.caption(
        _(
            "{count} ways to carry knowledge over. Bars show the share of the target's test samples that were "
            "right, the mean and standard deviation over seeds."
        ).format(count=len(STRATEGIES))
    )
    groups: dict[str, list[type[Strategy]]] = {}
    for form in STRATEGIES:
        groups.setdefault(family_title(form), []).append(form)
    for title, forms in groups.items():
        st.markdown(f"#### {title}")
        for start in range(0, len(forms), COLUMNS):
            for column, form in zip(st.columns(COLUMNS), forms[start : start + COLUMNS], strict=False):
                with column:
                    _card(form)


def _card(form: type[Strategy]) -> None:
    kind, lesson = form.model_fields["kind"].default, lesson_of(form)
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{_(form.title)}** \u2002 `{kind}`")
        st.markdown(lesson.idea)
        st.latex(form.formula)
        with st.expander(_("How it works")):
            st.markdown(lesson.rest)
        if not examples(form):
            query = {"strategy.kind": kind, "seed": "0"}
            st.page_link("train.py", label=_("Open in Train"), icon=":material/tune:", query_params=query)
        if lesson.paper:
            st.link_button(_("Paper"), lesson.paper, icon=":material/article:", type="tertiary")


main()
