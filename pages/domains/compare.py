"""Two domains side by side: how far apart they are, and which kind of shift lies between them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.domains.pair import choose_pair, note_pair, pair_address
from pages.domains.remembered import remembered
from pages.domains.statistic_words import shown_token, statistic_words
from pages.i18n import _, error_text, percent, plain
from pages.theme import is_dark
from pages.widgets.domains import domain_title, task_title
from pages.widgets.plain_chart import PLAIN
from xfer_core.analysis.domain_comparison import DOTS, DomainComparison, compare_domains, neighbour_map
from xfer_core.analysis.paired_samples import common_tasks
from xfer_core.analysis.shift_kinds import ShiftSentence, shift_sentences
from xfer_core.charts.domain_comparison import frequency_chart, gap_chart, statistics_chart
from xfer_core.charts.feature_space import common_range, embedding_chart
from xfer_core.domains import registry

TASK, COLOURS, MAP = "domains.compare.task", "domains.compare.colours", "domains.compare.map"
KEPT = "domains.compare.kept"
MOST_STATISTICS = 12

STYLE = """<style>
.st-key-shift-kinds [data-testid=stMetricValue] {font-size: 1.9rem}
.st-key-shift-kinds h4 {padding: 0}
</style>"""


def compare_view() -> dict[str, str]:
    """The page's view. Returns the parameters of the address."""
    st.html(STYLE)
    st.caption(
        _("How far is it from one domain to the other, and what lies between them? At most 1,000 samples of each.")
    )
    pair = choose_pair()
    if pair is None:
        return pair_address()
    note_pair(*pair)
    tasks = common_tasks(*pair)
    if len(tasks) > 1:
        if st.session_state.get(TASK) not in tasks:
            st.session_state[TASK] = tasks[0]
        st.segmented_control(_("Labels of the task"), tasks, required=True, format_func=task_title, key=TASK)
    task = st.session_state[TASK] if len(tasks) > 1 else next(iter(tasks), "")
    compared = _compared(*pair, task)
    if compared is not None:
        _show(compared, is_dark())
    return pair_address()


def _compared(first: str, second: str, task: str) -> DomainComparison | None:
    """The comparison, from memory if it was made before; None if it is refused, which is said."""
    key = first, second, task, registry().version(first), registry().version(second)
    sentence = _("Measuring how far apart they are…")
    return remembered(KEPT, key, sentence, lambda tell: compare_domains(first, second, task, tell))


def _show(compared: DomainComparison, dark: bool) -> None:
    titles = domain_title(compared.keys[0]), domain_title(compared.keys[1])
    _kinds(shift_sentences(compared, plain(titles[0]), plain(titles[1]), _))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _map(compared, titles, dark)
    with right:
        _statistics(compared, titles, dark)
    _labels(compared, titles, dark)


def _kinds(found: list[ShiftSentence]) -> None:
    """A card for each kind of shift, with its number and what it means."""
    heads = {
        "covariate": (_("Covariate shift"), _("do the inputs look different?"), "p(x)"),
        "label": (_("Label shift"), _("are other classes frequent?"), "p(y)"),
        "concept": (_("Concept shift"), _("do like inputs get other labels?"), "p(y | x)"),
    }
    verdicts = {
        "clear": f":orange-badge[:material/trending_up: {_('yes')}]",
        "none": f":green-badge[:material/check: {_('none seen')}]",
        "unknown": f":gray-badge[:material/help: {_('cannot be told')}]",
    }
    with st.container(key="shift-kinds"):
        for column, one in zip(st.columns(3), found, strict=True):
            title, question, symbol = heads[one.kind]
            with column.container(border=True, height="stretch"):
                st.markdown(f"#### {title} &nbsp;{verdicts[one.verdict]}")
                st.caption(f"{symbol}: {question}")
                st.markdown(f"### {one.number or '–'}")
                st.markdown(one.text)


def _map(compared: DomainComparison, titles: tuple[str, str], dark: bool) -> None:
    """Samples of both in two dimensions: PCA at once, t-SNE on request."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_('A map of both')}**", width="content")
        ways = {"pca": "PCA", "tsne": "t-SNE"}
        way = st.segmented_control(
            _("Map"), list(ways), default="pca", required=True, format_func=ways.__getitem__, key=MAP,
            label_visibility="collapsed",
        )  # fmt: skip
        by = {"domain": _("by domain"), "class": _("by class")}
        colours = "domain"
        if compared.task:
            colours = st.segmented_control(
                _("Colour by"), list(by), default="domain", required=True, format_func=by.__getitem__, key=COLOURS,
                label_visibility="collapsed",
            )  # fmt: skip
    points = compared.points if way == "pca" else _neighbours(compared)
    if points is None:
        return
    figure = embedding_chart(
        points,
        dict(zip(compared.keys, ("source", "target"), strict=True)),
        dict(zip(compared.keys, titles, strict=True)),
        [""],
        dark,
        common_range([points]),
        compared.classes or (("",) if not compared.task else ()),
        task_title(compared.task),
        colours == "domain",
    )
    alt = _("Samples of {first} and {second} in two dimensions, one dot each.").format(
        first=titles[0], second=titles[1]
    )
    st.plotly_chart(figure, key="domains.compare.chart", alt=alt, config=PLAIN)
    if way == "pca":
        st.caption(
            _(
                "PCA: the plane in which the samples of both differ most, {share} of their variance. At most {most} "
                "samples of each."
            ).format(share=percent(compared.share).replace(" ", "\u00a0"), most=DOTS)
        )
    else:
        st.caption(_("Only neighbourhoods mean something here: sizes of and distances between clusters do not."))


def _neighbours(compared: DomainComparison) -> pd.DataFrame | None:
    key = (*compared.keys, compared.task, *map(registry().version, compared.keys))
    return remembered(
        f"{KEPT}.tsne",
        key,
        _("Looking for neighbours…"),
        lambda tell: neighbour_map(compared, tell),
        lambda error: st.info(error_text(error), icon=":material/info:"),
    )


def _statistics(compared: DomainComparison, titles: tuple[str, str], dark: bool) -> None:
    st.markdown(f"**{_('What differs in the inputs')}**")
    words = statistic_words()
    names = {one.name: one.name if one.is_column else words[one.name] for one in compared.statistics}
    moved = {names[one.name]: one.difference for one in compared.statistics if one.difference is not None}
    shown = dict(list(moved.items())[:MOST_STATISTICS])
    if shown:
        figure = statistics_chart(
            shown, titles, dark, _("difference of means<br>in standard deviations"), _("more in {domain}")
        )
        alt = _("Differences between the inputs of the two domains, the largest on top.")
        st.plotly_chart(figure, key="domains.compare.statistics", alt=alt, config=PLAIN)
    if len(moved) > len(shown):
        st.caption(_("The {count} largest of {all} differences.").format(count=len(shown), all=len(moved)))
    if compared.typical is not None:
        for title, tokens in zip(titles, compared.typical, strict=True):
            named = " ".join(map(shown_token, tokens)) or "–"
            st.markdown(_("Typical of {domain}:").format(domain=f"**{plain(title)}**") + f" {named}")
    with st.expander(_("The numbers"), icon=":material/table_rows:"):
        rows = [
            {
                _("statistic"): names[one.name],
                titles[0]: f"{one.means[0]:.3g} ± {one.deviations[0]:.2g}",
                titles[1] + (" " if titles[0] == titles[1] else ""): f"{one.means[1]:.3g} ± {one.deviations[1]:.2g}",
                _("difference"): None if one.difference is None else round(one.difference, 2),
            }
            for one in compared.statistics
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt=_("Mean and standard deviation in both domains"))


def _labels(compared: DomainComparison, titles: tuple[str, str], dark: bool) -> None:
    """Class by class: how frequent it is in both, and how far its means are apart."""
    if compared.label is None or not compared.classes:
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{_('How frequent is each class?')}**")
        figure = frequency_chart(compared.label.frequencies, compared.classes, titles, dark, _("share of samples"))
        alt = _("Frequency of each class in both domains.")
        st.plotly_chart(figure, key="domains.compare.frequencies", alt=alt, config=PLAIN)
    with right:
        st.markdown(f"**{_('How far did each class move?')}**")
        if not compared.gaps:
            st.caption(_("No class has enough samples in both domains."))
            return
        figure = gap_chart(compared.gaps, dark, _("gap between the means"))
        alt = _("Distance between the means of each class in both domains, in units of the spread of a class.")
        st.plotly_chart(figure, key="domains.compare.gaps", alt=alt, config=PLAIN)
        st.caption(alt + " " + _("The dotted line is one spread: as far as a sample usually is from its class."))
