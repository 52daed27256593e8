"""A look at the features: do source and target lie together?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.i18n import _, error_text, percent
from pages.run.inspect_predictions import answers_table
from pages.run.inspected_run import InspectedRun, embedded, snapshot_title
from pages.widgets.domains import domain_title, task_title
from pages.widgets.plain_chart import PLAIN
from xfer_core.analysis.feature_trajectory import MOST, FeatureTrajectory, sample_subset
from xfer_core.analysis.predictions import extract_features
from xfer_core.analysis.projection import tsne
from xfer_core.analysis.snapshots_view import FINAL, load_snapshot
from xfer_core.charts.feature_space import common_range, embedding_chart
from xfer_core.errors import XferError

CLASS, DOMAIN = "class", "domain"
COLOURS = "inside.colours"


def feature_space_view(subject: InspectedRun, together: list[InspectedRun], dark: bool) -> None:
    """PCA at once, with a slider through the moments; t-SNE of the end on request."""
    domains = _shown(subject)
    trails = embedded(together, domains)
    trail, moments = trails[together.index(subject)], subject.snapshots()
    if len(moments) == 1:
        st.info(error_text(XferError("no_snapshots", "run", subject.run.id)), icon=":material/info:")
    by_domain = _colours(subject, together) == DOMAIN
    figure = embedding_chart(
        trail.points,
        subject.spec.problem.roles(),
        {key: domain_title(key) for key in domains},
        [snapshot_title(moment, short=True) for moment in moments],
        dark,
        common_range([each.points for each in trails]),
        subject.classes,
        task_title(subject.task),
        by_domain,
    )
    words = _apart(trail)
    if words:
        st.markdown(words)
    alt = _("Test samples of {domains} in two dimensions, one dot each.").format(
        domains=", ".join(map(domain_title, domains))
    )
    st.plotly_chart(figure, key=subject.key("embedding"), alt=f"{alt} {words}", config=PLAIN)
    st.caption(
        _(
            "Press ▶ to see the features move while the network learns. The plane is the one in which they spread most "
            "at the end: {share} of their spread lies in it. It is the same at every moment, and every moment is "
            "brought to the same middle and size, so a point moves only because the network sees it differently. At "
            "most {most} samples of each domain are drawn."
        ).format(share=percent(trail.share), most=MOST)
    )
    titles = dict(enumerate(map(snapshot_title, moments)))
    answers_table(_table(trail.points, titles))
    _neighbours(subject, domains, dark)


def _colours(subject: InspectedRun, together: list[InspectedRun]) -> str:
    """What the colours say, one choice for all that stand side by side."""
    if subject is not together[0]:
        return st.session_state.get(COLOURS, CLASS)
    first = _("class") if subject.classes else _("value")
    titles = {CLASS: first, DOMAIN: _("domain")}
    with subject.shared_place:
        return st.segmented_control(
            _("Colour by"), list(titles), default=CLASS, required=True, format_func=titles.__getitem__, key=COLOURS
        )


def _shown(subject: InspectedRun) -> tuple[str, ...]:
    """The sources, and beside them the domain looked at; or all targets where a source is looked at."""
    problem = subject.spec.problem
    return (*problem.source, *(problem.target if subject.domain in problem.source else (subject.domain,)))


def _apart(trail: FeatureTrajectory) -> str:
    first, last = trail.apart
    if first is None or last is None:
        return ""
    if len(set(trail.points["moment"])) == 1:
        sentence = _("Distance between the domains: {last} (0: they lie together, 2: a straight cut parts them).")
    else:
        sentence = _(
            "Distance between the domains: {first} at the first moment, {last} at the end "
            "(0: they lie together, 2: a straight cut parts them)."
        )
    return sentence.format(first=f"{first:.2f}", last=f"{last:.2f}")


def _table(points: pd.DataFrame, titles: dict[int, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("moment"): points["moment"].map(titles.__getitem__),
            _("domain"): points["domain"].map(domain_title),
            _("sample"): points["original"],
            _("class"): points["label"],
            "x": points["x"].round(3),
            "y": points["y"].round(3),
        }
    )


def _neighbours(subject: InspectedRun, domains: tuple[str, ...], dark: bool) -> None:
    """t-SNE of the end, once somebody asks for it."""
    key = subject.key(f"tsne.{subject.task}.{'+'.join(domains)}.{subject.run.ended}")
    if st.button(_("Show neighbours (t-SNE)"), icon=":material/scatter_plot:", key=f"{key}.ask"):
        sentence = _("Looking for neighbours…")
        bar = st.progress(0.0, sentence)
        images, table = sample_subset(subject.spec, domains, subject.task)
        features = extract_features(load_snapshot(subject.run, FINAL), images).numpy()
        try:
            places = tsne(features, lambda fraction: bar.progress(fraction, sentence))
        except XferError as error:
            st.info(error_text(error), icon=":material/info:")
            return
        finally:
            bar.empty()
        st.session_state[key] = table.assign(moment=0, x=places[:, 0], y=places[:, 1])
    points = st.session_state.get(key)
    if points is None:
        return
    titles = {name: domain_title(name) for name in domains}
    figure = embedding_chart(
        points,
        subject.spec.problem.roles(),
        titles,
        [""],
        dark,
        common_range([points]),
        subject.classes,
        task_title(subject.task),
        st.session_state.get(COLOURS) == DOMAIN,
    )
    alt = _("The selected checkpoint, by t-SNE: samples that it finds alike lie close to one another.")
    st.plotly_chart(figure, key=f"{key}.chart", alt=alt, config=PLAIN)
    st.caption(alt + " " + _("Only nearness means something here: sizes of groups and distances between them do not."))
    answers_table(_table(points, {0: _("the selected checkpoint")}))
