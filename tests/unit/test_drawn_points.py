"""Drawings as texts: one text for one drawing, and a sentence for anything else; and the domain of a drawing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pages.widgets import address
from xfer_core.domains import domain_info, load_domain
from xfer_core.domains.drawn_points import EDGE, LEVELS, MAX_POINTS, decode_points, encode_points
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem, split_problem
from xfer_core.runs.spec import parse_spec, spec_settings

THREE = encode_points([(-1, 0), (1, 0.5), (0, 1.5)], [0, 1, 2])


def drawing(count: int, classes: int = 4, seed: int = 0) -> str:
    """A drawing of so many points."""
    random = np.random.default_rng(seed)
    return encode_points(random.uniform(-EDGE, EDGE, (count, 2)), np.arange(count) % classes)


@pytest.mark.parametrize(("count", "classes"), [(2, 2), (3, 3), (57, 4), (MAX_POINTS, 2)])
def test_a_drawing_comes_back(count: int, classes: int):
    random = np.random.default_rng(count)
    points, labels = random.uniform(-EDGE, EDGE, (count, 2)), np.arange(count) % classes
    found, their = decode_points(encode_points(points, labels))
    assert np.bincount(their).tolist() == np.bincount(labels).tolist()
    nearest = np.abs(points[:, None] - found[None]).max(2) + 9 * (labels[:, None] != their)
    assert nearest.min(1).max() <= EDGE / LEVELS + 1e-9, "half a step"
    assert encode_points(found[::-1], their[::-1]) == encode_points(points, labels)


def test_order_repetition_and_the_edge_make_no_other_drawing():
    assert encode_points([(0, 1.5), (1, 0.5), (-1, 0), (1, 0.5)], [2, 1, 0, 1]) == THREE
    points, _labels = decode_points(encode_points([(-9, 9), (0, 0)], [0, 1]))
    assert points[0].tolist() == [-EDGE, EDGE]


@pytest.mark.parametrize(
    ("points", "labels", "code"),
    [
        ([(0, 0), (float("nan"), 1)], [0, 1], "not_all_finite"),
        ([(0, 0), (1, float("inf"))], [0, 1], "not_all_finite"),
        ([(0, 0), (1, 1)], [0, 0], "one_class"),
        ([(0, 0), (1, 1)], [0, 2], "wrong_type"),
        ([(0, 0), (1, 1)], [0, 4], "not_a_class"),
        ([(0, 0), (1, 1)], [-1, 0], "not_a_class"),
        ([(0, 0)], [0], "few_samples"),
        ([], [], "few_samples"),
        ([(x / 100 - 1, 0) for x in range(50)] * 2000, [0, 1] * 50_000, ""),  # 10⁵ points, of which 50 differ
        ([(x / 64 - 2, y) for x in range(256) for y in (0, 1)], [0, 1] * 256, "too_long"),
    ],
)
def test_a_drawing_has_bounds(points, labels, code: str):
    if not code:
        assert len(decode_points(encode_points(points, labels))[0]) == 50
        return
    with pytest.raises(XferError) as caught:
        encode_points(points, labels, "source")
    assert (caught.value.code, caught.value.field) == (code, "source")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must be a whole drawing of 2 to 500 points in 2 to 4 classes, as Playground writes it; found nothing"),
        ("nan", "must be a whole drawing"),
        (THREE[:-2], "must be a whole drawing"),
        (THREE[:6], "must be a whole drawing"),
        (THREE + "AAAA", "must be a whole drawing"),
        (THREE + "=", "must be a whole drawing"),
        ("🙂", "must be a whole drawing"),
        (THREE.replace("A", "+"), "must be a whole drawing"),
        (THREE, ""),
        (THREE[:-1] + "B", "must be a whole drawing"),  # bits after the end
        ("AQADAAAAAQAC", "must hold at least two classes; found 3 points of one class"),
        ("AgACAAAAAAAB", "must be a whole drawing of 2 to 500 points in 2 to 4 classes, as Playground writes it; "
                         "found no point of class b"),
        ("A" * 100_000, "must have at most 500 points; found AAAA"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_drawing_is_refused_in_one_sentence(text: str, sentence: str):
    problem = Problem(source=("planar.moons",), target=(f"planar.drawn?points={text[:1500]}",), tasks=("class",))
    if not sentence:
        return problem.check_names()
    with pytest.raises(XferError) as caught:
        problem.check_names()
    assert str(caught.value).startswith(f"problem.target.points {sentence}")
    return None


def test_the_domain_is_clouds_around_the_points_and_as_many_samples_of_each_class():
    domain = load_domain(f"planar.drawn?points={THREE}&noise=0")
    labels = domain.tasks["class"].labels
    assert domain.tasks["class"].classes == domain_info(domain.key).tasks["class"] == ("a", "b", "c")
    assert labels.bincount().max() - labels.bincount().min() <= 1
    points = torch.from_numpy(decode_points(THREE)[0]).float()
    assert (domain.inputs - points[labels]).abs().max() < 0.2
    assert len(domain.inputs.unique(dim=0)) == len(domain)
    moved = load_domain(f"planar.drawn?points={THREE}&noise=0&shift_x=2").inputs
    torch.testing.assert_close(moved, domain.inputs + torch.tensor([2.0, 0]))


def test_two_points_suffice_to_train():
    text = encode_points([(-1, 0), (1, 0)], [0, 1])
    problem = Problem(
        source=(f"planar.drawn?points={text}",),
        target=("planar.drawn?rotate=30",),
        tasks=("class",),
        labels_per_class=5,
    )
    assert len(split_problem(problem, 0).training["planar.drawn?rotate=30"].labelled) == 10


def test_the_largest_drawing_fits_into_a_link():
    source, target = (f"planar.drawn?points={drawing(MAX_POINTS, seed=seed)}" for seed in (0, 1))
    moved = f"{target}&noise=0.123456&scale=1.23456&rotate=-123.456&shift_x=-1.23456&shift_y=-1.23456"
    spec = parse_spec({}, [f'problem.source=["{source}"]', f'problem.target=["{moved}"]', "network.kind=mlp"])
    spec.check()
    settings = spec_settings(spec)
    assert address.without_long(settings) == settings
    assert spec.problem.source == (source,)
