"""References to domains: a key, or a key with typed and bounded parameters."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch

from xfer_core.cli import main
from xfer_core.domains import Domain, domain_info, domain_keys, load_domain, registry
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem, split_problem
from xfer_core.runs.spec import parse_spec, spec_settings

# Of inputs and classes, as they were before domains had parameters. The tilt, and digits that are turned, are compared
# by value: the last bit of a float depends on the processor, and with it one pixel in 60,000 by one step.
BYTES = {
    "digits.handwritten": ("d48fcc627019e99d", -2.3228, 6.7882),
    "digits.photo": ("1894a110fa4436d7", -2.3228, 6.7882),
    "digits.inverted": ("dbf677d1beac2f47", -2.3228, 6.7882),
    "digits.noisy": ("d0aee3d9ae58cd88", -2.3228, 6.7882),
    "digits.low": ("e91aea96d9c34383", -2.8208, 5.7092),
    "digits.high": ("6c4d81b76686e121", -1.8221, 7.6935),
}
PROJECTED = {
    "digits.rotated": (-576819, -27.8881, 7.2247),
    "digits.printed": (-306359, 2.9701, 14.4845),
    "digits.coloured_90": (169006, 3.5579, 14.195),
    "digits.coloured_80": (142371, 3.5579, 14.195),
    "digits.coloured_10": (81036, 3.5579, 14.195),
}
"""Domain → its inputs and classes, projected on random directions of pixels and samples; of a million or more."""


def moments(domain: Domain) -> list[float]:
    """Mean and deviation of the tilt."""
    tilt = domain.tasks["tilt"].labels.double()
    return [tilt.mean().item(), tilt.std().item()]


def classes(domain: Domain) -> list[torch.Tensor]:
    """The labels of all tasks with classes."""
    return [task.labels for _, task in sorted(domain.tasks.items()) if task.classes]


def test_a_bare_key_means_the_same_bytes_as_before():
    changed = []
    for key, (expected, *tilt) in BYTES.items():
        domain = load_domain(key)
        found = hashlib.sha256(domain.inputs.numpy().tobytes())
        for labels in classes(domain):
            found.update(labels.numpy().tobytes())
        if found.hexdigest()[:16] != expected or moments(domain) != pytest.approx(tilt, abs=1e-4):
            changed.append(key)
    assert not changed


def test_a_bare_key_means_the_same_turned_digits_as_before():
    found = {}
    for key in PROJECTED:
        domain, random = load_domain(key), np.random.default_rng(0)
        values = np.concatenate(
            [domain.inputs.flatten(1).numpy(), *(one.numpy()[:, None] for one in classes(domain))], 1
        )
        pixels, samples = random.standard_normal(values.shape[1]), random.standard_normal(len(values))
        found[key] = (samples @ (values @ pixels), *moments(domain))
    assert {key: one[0] for key, one in found.items()} == pytest.approx(
        {k: v[0] for k, v in PROJECTED.items()}, abs=100
    )
    tilts = {key: one[1:] for key, one in found.items()}
    assert tilts == {key: pytest.approx(one[1:], abs=1e-4) for key, one in PROJECTED.items()}


@pytest.mark.parametrize(
    ("reference", "canonical"),
    [
        ("digits.rotated", "digits.rotated"),
        ("digits.rotated?degrees=45", "digits.rotated"),
        ("digits.rotated?degrees=45.0&spread=15", "digits.rotated"),
        ("digits.rotated?degrees=60", "digits.rotated?degrees=60"),
        ("digits.noisy?sigma=0.3", "digits.noisy?sigma=0.3"),
        ("planar.moons?rotate=30&noise=0.2", "planar.moons?noise=0.2&rotate=30"),
        ("planar.moons?rotate=3e1", "planar.moons?rotate=30"),
        ("planar.moons?speed=3", "planar.moons?speed=3"),
        ("nowhere?x=1", "nowhere?x=1"),
    ],
)
def test_a_domain_has_one_spelling(reference, canonical):
    assert registry().canonical(reference) == canonical
    assert Problem(target=(reference,)).target == (canonical,)


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("digits.rotated?degrees=181", "problem.target.degrees must be at most 180.0; found 181."),
        ("digits.noisy?sigma=-0.1", "problem.target.sigma must be at least 0.0; found -0.1."),
        ("digits.noisy?sigma=nan", "problem.target.sigma must be a finite number; found nan."),
        ("digits.noisy?sigma=much", "problem.target.sigma must be a number; found much."),
        ("digits.noisy?sigma=", "problem.target.sigma must be a number; found nothing."),
        (
            "planar.moons?speed=3",
            "problem.target.speed is not a field here; "
            "the fields are noise, scale, rotate, shift_x, shift_y, balance; found 3.",
        ),
        (
            "names.family?degrees=3",
            "problem.target must name names.family without parameters, because it has none; "
            "found names.family?degrees=3.",
        ),
        (
            "digits.noisy?sigma",
            "problem.target must be a domain, or a domain with parameters such as digits.rotated?degrees=60; "
            "found digits.noisy?sigma.",
        ),
        (
            "digits.noisy?sigma=1&sigma=2",
            "problem.target must be a domain, or a domain with parameters such as digits.rotated?degrees=60; "
            "found digits.noisy?sigma=1&sigma=2.",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_sentence(reference, sentence):
    with pytest.raises(XferError) as caught:
        Problem(target=(reference,)).check_names()
    assert str(caught.value) == sentence


def test_a_shell_lists_the_parameters_of_a_domain_with_their_bounds(capsys):
    assert main(["list", "domains", "--json"]) == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    sigma = rows["digits.noisy"]["parameters"]["sigma"]
    assert (sigma["default"], sigma["minimum"], sigma["maximum"]) == (0.4, 0, 2)
    assert rows["names.family"]["parameters"] == {}
    assert (rows["planar.moons"]["modality"], rows["planar.moons"]["shape"]) == ("table", [2])


def test_defaults_lie_within_their_bounds_and_every_number_has_both():
    for key in domain_keys():
        parameters = domain_info(key).parameters
        if parameters is None:
            continue
        assert type(parameters).model_validate(parameters.model_dump()) == parameters
        for name, field in type(parameters).model_fields.items():
            rules = {type(rule).__name__ for rule in field.metadata}
            if field.annotation is str:
                assert rules == {"AfterValidator"}, (key, name)
            else:
                assert rules & {"Ge", "Gt"}, (key, name)
                assert rules & {"Le", "Lt"}, (key, name)
            assert field.title, (key, name)
            assert field.description, (key, name)


@pytest.mark.parametrize(
    ("key", "balance", "sizes"),
    [
        ("planar.moons", 0.1, [100, 1000]),
        ("planar.moons", 5, [1000, 200]),
        ("planar.blobs", 0.5, [334, 667, 666]),
        ("planar.spirals", 20, [1000, 50]),
    ],
)
def test_a_balance_of_classes_leaves_out_points_and_moves_none(key, balance, sizes):
    whole, domain = load_domain(key), load_domain(f"{key}?balance={balance}")
    domain_info(f"{key}?balance={balance}").check_domain(domain)
    assert torch.bincount(domain.tasks["class"].labels).tolist() == sizes
    assert torch.equal(domain.inputs, whole.inputs[domain.example_ids])
    assert torch.equal(domain.tasks["class"].labels, whole.tasks["class"].labels[domain.example_ids])


def test_without_a_balance_the_points_are_as_before_there_was_one():
    moved = load_domain("planar.moons?noise=0.3&rotate=40&shift_x=1")
    assert moved.inputs[0].tolist() == pytest.approx([1.9909924, 0.4139786])
    assert torch.equal(moved.example_ids, torch.arange(2000))
    assert domain_info("planar.moons").samples == len(moved.inputs)


def test_parameters_do_what_they_say():
    plain = load_domain("planar.moons?noise=0").inputs.double().numpy()
    turned = load_domain("planar.moons?noise=0&rotate=90").inputs.double().numpy()
    np.testing.assert_allclose(turned, np.stack([-plain[:, 1], plain[:, 0]], 1), atol=1e-6)
    moved = load_domain("planar.moons?noise=0&shift_x=2&scale=0.5").inputs.double().numpy()
    np.testing.assert_allclose(moved, 0.5 * plain + [2, 0], atol=1e-6)
    still = load_domain("digits.rotated?degrees=0&spread=0").inputs.float()
    assert (still - load_domain("digits.handwritten").inputs.float()).abs().max() <= 1
    assert torch.equal(load_domain("digits.noisy?sigma=0").inputs, load_domain("digits.handwritten").inputs)
    assert torch.equal(load_domain("digits.photo?blend=0").inputs, load_domain("digits.handwritten").inputs)


def test_a_domain_and_its_variant_share_no_example_in_one_problem():
    problem = Problem(source=("planar.moons",), target=("planar.moons?rotate=30",), tasks=("class",))
    data = split_problem(problem, 0)
    seen = [part.example_ids.tolist() for part in data.held_out.values()]
    seen += [domain.labelled.example_ids.tolist() for domain in data.training.values()]
    flat = [example for part in seen for example in part]
    assert len(flat) == len(set(flat))


def test_a_reference_goes_through_settings_links_and_weights():
    settings = [
        'problem.source=["planar.moons"]',
        'problem.target=["planar.moons?rotate=30"]',
        "strategy.kind=joint",
        "strategy.weights.planar.moons?rotate=30/class=0.25",
    ]
    spec = parse_spec({}, settings)
    assert spec.strategy.lambdas(spec.problem)["planar.moons?rotate=30/class"] == 0.25
    assert parse_spec({}, [f"{path}={value}" for path, value in spec_settings(spec).items()]) == spec
    assert spec.target_metric() == "accuracy/planar.moons?rotate=30/class/test"
    spec.check()


def test_the_rest_of_a_spec_follows_its_domains():
    points = parse_spec({}, ['problem.source=["planar.moons"]', 'problem.target=["planar.circles"]'])
    assert (points.problem.tasks, points.network.kind, points.training.augment) == (("class",), "mlp", ())
    wide = parse_spec(points.model_dump(mode="json"), ["network.width=8"])
    assert wide.network.width == 8
    mixed = parse_spec({}, ['problem.target=["planar.circles"]'])
    with pytest.raises(XferError) as caught:
        mixed.check()
    assert str(caught.value).startswith(
        "problem.source must be domains of one kind of input; planar.circles holds table"
    )
    with pytest.raises(XferError) as caught:
        parse_spec(points.model_dump(mode="json"), ["network.kind=lenet"]).check()
    assert str(caught.value).endswith("found lenet. This works: set network.kind to mlp.")
