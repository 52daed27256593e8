"""Predictions of networks as bars, and as a table below their input pictures: HTML without widgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from torch import Tensor

from xfer_core.analysis.predict import Prediction
from xfer_core.charts.image_grid import png_uri

BARS = 12  # of more classes only the most probable have a bar
SHORT = 5  # letters of a class's name below an upright bar, at most

STYLE = """<style>
.xfer-answers { display: grid; gap: 0.9rem; font-variant-numeric: tabular-nums; }
.xfer-answers section { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); column-gap: 0.9rem;
  padding: 0.6rem 0.9rem 0.4rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent);
  border-left: 5px solid var(--look); border-radius: 0.6rem; }
.xfer-answers .who { grid-column: 1 / -1; font-weight: 600; overflow-wrap: anywhere; }
.xfer-answers .best { align-self: center; text-align: center; line-height: 1.05; }
.xfer-answers .best b { display: block; font-size: 3.4rem; font-weight: 700; color: var(--look);
  overflow-wrap: anywhere; }
.xfer-answers .best b.long { font-size: 1.3rem; line-height: 1.2; }
.xfer-answers .bars { display: flex; gap: 0.25rem; height: 6.2rem; margin: 0; padding: 0; }
.xfer-answers .bars > div { flex: 1; min-width: 0; display: flex; flex-direction: column; text-align: center; }
.xfer-answers .track { flex: 1; display: flex; align-items: flex-end; border-radius: 0.2rem;
  background: color-mix(in srgb, currentColor 8%, transparent); }
.xfer-answers .track i { display: block; width: 100%; min-height: 1px; border-radius: 0.2rem; background: var(--look); }
.xfer-answers .bars span { font-size: 0.9rem; line-height: 1.5; overflow: hidden; text-overflow: ellipsis; }
.xfer-answers .top span { font-weight: 700; }
.xfer-answers .words .best { grid-column: 1 / -1; text-align: left; padding: 0.2rem 0 0.4rem; }
.xfer-answers .words .best b { display: inline; font-size: 1.5rem; margin-right: 0.6rem; }
.xfer-answers .level { grid-column: 1 / -1; display: grid; gap: 0.15rem 0.6rem; font-size: 0.9rem; line-height: 1.4;
  grid-template-columns: fit-content(45%) minmax(0, 1fr) 3.2rem; align-items: center; }
.xfer-answers .level > div { display: contents; }
.xfer-answers .level span { overflow-wrap: break-word; max-width: 11rem; }
.xfer-answers .level small { text-align: right; font-size: inherit; opacity: 0.85; }
.xfer-answers .level .track { display: block; height: 0.8rem; }
.xfer-answers .level .track i { height: 100%; width: auto; min-width: 1px; }
.xfer-views { overflow-x: auto; font-variant-numeric: tabular-nums; }
.xfer-views table { border-collapse: collapse; }
.xfer-views th, .xfer-views td { padding: 0.4rem 0.8rem; border: 0; text-align: center; vertical-align: bottom; }
.xfer-views th { font-weight: 400; font-size: 0.9rem; vertical-align: top; }
.xfer-views th[scope=row] { text-align: left; vertical-align: middle; padding-left: 0.6rem; min-width: 6rem;
  border-left: 5px solid var(--look); font-weight: 600; }
.xfer-views tbody td { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
.xfer-views td b { font-size: 1.5rem; }
.xfer-views td small { display: block; opacity: 0.8; }
.xfer-views img { display: block; width: clamp(4.5rem, 9vw, 7rem); aspect-ratio: 1;
  margin: 0 auto 0.3rem; border-radius: 0.3rem; image-rendering: pixelated; }
.xfer-views .chosen { background: color-mix(in srgb, currentColor 8%, transparent); }
</style>"""


@dataclass(frozen=True)
class LegendEntry:
    """A network in these charts.

    Attributes:
        title: its name.
        colour: of its bars, in CSS.
        alt: its prediction as text.
    """

    title: str
    colour: str
    alt: str = ""


def prediction_bars(rows: Sequence[tuple[LegendEntry, Prediction]], titles: Mapping[str, str]) -> str:
    """For each network its predicted class, large, and a bar for the probability of every class; with long names of
    classes each bar is a line.

    Args:
        rows: networks with their predictions.
        titles: class → title.
    """
    return STYLE + f'<div class="xfer-answers">{"".join(_bars(*row, titles) for row in rows)}</div>'


def _bars(speaker: LegendEntry, answer: Prediction, titles: Mapping[str, str]) -> str:
    """Bars that stand; with long names they lie, a line for each class, so that its whole name can be read."""
    lies = any(len(titles[name]) > SHORT for name in answer.probabilities)
    bar = _lying_bar if lies else _standing_bar
    likeliest = sorted(answer.probabilities, key=answer.probabilities.__getitem__, reverse=True)[:BARS]
    bars = "".join(
        f"<div{_class('top', name == answer.label)}>{bar(escape(titles[name]), value)}</div>"
        for name, value in answer.probabilities.items()
        if name in likeliest
    )
    best, look = escape(titles[answer.label]), f"--look:{speaker.colour}"
    return (
        f'<section{_class("words", lies)} role="img" aria-label="{escape(speaker.alt)}" style="{look}">'
        f'<div class="who">{escape(speaker.title)}</div>'
        f'<div class="best"><b{_class("long", not lies and len(best) > 2)}>{best}</b>{percent(answer.confidence)}</div>'
        f'<div class="{"level" if lies else "bars"}">{bars}</div></section>'
    )


def _standing_bar(name: str, value: float) -> str:
    return f'<div class="track"><i style="height:{100 * value:.1f}%"></i></div><span>{name}</span>'


def _lying_bar(name: str, value: float) -> str:
    return (
        f'<span>{name}</span><div class="track"><i style="width:{100 * value:.1f}%"></i></div>'
        f"<small>{percent(value)}</small>"
    )


def variants_table(
    pictures: Sequence[tuple[str, Tensor, str, bool]],
    rows: Sequence[tuple[LegendEntry, Sequence[Prediction]]],
    titles: Mapping[str, str],
) -> str:
    """Predictions as a table: one column per picture, one row per network.

    Args:
        pictures: (title, uint8 (1, C, H, W), description, whether the bars belong to it).
        rows: networks with their predictions in the order of the pictures.
        titles: class → title.
    """
    heads = "".join(
        f'<th scope="col"{_class("chosen", chosen)}><img src="{image_uri(image)}" alt="{escape(alt)}">'
        f"{escape(title)}</th>"
        for title, image, alt, chosen in pictures
    )
    lines = "".join(
        f'<tr><th scope="row" style="--look:{speaker.colour}">{escape(speaker.title)}</th>'
        + "".join(
            f"<td{_class('chosen', chosen)}><b>{escape(titles[prediction.label])}</b>"
            f"<small>{percent(prediction.confidence)}</small></td>"
            for prediction, (_title, _image, _alt, chosen) in zip(predictions, pictures, strict=True)
        )
        + "</tr>"
        for speaker, predictions in rows
    )
    return (
        f'{STYLE}<div class="xfer-views" tabindex="0"><table><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def percent(fraction: float) -> str:
    """0.934 as ``93 %``."""
    return f"{100 * fraction:.0f} %"


def image_uri(image: Tensor) -> str:
    """One picture, uint8 (1, C, H, W), as a PNG in a data URI."""
    return png_uri(image[0].expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())


def _class(name: str, given: bool) -> str:
    return f' class="{name}"' if given else ""
