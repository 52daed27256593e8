"""Predictions for one sample: bars, and of a picture a table for every domain's version; samples to try."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from pages.i18n import _, plain
from pages.theme import is_dark
from pages.widgets.calibrated import TEMPERATURE_HELP, temperature_words
from pages.widgets.domains import domain_title
from xfer_core.analysis.drawn_picture import VARIANTS, predict_pictures, render_variants
from xfer_core.analysis.predict import Prediction, one_thread, predict_classes
from xfer_core.charts.palette import LineStyle
from xfer_core.charts.predictions import LegendEntry, percent, prediction_bars, variants_table
from xfer_core.modalities import Encoder
from xfer_core.names import TermName
from xfer_core.networks import Network
from xfer_core.problems.problem import Problem

NAMED = 3  # classes that a description in words holds
FEW = 2  # networks whose bars leave room beside the drawing pad


@dataclass(frozen=True)
class PredictionRequest:
    """One network whose prediction is asked for.

    Attributes:
        title: its title on the page.
        problem: the problem that it was trained on.
        network: on the CPU.
        style: line style of its predictions.
        encoder: what prepares its inputs; None for pictures, which it takes in any size.
        temperatures: of its run, ``<domain>/<task>`` → {value, domain, labels}.
    """

    title: str
    problem: Problem
    network: Network
    style: LineStyle
    encoder: Encoder | None = None
    temperatures: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def temperature(self, domain: str, task: str) -> float:
        """What logits of this domain are divided by for calibrated probabilities; 1 where it is not known."""
        return self.temperatures.get(str(TermName(domain, task)), {}).get("value", 1.0)


def show_predictions(
    asked: Sequence[PredictionRequest], task: str, keys: Sequence[str], picture: Tensor, beside: DeltaGenerator
) -> None:
    """Compute and show the predictions of every network.

    Args:
        asked: the networks, at least one.
        task: the task that is predicted; all have learned it.
        keys: the domains as whose samples the picture is rendered.
        picture: uint8 (C, H, W).
        beside: place for the bars, and for the table if there is room; else the table goes below.

    Raises:
        XferError: ``no_ink``.
    """
    with beside:
        calibrated = ask_calibrated(asked, task)
    begun = time.perf_counter()
    variant = st.session_state.get("try.way", 0) % VARIANTS
    with one_thread():
        variants = render_variants(picture, keys)
        pictures = {key: shown[variant : variant + 1] for key, shown in variants.items()}
        predicted = [
            predict_pictures(
                one.network,
                one.problem,
                task,
                pictures,
                {key: one.temperature(key, task) for key in pictures} if calibrated else None,
            )
            for one in asked
        ]
    milliseconds = 1000 * (time.perf_counter() - begun)
    titles = {name: _(name) for each in predicted for name in each[keys[0]].probabilities}
    with beside:
        st.markdown(f"**{_('Prediction')}** — {_('what is it?')}")
        chosen = _chosen(keys, asked[0].problem.target[0])
        speakers = show_bars(asked, [each[chosen] for each in predicted], titles)
        sentence = _("Predicted in {count} ms. Below each prediction: its confidence.")
        st.caption(sentence.format(count=round(milliseconds)))
    with beside if len(asked) <= FEW else st.container():
        st.markdown(f"**{_('Domain shift')}** — {_('and what is it, shown as each domain would show it?')}")
        alt = _("Your picture as it would look among {title}")
        heads = [
            (domain_title(key), image, alt.format(title=domain_title(key)), key == chosen)
            for key, image in pictures.items()
        ]
        rows = [(who, list(each.values())) for who, each in zip(speakers, predicted, strict=True)]
        st.html(variants_table(heads, rows, titles))
        if any(not torch.equal(shown[0], shown[1]) for shown in variants.values()):
            _another()
    with st.expander(_("The numbers"), icon=":material/table:"):
        _numbers(speakers, predicted, titles)


def show_prediction(
    asked: Sequence[PredictionRequest], task: str, raw: Callable[[Encoder], Tensor]
) -> list[Prediction]:
    """Compute and show the predictions of networks for one sample that is not a picture; returns them.

    Args:
        asked: the networks, at least one, each with its encoder.
        task: the task that is predicted; all have learned it.
        raw: gives the sample as a domain with the spec of this encoder holds it, (1, *raw_shape).
    """
    predicted: list[Prediction] = []
    calibrated = ask_calibrated(asked, task)
    with one_thread():
        for one in asked:
            assert one.encoder is not None
            prepared = one.encoder(one.encoder.spec, raw(one.encoder))
            scale = {"": one.temperature(one.problem.target[0], task)} if calibrated else None
            predicted.append(predict_classes(one.network, one.problem, task, {"": prepared}, scale)[""])
    st.markdown(f"**{_('Prediction')}** — {_('what is it?')}")
    show_bars(asked, predicted, {name: _(name) for name in predicted[0].probabilities})
    return predicted


def ask_calibrated(asked: Sequence[PredictionRequest], task: str) -> bool:
    """A switch for calibrated probabilities, where a network has a temperature for this task."""
    known = {
        one.title: found
        for one in asked
        if (found := one.temperatures.get(str(TermName(one.problem.target[0], task)))) is not None
    }
    if not known:
        return False
    chosen = st.toggle(_("Calibrated (temperature scaling)"), key="try.calibrated", help=_(TEMPERATURE_HELP))
    for one in asked if chosen else ():
        if one.title in known:
            words = temperature_words(known[one.title], one.problem.target[0])
        else:
            words = _("It has no temperature: its probabilities stay as they are.")
        st.caption(plain(f"{one.title}: {words}" if len(asked) > 1 else words))
    return chosen


def sample_buttons(keys: Iterable[str], fill: Callable[..., None], *more: Any) -> None:
    """A button per domain; ``fill``, given its key and ``more``, shows one of its samples."""
    with st.container(horizontal=True):
        for key in keys:
            label = _("A sample of {domain}").format(domain=plain(domain_title(key)))
            st.button(label, icon=":material/casino:", on_click=fill, args=(key, *more), key=f"try.sample.{key}")


def next_sample() -> int:
    """The number of presses on these buttons before this one."""
    number = st.session_state.get("try.sample", -1) + 1
    st.session_state["try.sample"] = number
    return number


def show_bars(
    asked: Sequence[PredictionRequest], said: Sequence[Prediction], titles: Mapping[str, str]
) -> list[LegendEntry]:
    """The prediction of each network with a bar for every class; returns the networks as entries of a legend."""
    dark = is_dark()
    speakers = [
        LegendEntry(one.title, one.style.pair[dark], _in_words(one.title, prediction, titles))
        for one, prediction in zip(asked, said, strict=True)
    ]
    st.html(prediction_bars(list(zip(speakers, said, strict=True)), titles))
    return speakers


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
    """The most probable classes of a prediction, as a sentence."""
    ranked = sorted(answer.probabilities.items(), key=lambda item: -item[1])[:NAMED]
    return f"{title}: " + ", ".join(f"{titles[name]} {percent(value)}" for name, value in ranked)


def _another() -> None:
    """A button for another photograph, angle or noise: a prediction for one picture can be chance."""
    st.button(_("Another photograph, angle, noise"), icon=":material/autorenew:", on_click=_turn_on, key="try.another")


def _turn_on() -> None:
    st.session_state["try.way"] = st.session_state.get("try.way", 0) + 1


def _numbers(
    speakers: Sequence[LegendEntry], predicted: Sequence[Mapping[str, Prediction]], titles: Mapping[str, str]
) -> None:
    """Every probability."""
    rows = [
        {
            _("network"): who.title,
            _("shown as"): domain_title(key),
            _("prediction"): titles[answer.label],
            **{titles[name]: value for name, value in answer.probabilities.items()},
        }
        for who, each in zip(speakers, predicted, strict=True)
        for key, answer in each.items()
    ]
    columns = {title: st.column_config.NumberColumn(title, format="percent") for title in titles.values()}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=columns)
