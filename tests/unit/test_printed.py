"""Printed digits: legible, balanced, bent as much as the card says, and not quite like handwriting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

from xfer_core.domains import domain_info, load_domain, printed
from xfer_core.errors import XferError

KEY = "digits.printed"


def test_every_digit_is_there_as_often_white_on_black_and_not_cut_off():
    domain = load_domain(KEY)
    assert torch.bincount(domain.tasks["digit"].labels).tolist() == [180] * 10
    assert torch.equal(domain.tasks["parity"].labels, domain.tasks["digit"].labels % 2)
    grey = domain.inputs[:, 0].float() / 255
    assert torch.equal(domain.inputs[:, 0], domain.inputs[:, 1])
    assert torch.equal(domain.inputs[:, 0], domain.inputs[:, 2])
    ink = grey.mean((1, 2))
    assert ink.min() > 0.02, "an image is all but empty"
    assert ink.max() < 0.5, "an image is all but full"
    border = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], 1)
    assert border.mean() < 0.1 * grey.mean() + 0.02
    assert grey.amax((1, 2)).min() > 0.4
    assert len({image.numpy().tobytes() for image in domain.inputs}) == len(domain)


def test_several_faces_are_set_each_with_all_digits():
    files = printed.fonts()
    assert len(files) == 12
    glyphs = printed.render_glyphs(files)
    assert glyphs.shape == (12, 10, 64, 64)
    flat = glyphs.flatten(0, 1)
    assert len({glyph.numpy().tobytes() for glyph in flat}) == 120
    axis = torch.arange(64) - 31.5
    for sums in (flat.sum(1), flat.sum(2)):  # the ink is centred
        present = sums > 0
        first, last = present.int().argmax(1), 63 - present.flip(1).int().argmax(1)
        assert (axis[first] + axis[last]).abs().max() <= 2
        assert first.min() > 0
        assert last.max() < 63


def test_a_font_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(printed, "FAMILIES", {"font_that_nobody_has": "font-that-nobody-has"})
    with pytest.raises(XferError) as caught:
        domain_info(KEY).build()
    assert caught.value.code == "no_package"
    assert "font-that-nobody-has" in str(caught.value)


def bend(monkeypatch, images: torch.Tensor, **limits: float) -> torch.Tensor:
    for name in ("TURN", "SHEAR", "SCALE", "SHIFT", "BEND"):
        monkeypatch.setattr(printed, name, limits.get(name, 0.0))
    return printed.elastic_distort(images, np.random.default_rng(0))


def test_without_limits_an_image_is_only_halved(monkeypatch):
    images = torch.from_numpy(np.random.default_rng(2).random((4, 1, 64, 64), dtype=np.float32))
    torch.testing.assert_close(bend(monkeypatch, images), F.avg_pool2d(images, 2), atol=1e-5, rtol=0)


def dots(*places: tuple[float, float]) -> torch.Tensor:
    """500 equal images, (500, 1, 64, 64), with one round dot each at (right, down) of the middle, in pixels of 32."""
    axis = (torch.arange(64) - 31.5) / 2
    image = sum(torch.exp(-((axis[None] - x) ** 2 + (axis[:, None] - y) ** 2) / 2) for x, y in places)
    return image.expand(500, 1, 64, 64)


def centres(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Centre of mass of each image, in pixels right and down of the middle."""
    axis, mass = torch.arange(32) - 15.5, images.sum((1, 2, 3))
    return (images.sum((1, 2)) * axis).sum(1) / mass, (images.sum((1, 3)) * axis).sum(1) / mass


def test_each_distortion_is_as_large_as_the_card_says(monkeypatch):
    right, down = centres(bend(monkeypatch, dots((8.0, 0.0)), TURN=20.0))
    angles = torch.rad2deg(torch.atan2(down, right))
    assert 19 < angles.max() < 20.5
    assert -20.5 < angles.min() < -19
    torch.testing.assert_close(torch.hypot(right, down), torch.full((500,), 8.0), atol=0.1, rtol=0)

    right, down = centres(bend(monkeypatch, dots((0.0, 8.0)), SHEAR=0.35))
    assert 2.6 < right.max() < 2.95  # 0.35 × 8
    assert -2.95 < right.min() < -2.6
    assert (down - 8).abs().max() < 0.1

    right, _ = centres(bend(monkeypatch, dots((8.0, 0.0)), SCALE=0.2))
    _, down = centres(bend(monkeypatch, dots((0.0, 8.0)), SCALE=0.2))
    for reach in (right, down):
        assert 8 * np.exp(0.19) < reach.max() < 8 * np.exp(0.205)
        assert 8 * np.exp(-0.205) < reach.min() < 8 * np.exp(-0.19)
    assert not torch.allclose(right, down), "width and height are scaled apart"

    for reach in centres(bend(monkeypatch, dots((0.0, 0.0)), SHIFT=2.0)):
        assert 1.9 < reach.max() < 2.05
        assert -2.05 < reach.min() < -1.9

    for reach in centres(bend(monkeypatch, dots((0.0, 0.0)), BEND=1.0)):
        assert 0.8 < reach.std() < 1.2


def test_turned_and_sheared_at_once_an_area_stays_what_it_was(monkeypatch):
    limits = {"TURN": 20.0, "SHEAR": 0.35}
    (right, down), (right2, down2) = (centres(bend(monkeypatch, dots(p), **limits)) for p in ((7.0, 0.0), (0.0, 7.0)))
    torch.testing.assert_close(right * down2 - down * right2, torch.full((500,), 49.0), atol=1.5, rtol=0)


def test_who_learns_printed_digits_reads_those_but_handwriting_only_in_part():
    def coarse(key):
        domain = load_domain(key)
        pooled = F.avg_pool2d(domain.inputs[:, :1].float() / 255, 2).flatten(1)
        return pooled.numpy(), domain.tasks["digit"].labels.numpy()

    images, labels = coarse(KEY)
    reader = LogisticRegression(C=0.1, max_iter=300).fit(images[:1400], labels[:1400])
    assert reader.score(images[1400:], labels[1400:]) > 0.75, "hardly legible"
    assert 0.3 < reader.score(*coarse("digits.handwritten")) < 0.8
