"""Feature space of a run: PCA over the snapshots, t-SNE of the final network, distance between the domains."""

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
    """PCA at once, with a slider through the snapshots; t-SNE of the final network on request."""
    domains = _shown(subject)
    trails = embedded(together, domains)
    trail, snapshots = trails[together.index(subject)], subject.snapshots()
    if len(snapshots) == 1:
        st.info(error_text(XferError("no_snapshots", "run", subject.run.id)), icon=":material/info:")
    by_domain = _colours(subject, together) == DOMAIN
    figure = embedding_chart(
        trail.points,
        subject.spec.problem.roles(),
        {key: domain_title(key) for key in domains},
        [snapshot_title(snapshot, short=True) for snapshot in snapshots],
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
            "PCA: press ▶ to see the features move while the network learns. The plane has the largest variance of the "
            "final features: {share} of it. It is the same for every snapshot, and every snapshot is centred and "
            "scaled alike, so a point moves only because the network represents it differently. At most {most} "
            "samples of each domain are drawn."
        ).format(share=percent(trail.share), most=MOST)
    )
    titles = dict(enumerate(map(snapshot_title, snapshots)))
    answers_table(_table(trail.points, titles))
    _neighbours(subject, domains, dark)


def _colours(subject: InspectedRun, together: list[InspectedRun]) -> str:
    """Colour by class or by domain, one choice for all runs side by side."""
    if subject is not together[0]:
        return st.session_state.get(COLOURS, CLASS)
    first = _("class") if subject.classes else _("value")
    titles = {CLASS: first, DOMAIN: _("domain")}
    with subject.shared_place:
        return st.segmented_control(
            _("Colour by"), list(titles), default=CLASS, required=True, format_func=titles.__getitem__, key=COLOURS
        )


def _shown(subject: InspectedRun) -> tuple[str, ...]:
    """The sources and the chosen domain; or the sources and all targets where a source is chosen."""
    problem = subject.spec.problem
    return (*problem.source, *(problem.target if subject.domain in problem.source else (subject.domain,)))


def _apart(trail: FeatureTrajectory) -> str:
    first, last = trail.apart
    if first is None or last is None:
        return ""
    if len(set(trail.points["moment"])) == 1:
        sentence = _("Proxy A-distance between the domains: {last} (0: they overlap, 2: linearly separable).")
    else:
        sentence = _(
            "Proxy A-distance between the domains: {first} at the first snapshot, {last} at the end "
            "(0: they overlap, 2: linearly separable)."
        )
    return sentence.format(first=f"{first:.2f}", last=f"{last:.2f}")


def _table(points: pd.DataFrame, titles: dict[int, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            _("snapshot"): points["moment"].map(titles.__getitem__),
            _("domain"): points["domain"].map(domain_title),
            _("sample"): points["original"],
            _("class"): points["label"],
            "x": points["x"].round(3),
            "y": points["y"].round(3),
        }
    )


def _neighbours(subject: InspectedRun, domains: tuple[str, ...], dark: bool) -> None:
    """t-SNE of the final network, on request."""
    key = subject.key(f"tsne.{subject.task}.{'+'.join(domains)}.{subject.run.ended}")
    if st.button(_("Show neighbours (t-SNE)"), icon=":material/scatter_plot:", key=f"{key}.ask"):
        sentence = _("Looking for neighbours…")
        bar = st.progress(0.0, sentence)
        inputs, table = sample_subset(subject.spec, domains, subject.task)
        features = extract_features(load_snapshot(subject.run, FINAL), inputs).numpy()
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
    alt = _("The selected checkpoint, by t-SNE: samples with similar features lie close to one another.")
    st.plotly_chart(figure, key=f"{key}.chart", alt=alt, config=PLAIN)
    st.caption(
        alt + " " + _("Only neighbourhoods mean something here: sizes of and distances between clusters do not.")
    )
    answers_table(_table(points, {0: _("the selected checkpoint")}))
