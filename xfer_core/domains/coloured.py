"""Coloured digits: colour predicts the label in training domains and contradicts it in the test domain (a shortcut).

The recipe of Coloured MNIST (Arjovsky et al. 2019, https://arxiv.org/abs/1907.02893) with printed digits: the task is
whether a digit is below five, a quarter of its labels is wrong, and the colour, red or green, agrees with the (partly
wrong) label in a fraction of the images that differs between the domains.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.domains.once import once
from xfer_core.domains.printed import CARD as PRINTED
from xfer_core.domains.printed import HIGH, SIZE, elastic_distort, fonts, render_glyphs
from xfer_core.domains.tilt import UNITS, tilt_task
from xfer_core.modalities import ImageInput
from xfer_core.modalities.image.drawing import center_and_scale
from xfer_core.modalities.image.resizing import to_uint8

COUNT = 6000
WRONG = 0.25  # labels of the task "below_five" that are exchanged
HALVES = ("0–4", "5–9")


@once
def _base_digits() -> tuple[Tensor, Tensor, Tensor, Task]:
    """Grey images, uint8 (N, 1, 32, 32); the digit of each; the label of ``below_five``, a quarter wrong; the tilt."""
    drawn, random = render_glyphs(fonts()), np.random.default_rng(5)
    digit = torch.arange(COUNT) % 10
    face = torch.from_numpy(random.integers(len(drawn), size=COUNT))
    grey = elastic_distort(drawn[face, digit][:, None], random).clamp(0, 1)
    wrong = torch.from_numpy(random.random(COUNT) < WRONG)
    return to_uint8(grey), digit, (digit >= 5).long() ^ wrong.long(), tilt_task(grey)


def build_domain(key: str, card: Card, agreement: float) -> Domain:
    """The domain in which the colour agrees with the label of ``below_five`` in a fraction ``agreement`` of the images.

    Raises:
        XferError: ``no_package``, if the fonts are missing.
    """
    grey, digit, half, tilt = _base_digits()
    lies = torch.from_numpy(np.random.default_rng([6, round(100 * agreement)]).random(COUNT) >= agreement)
    green = half ^ lies.long()
    return Domain(
        key=key,
        card=card,
        pool="coloured digits",
        inputs=_coloured(grey, green),
        example_ids=torch.arange(COUNT),
        tasks={
            "below_five": Task("below_five", half, HALVES),
            "digit": Task("digit", digit, tuple("0123456789")),
            "parity": Task("parity", digit % 2, ("even", "odd")),
            "tilt": tilt,
        },
    )


def _coloured(grey: Tensor, green: Tensor) -> Tensor:
    """Grey images, uint8 (N, 1, H, W), each in red or, where ``green`` (N,) is 1, in green: uint8 (N, 3, H, W)."""
    samples = torch.zeros(len(grey), 3, *grey.shape[2:], dtype=torch.uint8)
    samples[torch.arange(len(grey)), green.long()] = grey[:, 0]  # channel 0 is red, 1 is green
    return samples


def render_drawing(ink: Tensor, ways: int) -> Tensor:
    """A drawing in the size of the printed digits, red and green in turn: nobody knows what it is, so no colour can
    agree with it. uint8 (ways, 3, 32, 32)."""
    return _coloured(to_uint8(center_and_scale(ink, SIZE, HIGH)).expand(ways, -1, -1, -1), torch.arange(ways) % 2)


def _card(agreement: float, title: str, description: str) -> Card:
    recipe = (
        f"printed digits, red for 0–4 and green for 5–9 as the label says; {WRONG:.0%} of these labels are wrong, and "
        f"the colour agrees with the label in {agreement:.0%} of the images"
    )
    return Card(title, description, PRINTED.source, PRINTED.licence, recipe)


DOMAINS: dict[str, DomainInfo] = {
    key: DomainInfo(
        card=card,
        samples=COUNT,
        spec=ImageInput(3, SIZE, SIZE),
        tasks={"below_five": HALVES, "digit": tuple("0123456789"), "parity": ("even", "odd"), "tilt": ()},
        units=UNITS,
        build=partial(build_domain, key, card, agreement),
        render=render_drawing,
    )
    for key, agreement, card in (
        (
            "digits.coloured_90",
            0.9,
            _card(
                0.9, "Coloured digits, 90 %", "Red or green: the colour tells below five from five up, 9 times in 10."
            ),
        ),
        (
            "digits.coloured_80",
            0.8,
            _card(0.8, "Coloured digits, 80 %", "The same colours, right 8 times in 10."),
        ),
        (
            "digits.coloured_10",
            0.1,
            _card(0.1, "Coloured digits, reversed", "The colours are exchanged: right only 1 time in 10."),
        ),
    )
}
