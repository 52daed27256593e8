"""Views: what each parameter does to the pixels, on built-in and own domains; a view shares no example with another."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.support.published_files import write_small
from xfer_core.domains import domain_info, load_domain, registry
from xfer_core.domains.views import View, render_view
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem, split_problem

KEY = "digits.handwritten"
IMAGES = torch.randint(0, 256, (40, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_defaults_and_a_copy_change_no_byte():
    assert render_view(IMAGES, View()) is IMAGES
    assert render_view(IMAGES, View(again=1)) is IMAGES
    copy = load_domain(f"{KEY}?again=1")
    assert torch.equal(copy.inputs, load_domain(KEY).inputs)
    assert copy.key == f"{KEY}?again=1"


def test_light_multiplies_every_pixel():
    expected = (IMAGES.float() * 0.3).round()
    assert (render_view(IMAGES, View(light=0.3)).float() - expected).abs().max() <= 1
    assert render_view(IMAGES, View(light=0)).max() == 0
    assert render_view(torch.full((1, 1, 2, 2), 200, dtype=torch.uint8), View(light=2)).min() == 255


def test_noise_has_the_deviation_that_is_asked_for_and_is_always_the_same():
    grey = torch.full((200, 3, 16, 16), 128, dtype=torch.uint8)
    noisy = render_view(grey, View(noise=0.1))
    assert noisy.float().std() / 255 == pytest.approx(0.1, abs=0.002)
    assert noisy.float().mean() == pytest.approx(128, abs=0.3)
    assert torch.equal(noisy, render_view(grey, View(noise=0.1)))


def test_a_mirror_turns_the_part_that_is_asked_for():
    assert torch.equal(render_view(IMAGES, View(mirrored=1)), IMAGES.flip(3))
    many = IMAGES.repeat(50, 1, 1, 1)
    half = render_view(many, View(mirrored=0.5))
    turned = torch.tensor([torch.equal(new, old.flip(2)) for new, old in zip(half, many, strict=True)])
    kept = torch.tensor([torch.equal(new, old) for new, old in zip(half, many, strict=True)])
    assert (turned ^ kept).all()
    assert turned.float().mean() == pytest.approx(0.5, abs=0.05)


def test_a_zoom_shows_the_middle_larger():
    image = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    image[..., 2:6, 2:6] = 255
    zoomed = render_view(image, View(zoom=2))
    assert zoomed[..., 1:7, 1:7].min() == 255
    assert zoomed.float().mean() > image.float().mean() * 2
    assert torch.equal(render_view(image, View(zoom=1, light=1, noise=0)), image)


@pytest.mark.parametrize("key", [KEY, "digits.printed", "digits.coloured_90"])
def test_a_view_of_a_domain_is_one_with_the_same_labels(key):
    reference = f"{key}?light=0.5&noise=0.03"
    domain, base = load_domain(reference), load_domain(key)
    domain_info(reference).check_domain(domain)
    assert torch.equal(domain.inputs, render_view(base.inputs, View(light=0.5, noise=0.03)))
    assert torch.equal(domain.example_ids, base.example_ids)
    assert domain.pool == base.pool
    assert "light 0.5, noise 0.03" in domain_info(reference).card.title
    assert registry().canonical(f"{key}?light=1&noise=0") == key


def test_a_mirrored_domain_has_no_tilt():
    reference = f"{KEY}?mirrored=1"
    assert set(domain_info(reference).tasks) == {"digit", "parity"}
    domain_info(reference).check_domain(load_domain(reference))
    with pytest.raises(XferError):
        Problem(target=(reference,), tasks=("tilt",)).check_names()


def test_a_drawing_is_shown_in_the_view():
    ink = torch.zeros(1, 1, 64, 64)
    ink[..., 10:50, 28:36] = 1
    plain, dark = (domain_info(key).render(ink, 2) for key in (KEY, f"{KEY}?light=0.5"))
    assert (dark.float() - plain.float() / 2).abs().max() <= 1


def test_an_own_domain_has_views_too():
    own = replace(load_domain(KEY), key="my.digits")
    registry().own.save(own, domain_info(KEY).spec)
    reference = "my.digits?light=0.5"
    domain_info(reference).check_domain(load_domain(reference))
    assert torch.equal(load_domain(reference).inputs, render_view(own.inputs, View(light=0.5)))


@pytest.mark.parametrize("key", ["digits.noisy", "planar.moons", "names.family"])
def test_other_domains_keep_their_own_parameters(key):
    assert not isinstance(domain_info(key).parameters, View)


def test_two_views_in_one_problem_share_no_example():
    data = split_problem(Problem(source=(KEY,), target=(f"{KEY}?light=0.5",)), 0)
    source, target = (
        {
            *data.training[key].labelled.example_ids.tolist(),
            *(i for (held, _), part in data.held_out.items() if held == key for i in part.example_ids.tolist()),
        }
        for key in data.problem.roles()
    )
    assert not source & target


@pytest.mark.parametrize("roles", [("source", "target"), ("target", "source"), ("source", "unseen")])
def test_a_copy_has_the_same_examples_in_the_same_splits_and_nothing_leaks(roles):
    copy = f"{KEY}?again=1"
    named = dict(zip(roles, ((KEY,), (copy,)), strict=True))
    problem = Problem(**{"source": (), "target": ("digits.photo",), **named})
    data = split_problem(problem, 0)
    trained = {i for part in data.training.values() for i in part.labelled.example_ids.tolist()}
    for split in ("validation", "test"):
        ours, theirs = (data.held_out[key, split].example_ids for key in (KEY, copy))
        assert torch.equal(ours, theirs)
        assert not trained & set(ours.tolist())
    validation, test = (set(data.held_out[KEY, split].example_ids.tolist()) for split in ("validation", "test"))
    assert not validation & test


def test_a_copy_of_a_set_with_an_official_test_is_tested_on_all_of_it(small_sets):
    write_small(small_sets, "cifar10")
    problem = Problem(source=("cifar10",), target=("cifar10?again=1",), tasks=("object",), labels_per_class="all")
    data = split_problem(problem, 0)
    official = load_domain("cifar10").official_test.nonzero()[:, 0].tolist()
    for key in problem.roles():
        assert sorted(data.held_out[key, "test"].example_ids.tolist()) == official
    trained = [i for part in data.training.values() for i in part.labelled.example_ids.tolist()]
    assert not set(trained) & set(official)
    assert len(trained) == 2 * len(set(trained))
