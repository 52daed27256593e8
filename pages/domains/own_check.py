"""The guided check of an upload: what was understood of it, and the choices that only a person can make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from pages.i18n import _, counted, error_text, error_words, plain
from pages.theme import is_dark
from pages.widgets.domains import task_title
from pages.widgets.plain_chart import PLAIN
from xfer_core.charts.class_counts import class_counts_chart
from xfer_core.errors import XferError
from xfer_core.imports.base import Finding, FoundDomain, Preview

SAMPLES = 6  # of each domain, in one row
DOMAINS, TASKS, NOTES = 6, 3, 6  # shown, at most
LEFT_OUT = 200  # files or rows that are listed
PIXELS = 88
LETTERS = 240  # of a text that are shown

Choose = Callable[[dict[str, Any]], None]


def show_finding(finding: Finding) -> None:
    """Domains, classes, samples, and what was left out."""
    st.markdown(plain(understood(finding)))
    for note in finding.notes[:NOTES]:
        st.caption(f":material/info: {error_text(note)}")
    left, right = st.columns([2, 3], gap="large")
    with left:
        _classes(finding)
        if finding.skipped:
            _left_out(finding.skipped)
    with right:
        for number, domain in enumerate(finding.domains[:DOMAINS]):
            if len(finding.domains) > 1:
                st.markdown(f"**{plain(domain.name)}** · {_samples(domain)}")
            _previews(finding.preview(domain.name, SAMPLES), f"own-previews-{number}")
        if len(finding.domains) > DOMAINS:
            rest = len(finding.domains) - DOMAINS
            st.caption(counted(rest, _("… and 1 more domain."), _("… and {count} more domains.")))


def understood(finding: Finding) -> str:
    """All of it in one sentence, such as "18 pictures of 3 classes in 2 domains: source and target."""
    words = {"image": _("{count} pictures"), "table": _("{count} rows"), "text": _("{count} texts")}
    count = sum(domain.samples for domain in finding.domains)
    parts = [words.get(finding.modality, _("{count} samples")).format(count=f"{count:,}".replace(",", " "))]
    tasks = {task: set[str]() for domain in finding.domains for task in domain.tasks}
    for domain in finding.domains:
        for task, classes in domain.tasks.items():
            tasks[task] |= classes.keys()
    for task, classes in tasks.items():
        what = _("{count} classes").format(count=len(classes)) if classes else _("a number to predict")
        parts.append(f"{what} ({task_title(task)})" if len(tasks) > 1 else what)
    if len(finding.domains) > 1:
        names = ", ".join(domain.name for domain in finding.domains[:DOMAINS])
        parts.append(_("{count} domains: {names}").format(count=len(finding.domains), names=names))
    if tested := sum(domain.tested for domain in finding.domains):
        parts.append(_("{count} of them are its official test set").format(count=tested))
    return " · ".join(parts)


def _samples(domain: FoundDomain) -> str:
    return _("{count} samples").format(count=domain.samples)


def _classes(finding: Finding) -> None:
    """A chart of the classes of each task."""
    tasks = list(dict.fromkeys(task for domain in finding.domains for task in domain.tasks))
    for task in tasks[:TASKS]:
        counts = {domain.name: domain.tasks[task] for domain in finding.domains[:DOMAINS] if domain.tasks.get(task)}
        if not counts:
            continue
        st.markdown(f"**{plain(task_title(task))}**")
        chart = class_counts_chart(counts, is_dark(), _("samples"), _("{count} others"))
        st.plotly_chart(chart, config=PLAIN, key=f"own.classes.{task}", alt=_("Samples of each class"))


def _previews(samples: Sequence[Preview], key: str) -> None:
    """Samples as they are: pictures in a row, texts below each other, rows in a table."""
    pictures = [(one.content, one.label) for one in samples if isinstance(one.content, bytes)]
    if pictures:
        with st.container(horizontal=True, gap="small", key=key):
            for content, label in pictures:
                with st.container(width="content", gap="xsmall"):  # as wide as the name, so that no word is broken
                    st.image(content, width=PIXELS, alt=label)
                    st.caption(plain(label), width="content")
    for one in samples:
        if isinstance(one.content, str):
            rest = " …" if len(one.content) > LETTERS else ""
            st.markdown(f"**{plain(one.label)}** · {plain(one.content[:LETTERS])}{rest}")
    rows = [(one.label, one.content) for one in samples if isinstance(one.content, Mapping)]
    if rows:
        st.dataframe(_table(rows), hide_index=True, alt=_("Samples with their labels"))


def _table(rows: Sequence[tuple[str, Mapping[str, str]]]) -> pd.DataFrame:
    """The label first, then the columns of the row."""
    title = _("label")
    while any(title in content for _label, content in rows):
        title = f"→ {title}"
    return pd.DataFrame([{title: label, **content} for label, content in rows])


def _left_out(skipped: Sequence[XferError]) -> None:
    """Each file or row that becomes no sample, with the reason."""
    label = _("{count} left out, and why").format(count=len(skipped))
    with st.expander(label, icon=":material/filter_alt_off:"):
        table = {_("What"): [str(one.field) for one in skipped], _("Why"): [error_words(one) for one in skipped]}
        st.dataframe(
            pd.DataFrame(table).head(LEFT_OUT),
            hide_index=True,
            column_config={_("Why"): st.column_config.TextColumn(width="large")},
            alt=_("Files or rows that are left out, and why"),
        )
        if len(skipped) > LEFT_OUT:
            st.caption(_("… and {count} more.").format(count=len(skipped) - LEFT_OUT))


# ---------------------------------------------------------------------- choices


def ask_choices(finding: Finding, chosen: Mapping[str, Any], choose: Choose, prefix: str) -> None:
    """A select box for each choice that has options, with what was found out.

    Args:
        finding: what was understood.
        chosen: what a person has chosen already, which may be wrong.
        choose: called with a changed choice.
        prefix: starts the keys of the controls.
    """
    form = type(finding.choices)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, values in finding.options.items():
            key, value = f"{prefix}.{name}", str(chosen.get(name, getattr(finding.choices, name)))
            st.session_state[key] = value  # what was found out may have changed with another choice
            st.selectbox(
                plain(_(form.model_fields[name].title or name)),
                list(dict.fromkeys((*values, value))),
                format_func=lambda option: str(option or _("none")),
                key=key,
                on_change=_pass_on,
                args=(name, key, choose),
                width=200,  # five beside each other
            )


def _pass_on(name: str, key: str, choose: Choose) -> None:
    choose({name: st.session_state[key]})
