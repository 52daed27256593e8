"""Colours that can be told apart by everybody, on either theme."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tests.support.colours import contrast, linear
from xfer_core.charts.palette import (
    CLASSES,
    METHOD,
    METHODS,
    OTHERS,
    SOURCE,
    TARGET,
    TOTAL,
    UNSEEN,
    LineStyle,
    method_style,
    method_styles,
    text_on,
)
from xfer_core.strategies import STRATEGIES

# Linear RGB under full dichromacy: Viénot, Brettel and Mollon 1999.
DEUTERANOPIA = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])
PROTANOPIA = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])
VIEWERS = {"usual": np.eye(3), "deuteranopia": DEUTERANOPIA, "protanopia": PROTANOPIA}
BACKGROUNDS = {"light": "#FFFFFF", "dark": "#12161C"}
ROLES = (SOURCE, TARGET, UNSEEN, TOTAL, METHOD)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(to_xyz @ rgb / [0.9505, 1, 1.089], 0, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", BACKGROUNDS)
def test_every_colour_stands_out_from_its_background(theme: str):
    looks = [*ROLES, *METHODS.values(), *OTHERS]
    assert not [look for look in looks if contrast(getattr(look, theme), BACKGROUNDS[theme]) < 3]


def distance(one: LineStyle, two: LineStyle, theme: str, viewer: str) -> float:
    """Between the colours of two looks, as this viewer sees them."""
    seen = [lab(VIEWERS[viewer] @ linear(getattr(look, theme))) for look in (one, two)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("theme", BACKGROUNDS)
def test_two_roles_differ_in_colour_or_in_dash(viewer: str, theme: str):
    for looks in (ROLES, METHODS.values(), OTHERS):
        alike = [(one, two) for one, two in combinations(looks, 2) if one.dash == two.dash]
        assert not [pair for pair in alike if distance(*pair, theme, viewer) < 15]
    assert distance(SOURCE, TARGET, theme, viewer) >= 30, "in colour alone"


def test_every_method_has_a_look_of_its_own():
    assert METHODS
    assert set(METHODS) == {form.kind_name() for form in STRATEGIES}
    assert len(set(METHODS.values())) == len(METHODS)
    assert not {look.light for look in METHODS.values()} & {SOURCE.light, TARGET.light}


def test_a_method_looks_the_same_whatever_stands_beside_it():
    assert method_styles(["dann"]) == method_styles(["target_only", "dann", "mmd"])[1:2] == [method_style("dann")]


def test_two_of_one_method_are_told_apart_and_the_others_keep_their_looks():
    first, second, third = method_styles(["fine_tune", "fine_tune", "target_only"])
    assert first != second
    assert third == METHODS["target_only"]


def test_a_method_of_somebody_else_has_always_the_same_look():
    assert method_style("my_own") == method_style("my_own")
    assert method_style("my_own") in OTHERS


@pytest.mark.parametrize("place", [0, 1], ids=list(BACKGROUNDS))
def test_ten_classes_can_be_told_apart_by_colour_alone(place: int):
    """Dichromats have the names in the middle of each class too."""
    colours = [pair[place] for pair in CLASSES]
    assert len(colours) == 10
    assert min(contrast(colour, list(BACKGROUNDS.values())[place]) for colour in colours) >= 3
    for viewer, least in (("usual", 30), ("deuteranopia", 10), ("protanopia", 10)):
        seen = [lab(VIEWERS[viewer] @ linear(colour)) for colour in colours]
        assert min(np.linalg.norm(one - two) for one, two in combinations(seen, 2)) >= least, viewer


def test_what_is_written_on_a_colour_is_read():
    for look in ROLES:
        for colour in look.pair:
            assert contrast(text_on(colour), colour) >= 4.5
