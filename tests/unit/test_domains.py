"""Domains: what they hold, that they are the same every time, and that the pixels are what the card says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import astuple, replace
from importlib import import_module

import numpy as np
import pytest
import torch

from tests.support.data import EVERY_DOMAIN
from xfer_core.cli import main
from xfer_core.domains import (
    Domain,
    Task,
    builtin_domains,
    digits,
    domain_info,
    domain_keys,
    is_available,
    load_domain,
    registry,
)
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.problems.problem import Problem

ORIGINALS = 1797  # digits that scikit-learn ships
every_domain = pytest.mark.parametrize("key", EVERY_DOMAIN)
pytestmark = pytest.mark.usefixtures("real_data")


@every_domain
def test_a_domain_is_well_formed(key):
    domain = load_domain(key)
    assert domain.key == key
    assert domain.inputs.is_contiguous()
    assert len(domain) > (800 if domain_info(key).spec.modality == "image" else 250)
    assert domain.example_ids.dtype == torch.int64
    assert len(domain.example_ids.unique()) == len(domain)
    assert domain.example_ids.min() >= 0
    if domain.pool == "scikit-learn digits":
        assert domain.example_ids.max() < ORIGINALS
    for name, task in domain.tasks.items():
        assert task.name == name
        assert task.labels.shape == (len(domain),)
        assert bool(task.classes) != bool(task.unit), "classes, or values with a unit"
        if not task.classes:
            assert task.labels.dtype == torch.float32
            assert task.labels.isfinite().all()
            continue
        assert task.labels.dtype == torch.int64
        assert set(task.labels.tolist()) == set(range(len(task.classes))), "a class without samples, or no such class"
    if domain.official_test is not None:
        assert domain.official_test.dtype == torch.bool
        assert domain.official_test.shape == (len(domain),)
        assert 0 < domain.official_test.sum() < len(domain)
    assert all(text.strip() for text in astuple(replace(domain.card, notice="-")))


@every_domain
def test_a_domain_is_what_was_offered(key):
    domain, offer = load_domain(key), domain_info(key)
    assert domain.card == offer.card
    offer.check_domain(domain)
    assert {name: task.classes for name, task in domain.tasks.items()} == offer.tasks
    assert is_available(key)
    assert (offer.download is None) == (key in builtin_domains())


@every_domain
def test_a_domain_is_made_quickly_and_always_from_the_same_bytes(key):
    known = load_domain(key)
    digits.load_digits(), digits.read_photographs()
    if key == "usps":
        domain_info(key).build()  # parses the text once and keeps what it read
    begun = time.process_time()
    fresh = domain_info(key).build()
    assert time.process_time() - begun < 2
    assert fresh is not known
    assert load_domain(key) is known
    assert torch.equal(fresh.inputs, known.inputs)
    assert torch.equal(fresh.example_ids, known.example_ids)
    for name, task in known.tasks.items():
        assert torch.equal(fresh.tasks[name].labels, task.labels)


PARTS = {"example_ids": torch.arange(6), "official_test": torch.arange(6) > 3}
LABELS, VALUES = torch.tensor([0, 1, 2, 0, 1, 2]), torch.linspace(-1, 1, 6)


def six(labels=LABELS, values=VALUES, samples=None, **parts) -> Domain:
    """A domain of six samples."""
    tasks = {"letter": Task("letter", labels, ("a", "b", "c")), "size": Task("size", values, unit="cm")}
    samples = torch.zeros(6, 1, 4, 4, dtype=torch.uint8) if samples is None else samples
    return Domain(
        "letters.own", domain_info("digits.photo").card, "letters", samples, tasks=tasks, **{**PARTS, **parts}
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": LABELS[:5]}, "tasks.letter.labels must be of shape (6,); found (5,)."),
        ({"labels": LABELS[None]}, "tasks.letter.labels must be of shape (6,); found (1, 6)."),
        ({"labels": LABELS * 2}, "tasks.letter.labels must be the numbers of its classes, 0 to 2; found 4."),
        ({"labels": LABELS - 1}, "tasks.letter.labels must be the numbers of its classes, 0 to 2; found -1."),
        ({"labels": LABELS.float()}, "tasks.letter.labels must be torch.int64; found torch.float32."),
        ({"values": VALUES[:3]}, "tasks.size.labels must be of shape (6,); found (3,)."),
        ({"values": VALUES / 0}, "tasks.size.labels must hold finite numbers only; found -inf."),
        ({"values": torch.full((6,), torch.nan)}, "tasks.size.labels must hold finite numbers only; found nan."),
        ({"values": LABELS}, "tasks.size.labels must be torch.float32; found torch.int64."),
        ({"example_ids": torch.arange(7)}, "example_ids must be of shape (6,); found (7,)."),
        ({"official_test": torch.ones(5, dtype=torch.bool)}, "official_test must be of shape (6,); found (5,)."),
    ],
)
def test_a_domain_whose_parts_do_not_belong_together_cannot_be_made(changes, sentence):
    assert len(six()) == 6
    with pytest.raises(XferError) as caught:
        six(**changes)
    assert str(caught.value) == f"letters.own.{sentence}"


@pytest.mark.parametrize(
    ("known", "rule"),
    [
        ({"samples": 7}, "letters.own.inputs must be of shape (7, 1, 4, 4); found (6, 1, 4, 4)."),
        ({"spec": ImageInput(1, 4, 5)}, "letters.own.inputs must be of shape (6, 1, 4, 5); found (6, 1, 4, 4)."),
        ({"tasks": {"letter": ("a", "b", "c")}}, "letters.own.tasks must have the tasks and classes of its metadata"),
        (
            {"tasks": {"letter": ("a", "b", "d"), "size": ()}},
            "letters.own.tasks must have the tasks and classes of its metadata",
        ),
        ({"units": {}}, "letters.own.tasks must have the units of its metadata"),
    ],
)
def test_what_was_read_is_held_against_what_was_known(monkeypatch, known, rule):
    offer = replace(
        domain_info("digits.photo"),
        samples=6,
        spec=ImageInput(1, 4, 4),
        tasks={"letter": ("a", "b", "c"), "size": ()},
        build=six,
        parameters=None,
        units={"size": "cm"},
    )
    monkeypatch.setitem(registry().builtin, "letters.own", offer)
    assert len(load_domain("letters.own")) == 6
    registry()._build.cache_clear()
    monkeypatch.setitem(registry().builtin, "letters.own", replace(offer, **known))
    with pytest.raises(XferError) as caught:
        load_domain("letters.own", "problem.source")
    assert str(caught.value).startswith(rule)


def test_what_is_known_of_domains_is_known_without_reading_or_fetching_one(monkeypatch, capsys):
    def touched(*_, **__):
        raise AssertionError("a domain was read or fetched")

    monkeypatch.setattr(registry(), "_build", touched)
    monkeypatch.setattr(import_module("xfer_core.domains.registry"), "download_files", touched)
    assert main(["list", "domains", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["key"] for row in rows] == list(domain_keys())
    assert {row["key"] for row in rows if row["megabytes"]} == set(domain_keys()) - set(builtin_domains())
    problem = Problem(source=("mnist",), target=("usps", "digits.photo"), tasks=("digit", "parity"))
    problem.check_names()
    assert problem.input_spec().shape == (3, 32, 32)
    assert problem.classes() == {"digit": tuple("0123456789"), "parity": ("even", "odd")}


@pytest.mark.parametrize("key", digits.DOMAINS)
def test_labels_are_those_of_the_originals(key):
    from sklearn.datasets import load_digits

    truth = load_digits()["target"]
    domain = load_domain(key)
    digit, parity = domain.tasks["digit"], domain.tasks["parity"]
    for original, d, p in zip(domain.example_ids.tolist(), digit.labels.tolist(), parity.labels.tolist(), strict=True):
        assert digit.classes[d] == str(truth[original])
        assert parity.classes[p] == ("even", "odd")[truth[original] % 2]


def test_originals_are_enlarged_without_changing_what_they_show():
    from sklearn.datasets import load_digits

    grey = load_domain("digits.handwritten").inputs
    assert torch.equal(grey[:, 0], grey[:, 1])
    assert torch.equal(grey[:, 0], grey[:, 2])
    shrunk = grey[:, 0].float().reshape(-1, 8, 4, 8, 4).mean((2, 4)).numpy() / 255
    originals = load_digits()["images"] / 16
    assert np.corrcoef(shrunk.ravel(), originals.ravel())[0, 1] > 0.95


def test_photo_is_the_absolute_difference_of_a_crop_and_the_digit():
    from sklearn.datasets import load_sample_images

    photographs = [photograph[::2, ::2] for photograph in load_sample_images()["images"]]
    random = np.random.default_rng(1)
    which = random.integers(2, size=ORIGINALS)
    blended, plain = (load_domain(key).inputs.numpy() for key in ("digits.photo", "digits.handwritten"))
    for i in range(50):
        height, width, _ = photographs[which[i]].shape
        top, left = random.integers(height - 31), random.integers(width - 31)
        crop = photographs[which[i]][top : top + 32, left : left + 32].transpose(2, 0, 1)
        expected = np.abs(crop.astype(int) - plain[i].astype(int))  # plain is rounded to whole numbers: off by one
        assert np.abs(expected - blended[i].astype(int)).max() <= 1


def test_inverted_low_and_high_show_the_handwritten_digits():
    plain = load_domain("digits.handwritten")
    sums = load_domain("digits.inverted").inputs.int() + plain.inputs.int()
    assert (sums - 255).abs().max() <= 1  # halves are rounded to the even number, on both sides
    low, high = load_domain("digits.low"), load_domain("digits.high")
    for part, digits_held in ((low, range(5)), (high, range(5, 10))):
        assert torch.equal(part.inputs, plain.inputs[part.example_ids])
        assert part.tasks["digit"].classes == tuple(str(d) for d in digits_held)
    assert sorted([*low.example_ids.tolist(), *high.example_ids.tolist()]) == list(range(ORIGINALS))


def test_noise_has_the_size_that_the_card_gives():
    grey = torch.full((200, 1, 32, 32), 0.5)
    noise = digits._noisy(grey, digits.Noise()) - 0.5
    assert abs(float(noise.std()) * 255 - 102) < 0.5
    assert abs(float(noise.mean())) < 0.005
    channels = np.corrcoef(noise.transpose(0, 1).reshape(3, -1).numpy())
    assert np.abs(channels - np.eye(3)).max() < 0.02, "the noise is one of colour"


def test_rotated_turns_counter_clockwise_by_30_to_60_degrees():
    dot = torch.zeros(300, 1, 32, 32)
    dot[:, :, 15:17, 26:28] = 1  # right of the middle
    turned = digits._rotated(dot, digits.Rotation())[:, 0]
    mass = turned.sum((1, 2))
    axis = torch.arange(32) - 15.5
    right = (turned.sum(1) * axis).sum(1) / mass
    up = -(turned.sum(2) * axis).sum(1) / mass
    angles = torch.rad2deg(torch.atan2(up, right))
    assert angles.min() > 28
    assert angles.max() < 62
    assert angles.std() > 5, "each digit has its own angle"


def test_an_unknown_domain_is_refused_by_name():
    with pytest.raises(XferError) as caught:
        load_domain("digits.phot", "problem.source")
    assert (caught.value.code, caught.value.field, caught.value.value) == (
        "unknown_domain",
        "problem.source",
        "digits.phot",
    )
    assert str(caught.value).startswith("problem.source must be a domain that is known here, such as digits.photo, ")
    assert str(caught.value).endswith("; found digits.phot.")


def test_the_originals_are_those_that_scikit_learn_reads():
    from sklearn.datasets import load_digits, load_sample_images

    pixels, labels = digits.load_digits()
    found = load_digits()
    np.testing.assert_array_equal(pixels * 16, found.images)
    np.testing.assert_array_equal(labels, found.target)
    for ours, theirs in zip(digits.read_photographs(), load_sample_images()["images"], strict=True):
        np.testing.assert_array_equal(ours, theirs[::2, ::2])


def test_making_domains_imports_no_scikit_learn():
    code = (
        "import sys; from xfer_core.domains import load_domain; load_domain('digits.photo'); "
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
