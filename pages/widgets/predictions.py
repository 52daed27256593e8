"""What the networks say to one picture: bars for one version of it, and a table for every domain's version."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from pages.i18n import _, plain
from pages.theme import is_dark
from pages.widgets.domains import domain_title
from xfer_core.analysis.predict import VARIANTS, Prediction, one_thread, predict_classes, render_variants
from xfer_core.charts.palette import LineStyle
from xfer_core.charts.predictions import LegendEntry, percent, prediction_bars, variants_table
from xfer_core.networks import Network
from xfer_core.problems.problem import Problem

NAMED = 3  # classes that a description in words holds
FEW = 2  # networks whose bars leave room beside the square


@dataclass(frozen=True)
class PredictionRequest:
    """One network that answers.

    Attributes:
        title: what the page calls it.
        problem: what it was trained on.
        network: on the CPU.
        look: how its answers are drawn.
    """

    title: str
    problem: Problem
    network: Network
    style: LineStyle


def show_predictions(
    asked: Sequence[PredictionRequest], task: str, keys: Sequence[str], picture: Tensor, beside: DeltaGenerator
) -> None:
    """Ask every network, and show what they say.

    Args:
        asked: the networks, at least one.
        task: what they are asked; all have learned it.
        keys: the domains in whose ways the picture is shown.
        picture: uint8 (C, H, W).
        beside: where the bars go, and the table too while they leave room for it; else it goes below all.

    Raises:
        XferError: ``no_ink``.
    """
    begun = time.perf_counter()
    way = st.session_state.get("try.way", 0) % VARIANTS
    with one_thread():
        ways = render_variants(picture, keys)
        pictures = {key: shown[way : way + 1] for key, shown in ways.items()}
        said = [predict_classes(one.network, one.problem, task, pictures) for one in asked]
    milliseconds = 1000 * (time.perf_counter() - begun)
    titles = {name: _(name) for each in said for name in each[keys[0]].probabilities}
    with beside:
        st.markdown(f"**{_('Prediction')}** — {_('what is it?')}")
        chosen = _chosen(keys, asked[0].problem.target[0])
        dark = is_dark()
        speakers = [
            LegendEntry(one.title, one.style.pair[dark], _in_words(one.title, each[chosen], titles))
            for one, each in zip(asked, said, strict=True)
        ]
        st.html(prediction_bars([(who, each[chosen]) for who, each in zip(speakers, said, strict=True)], titles))
        sentence = _("Answered in {count} ms. Below each prediction: its confidence.")
        st.caption(sentence.format(count=round(milliseconds)))
    with beside if len(asked) <= FEW else st.container():
        st.markdown(f"**{_('Domain shift')}** — {_('and what is it, shown as each domain would show it?')}")
        alt = _("Your picture as it would look among {title}")
        heads = [
            (domain_title(key), image, alt.format(title=domain_title(key)), key == chosen)
            for key, image in pictures.items()
        ]
        rows = [(who, list(each.values())) for who, each in zip(speakers, said, strict=True)]
        st.html(variants_table(heads, rows, titles))
        if any(not torch.equal(shown[0], shown[1]) for shown in ways.values()):
            _another()
    with st.expander(_("The numbers"), icon=":material/table:"):
        _numbers(speakers, said, titles)


def _chosen(keys: Sequence[str], target: str) -> str:
    """The domain whose version of the picture the bars belong to."""
    if len(keys) == 1:
        return keys[0]
    return st.pills(
        _("Your picture shown as"),
        keys,
        default=target,
        required=True,
        format_func=lambda key: plain(domain_title(key)),
        wrap=True,
        key=f"try.domain.{'.'.join(keys)}",
    )


def _in_words(title: str, answer: Prediction, titles: Mapping[str, str]) -> str:
    """The likeliest classes of an answer, as a sentence."""
    ranked = sorted(answer.probabilities.items(), key=lambda item: -item[1])[:NAMED]
    return f"{title}: " + ", ".join(f"{titles[name]} {percent(value)}" for name, value in ranked)


def _another() -> None:
    """A button for another photograph, angle or noise: one picture can be luck."""
    st.button(_("Another photograph, angle, noise"), icon=":material/autorenew:", on_click=_turn_on, key="try.another")


def _turn_on() -> None:
    st.session_state["try.way"] = st.session_state.get("try.way", 0) + 1


def _numbers(
    speakers: Sequence[LegendEntry], said: Sequence[Mapping[str, Prediction]], titles: Mapping[str, str]
) -> None:
    """Every probability."""
    rows = [
        {
            _("network"): who.title,
            _("shown as"): domain_title(key),
            _("answer"): titles[answer.label],
            **{titles[name]: value for name, value in answer.probabilities.items()},
        }
        for who, each in zip(speakers, said, strict=True)
        for key, answer in each.items()
    ]
    columns = {title: st.column_config.NumberColumn(title, format="percent") for title in titles.values()}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns)
