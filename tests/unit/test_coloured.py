"""Coloured digits: the colour is as right as the card says, labels are as wrong, and nothing else gives an answer."""

from __future__ import annotations

import pytest
import torch

from xfer_core.domains import coloured, domain_info, load_domain
from xfer_core.problems.problem import Problem, split_problem

AGREEMENT = {"digits.coloured_90": 0.9, "digits.coloured_80": 0.8, "digits.coloured_10": 0.1}
every_domain = pytest.mark.parametrize("key", AGREEMENT)


def labels_of(key):
    """The digit, the label of ``below_five`` (1 from five up), and whether the image is green."""
    domain = load_domain(key)
    ink = domain.inputs.flatten(2).long().sum(2)  # (N, 3)
    return domain.tasks["digit"].labels, domain.tasks["below_five"].labels, (ink[:, 1] > ink[:, 0]).long()


def test_these_are_all_the_coloured_domains():
    assert coloured.DOMAINS.keys() == AGREEMENT.keys()


@every_domain
def test_colour_is_exactly_one_channel_and_never_blue(key):
    ink = load_domain(key).inputs.flatten(2).long().sum(2)
    assert ((ink > 0).sum(1) == 1).all()
    assert not ink[:, 2].any()
    assert ink.amax(1).min() > 0.02 * 255 * 32 * 32, "an image is all but empty"
    assert (ink[:, :2] > 0).any(0).all()


@every_domain
def test_colour_agrees_with_the_label_as_often_as_the_name_says(key):
    digit, half, green = labels_of(key)
    agrees = (green == half).float()
    assert agrees.mean().item() == pytest.approx(AGREEMENT[key], abs=0.02)
    wrong = half != (digit >= 5)
    groups = [half == 0, half == 1, wrong, ~wrong, *(digit == d for d in range(10))]
    for group in groups:  # the colour tells of the label, and of nothing else
        assert agrees[group].mean().item() == pytest.approx(AGREEMENT[key], abs=0.05)


@every_domain
def test_a_quarter_of_the_labels_is_wrong_whatever_the_digit(key):
    digit, half, _ = labels_of(key)
    wrong = (half != (digit >= 5)).float()
    assert wrong.mean().item() == pytest.approx(0.25, abs=0.02)
    for d in range(10):
        assert wrong[digit == d].mean().item() == pytest.approx(0.25, abs=0.06)
    assert load_domain(key).tasks["below_five"].classes == ("0–4", "5–9")


def test_domains_differ_in_nothing_but_colour():
    one, *others = (load_domain(key) for key in AGREEMENT)
    for other in others:
        assert torch.equal(other.inputs.sum(1), one.inputs.sum(1))
        assert all(torch.equal(other.tasks[task].labels, one.tasks[task].labels) for task in one.tasks)
        assert other.pool == one.pool
        assert torch.equal(other.example_ids, one.example_ids)
    lies = [green != half for _, half, green in map(labels_of, AGREEMENT)]
    together = (lies[0] & lies[1]).float().mean().item()
    assert together == pytest.approx(0.1 * 0.2, abs=0.01), "each domain draws its own lies"


@every_domain
def test_every_task_of_a_digit_is_there(key):
    domain, offer = load_domain(key), domain_info(key)
    assert {task: part.classes for task, part in domain.tasks.items()} == offer.tasks
    assert set(offer.tasks) == {"below_five", "digit", "parity", "tilt"}
    digit = domain.tasks["digit"].labels
    assert torch.bincount(digit).tolist() == [600] * 10
    assert torch.equal(domain.tasks["parity"].labels, digit % 2)
    tilt = domain.tasks["tilt"].labels
    assert (tilt.dtype, tilt.shape, domain.tasks["tilt"].classes) == (torch.float32, (6000,), ())
    assert 5 < tilt.std() < 30
    assert (domain.inputs.shape, len(domain)) == ((6000, 3, 32, 32), offer.samples)
    assert domain.inputs.shape[1:] == offer.spec.raw_shape


def test_the_same_call_gives_the_same_bytes():
    coloured._base_digits.cache_clear()
    key = "digits.coloured_80"
    one, other = load_domain(key), domain_info(key).build()
    assert one is not other
    assert torch.equal(one.inputs, other.inputs)
    assert all(torch.equal(one.tasks[task].labels, other.tasks[task].labels) for task in one.tasks)


@every_domain
def test_the_card_tells_the_figures(key):
    card = domain_info(key).card
    assert f"agrees with the label in {AGREEMENT[key]:.0%} of the images" in card.recipe
    assert "25% of these labels are wrong" in card.recipe
    assert "red for 0–4 and green for 5–9" in card.recipe


@pytest.mark.parametrize("seed", [0, 3])
def test_three_domains_of_one_problem_share_no_original_and_waste_none(seed):
    first, second, reversed_ = AGREEMENT
    problem = Problem(source=(first, second), target=(reversed_,), tasks=("below_five",), labels_per_class="all")
    data = split_problem(problem, seed, load_inputs=False)
    parts = {key: [domain.labelled.example_ids] for key, domain in data.training.items()}
    for (key, _), samples in data.held_out.items():
        parts[key].append(samples.example_ids)
    owned = {key: torch.cat(part) for key, part in parts.items()}
    assert {key: len(part) for key, part in owned.items()} == dict.fromkeys(AGREEMENT, 2000)
    assert torch.equal(torch.cat(list(owned.values())).sort().values, torch.arange(6000))


def test_an_unseen_domain_takes_its_share_of_the_originals_too():
    first, second, reversed_ = AGREEMENT
    problem = Problem(source=(first,), target=(second,), unseen=(reversed_,), tasks=("below_five",))
    held_out = split_problem(problem, 0, load_inputs=False).held_out
    assert [len(held_out[reversed_, split]) for split in ("validation", "test")] == [600, 1400]
    tested = [set(held_out[key, "test"].example_ids.tolist()) for key in AGREEMENT]
    assert len(set.union(*tested)) == sum(map(len, tested))


def test_who_trusts_the_colour_is_right_where_it_was_learned_and_wrong_where_it_is_reversed():
    """The best that a digit can tell is 75 %: where the colour is right more often, it is the better guide."""
    right = {key: (green == half).float().mean().item() for key in AGREEMENT for _, half, green in [labels_of(key)]}
    digit, half, _ = labels_of("digits.coloured_10")
    honest = ((digit >= 5) == half).float().mean().item()
    assert right["digits.coloured_10"] < 0.5 < honest < right["digits.coloured_80"] < right["digits.coloured_90"]
