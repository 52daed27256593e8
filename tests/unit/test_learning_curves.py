"""The race: what its numbers mean, and the pictures that explain it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
import torch

from xfer_core.analysis.race_verdict import race_verdict
from xfer_core.charts.transfer_picture import lane_picture, transfer_picture

SAMPLES = 314


@pytest.mark.parametrize(
    ("scratch", "others", "helped", "hurt", "tied"),
    [
        (0.5, {"a": 0.7, "b": 0.8}, ("b", "a"), (), False),
        (0.5, {"a": 0.79, "b": 0.8}, ("b", "a"), (), True),
        (0.5, {"a": 0.55, "b": 0.8}, ("b",), (), False),
        (0.5, {"a": 0.3, "b": 0.8}, ("b",), ("a",), False),
        (0.8, {"a": 0.3, "b": 0.4}, (), ("b", "a"), False),
        (0.5, {"a": 0.5, "b": 0.5}, (), (), True),
    ],
)
def test_a_verdict_calls_only_what_the_test_set_can_tell_apart(scratch, others, helped, hurt, tied):
    verdict = race_verdict(scratch, others, SAMPLES)
    assert (verdict.helped, verdict.hurt, verdict.tied) == (helped, hurt, tied)
    values = [found.after for found in verdict.gains.values()]
    assert values == sorted(others.values(), reverse=True)


def test_the_noise_decides_and_not_the_difference():
    assert race_verdict(0.6, {"a": 0.7}, 1000).helped == ("a",)
    assert race_verdict(0.6, {"a": 0.7}, 100).helped == ()


def test_the_pictures_are_svg_and_captions_are_text_in_it():
    images = torch.randint(0, 256, (10, 3, 8, 8), dtype=torch.uint8)
    for drawn, pictures in (
        (transfer_picture(images, images[:, :1], ("a < b", "c & d"), "#000000"), 2),
        (lane_picture([[images], [images, images]], "#007F5F", "#000000"), 6),
    ):
        tree = ElementTree.fromstring(drawn)
        namespace = "{http://www.w3.org/2000/svg}"
        assert len(list(tree.iter(f"{namespace}image"))) == pictures
        for image in tree.iter(f"{namespace}image"):
            assert float(image.attrib["x"]) + float(image.attrib["width"]) <= float(tree.attrib["viewBox"].split()[2])
        if pictures == 2:
            assert [text.text for text in tree.iter(f"{namespace}text")] == ["a < b", "c & d"]
