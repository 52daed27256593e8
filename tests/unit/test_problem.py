"""Dealing: no original twice, the label budget exact, and nothing in the training view that could leak."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

import xfer_core.problems.problem as problem_module
from tests.support.data import needs_data
from tests.support.training import SOURCE, TARGET
from xfer_core.domains import load_domain
from xfer_core.errors import XferError
from xfer_core.modalities.image.resizing import resize_to
from xfer_core.problems.problem import SPLIT_RATIOS, Problem, split_problem

PROBLEMS = {
    "default": Problem(),
    "all labels": Problem(labels_per_class="all"),
    "no labels": Problem(labels_per_class=0),
    "two tasks": Problem(tasks=("parity", "digit"), labels_per_class=3),
    "four domains": Problem(target=("digits.photo", "digits.noisy"), unseen=("digits.rotated",), labels_per_class=2),
    "no source": Problem(source=()),
    "disjoint": Problem(source=("digits.low",), target=("digits.high",)),
}


def everything(data):
    """(domain, split, images, originals) of every sample; the originals of unlabelled images are found by pixels."""
    for (key, split), samples in data.held_out.items():
        yield key, split, samples.inputs, samples.example_ids
    for key, domain in data.training.items():
        yield key, "train", domain.labelled.inputs, domain.labelled.example_ids
        if len(domain.unlabelled):
            yield key, "train", domain.unlabelled, _find_originals(key, domain.unlabelled)


def _find_originals(key: str, images: Tensor) -> Tensor:
    domain = load_domain(key)
    where = {sample.numpy().tobytes(): int(o) for sample, o in zip(domain.inputs, domain.example_ids, strict=True)}
    return torch.tensor([where[image.numpy().tobytes()] for image in images])


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("seed", [0, 7])
def test_no_original_is_in_two_domains_or_two_splits_and_none_is_wasted(name, seed):
    seen = Counter()
    for _, _, _, originals in everything(split_problem(PROBLEMS[name], seed)):
        seen.update(originals.tolist())
    assert set(seen.values()) == {1}
    assert set(seen) == set(range(1797))


@pytest.mark.parametrize("name", ["default", "four domains", "disjoint"])
def test_every_domain_and_split_gets_its_share(name):
    problem = PROBLEMS[name]
    parts = Counter()
    for key, split, images, _ in everything(split_problem(problem, 0)):
        parts[key, split] += len(images)
    sizes = {key: sum(n for (k, _), n in parts.items() if k == key) for key in problem.roles()}
    assert max(sizes.values()) - min(sizes.values()) <= (1 if name != "disjoint" else 10)
    for key, role in problem.roles().items():
        for split, share in zip(("train", "validation", "test"), SPLIT_RATIOS[role], strict=True):
            assert abs(parts[key, split] - share * sizes[key]) <= 1


@pytest.mark.parametrize("name", PROBLEMS)
def test_samples_carry_the_pixels_and_labels_of_their_originals(name):
    data = split_problem(PROBLEMS[name], 0)
    labelled = [(key, domain.labelled) for key, domain in data.training.items()]
    for key, samples in (*labelled, *((key, part) for (key, _), part in data.held_out.items())):
        domain = load_domain(key)
        position = {int(original): i for i, original in enumerate(domain.example_ids)}
        at = torch.tensor([position[int(original)] for original in samples.example_ids], dtype=torch.int64)
        assert torch.equal(samples.inputs, domain.inputs[at])
        for task, labels in samples.labels.items():
            names = [data.classes[task][i] for i in labels.tolist()]
            assert names == [domain.tasks[task].classes[i] for i in domain.tasks[task].labels[at].tolist()]


@pytest.mark.parametrize("budget", [0, 1, 5, 12])
@pytest.mark.parametrize("task", ["digit", "parity"])
def test_the_budget_is_exact_for_every_class_of_the_first_task(budget, task):
    problem = Problem(target=("digits.photo", "digits.noisy"), tasks=(task,), labels_per_class=budget)
    data = split_problem(problem, 3)
    for key in problem.target:
        counts = torch.bincount(data.training[key].labelled.labels[task], minlength=len(data.classes[task]))
        assert counts.tolist() == [budget] * len(data.classes[task])
    source = data.training[SOURCE]
    assert len(source.unlabelled) == 0
    assert len(source.labelled) > 400


def test_a_budget_of_all_leaves_nothing_unlabelled():
    assert len(split_problem(Problem(labels_per_class="all"), 0).training[TARGET].unlabelled) == 0


def reachable(value, path="training"):
    """Every tensor that can be reached from a value, with its path."""
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from reachable(item, f"{path}[{key}]")
    elif is_dataclass(value):
        for field in fields(value):
            yield from reachable(getattr(value, field.name), f"{path}.{field.name}")
    else:
        assert value is None or isinstance(value, str), f"what is {type(value)} at {path}?"


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_training_view_holds_no_test_sample_and_no_label_outside_the_budget(name):
    data = split_problem(PROBLEMS[name], 0)
    held_out = {image.numpy().tobytes() for part in data.held_out.values() for image in part.inputs}
    for key, domain in data.training.items():
        assert isinstance(domain.unlabelled, Tensor)
        for path, tensor in reachable(domain):
            beyond = tensor.untyped_storage().nbytes() - tensor.numel() * tensor.element_size()
            assert beyond == 0, f"{path} is a window on more than it shows"
            if tensor.dtype == torch.uint8:
                assert not held_out & {image.numpy().tobytes() for image in tensor}
            else:
                assert len(tensor) == len(domain.labelled), f"{path} of {key} may hold labels of unlabelled samples"


def test_what_strategies_are_given_holds_no_held_out_sample(data):
    seen = data.training_data()
    assert not hasattr(seen, "held_out")
    assert seen.training is data.training
    assert seen.input_spec.shape == data.input_spec.shape == (3, 32, 32)
    assert data.held_out


def test_the_same_seed_deals_the_same_and_another_deals_differently():
    one, again, other = (
        [(key, split, originals.tolist()) for key, split, _, originals in everything(split_problem(Problem(), seed))]
        for seed in (4, 4, 5)
    )
    assert one == again
    assert one != other


def test_the_split_does_not_depend_on_the_budget():
    few, many = (split_problem(Problem(labels_per_class=n), 0) for n in (1, 20))
    for name, part in few.held_out.items():
        assert torch.equal(part.example_ids, many.held_out[name].example_ids)
    assert set(few.training[TARGET].labelled.example_ids.tolist()) < set(
        many.training[TARGET].labelled.example_ids.tolist()
    )


def test_classes_are_joined_by_name():
    data = split_problem(PROBLEMS["disjoint"], 0)
    assert data.classes["digit"] == tuple("0123456789")
    assert data.domain_classes["digits.high", "digit"] == tuple("56789")
    assert set(data.training["digits.high"].labelled.labels["digit"].tolist()) == set(range(5, 10))


@pytest.mark.parametrize(
    ("changes", "code", "field", "value"),
    [
        ({"source": ("digits.nothing",)}, "unknown_domain", "problem.source", "digits.nothing"),
        ({"target": ("emnist",)}, "unknown_domain", "problem.target", "emnist"),
        ({"unseen": ("",)}, "unknown_domain", "problem.unseen", ""),
        ({"tasks": ("digit", "weather")}, "unknown_task", "problem.tasks", "weather"),
        ({"tasks": ("digit", "digit")}, "task_twice", "problem.tasks", "digit"),
        ({"source": (TARGET,)}, "domain_twice", "problem.source", TARGET),
        ({"target": (TARGET, TARGET)}, "domain_twice", "problem.target", TARGET),
        ({"unseen": (TARGET,)}, "domain_twice", "problem.target", TARGET),
        ({"target": ()}, "no_target", "problem.target", ()),
        ({"labels_per_class": 400}, "budget", "problem.labels_per_class", 400),
    ],
)
def test_a_problem_that_cannot_be_dealt_is_refused(changes, code, field, value):
    with pytest.raises(XferError) as caught:
        Problem(**changes).check()
    error = caught.value
    assert (error.code, error.field, error.value) == (code, field, value)
    sentence = str(error)
    assert sentence.startswith(f"{field} ")
    assert sentence.endswith(f"; found {value or 'nothing'}.")
    assert "\n" not in sentence


def test_the_sentence_names_the_largest_budget_that_works():
    with pytest.raises(XferError) as caught:
        Problem(labels_per_class=400).check()
    limit = caught.value.params["limit"]
    assert f"at most {limit}," in str(caught.value)
    Problem(labels_per_class=limit).check()
    with pytest.raises(XferError):
        Problem(labels_per_class=limit + 1).check()


def test_too_few_samples_for_a_split_is_refused(monkeypatch):
    monkeypatch.setattr("xfer_core.problems.problem.SPLIT_RATIOS", {**SPLIT_RATIOS, "target": (1.0, 0.0, 0.0)})
    with pytest.raises(XferError) as caught:
        split_problem(Problem(), 0)
    assert caught.value.code == "too_few_samples"
    assert TARGET in str(caught.value)


def test_a_domain_of_few_digits_leaves_the_other_its_share_of_them():
    data = split_problem(Problem(source=("digits.low",), target=("digits.handwritten",)), 0)
    counts = torch.bincount(data.training["digits.handwritten"].labelled.labels["digit"], minlength=10)
    assert counts.tolist() == [5] * 10
    low, whole = (sum(len(s) for (k, _), s in data.held_out.items() if k == key) for key in data.problem.roles())
    assert low > 0
    assert whole > low


def test_the_deal_of_the_digits_is_the_one_that_published_figures_were_measured_on():
    digest = hashlib.sha256()
    for name in PROBLEMS:
        for seed in (0, 3):
            for key, split, _, originals in everything(split_problem(PROBLEMS[name], seed)):
                digest.update(f"{name} {seed} {key} {split} {originals.tolist()}".encode())
    assert digest.hexdigest()[:16] == "1e02b2228920389d"


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_deal_without_pixels_deals_the_same(name):
    whole, bare = split_problem(PROBLEMS[name], 3), split_problem(PROBLEMS[name], 3, load_inputs=False)
    assert bare.classes == whole.classes
    assert bare.input_spec.shape == whole.input_spec.shape == PROBLEMS[name].input_spec().shape
    assert bare.held_out.keys() == whole.held_out.keys()
    pairs = [(bare.held_out[key], whole.held_out[key]) for key in whole.held_out]
    pairs += [(bare.training[key].labelled, whole.training[key].labelled) for key in whole.training]
    for without, with_pixels in pairs:
        assert torch.equal(without.example_ids, with_pixels.example_ids)
        assert all(torch.equal(without.labels[task], labels) for task, labels in with_pixels.labels.items())
        assert without.inputs.shape == with_pixels.inputs.shape
        assert without.inputs.is_meta
    for key, domain in whole.training.items():
        assert bare.training[key].unlabelled.shape == domain.unlabelled.shape
        assert bare.training[key].unlabelled.is_meta


# ---------------------------------------------------------------------- official test parts


def set_apart(monkeypatch, *keys: str) -> None:
    """Pretend that the makers of these domains set the originals with an odd number apart for tests."""

    def load(key, field="domain"):
        domain = load_domain(key, field)
        return replace(domain, official_test=domain.example_ids % 2 == 1) if key in keys else domain

    monkeypatch.setattr(problem_module, "load_domain", load)


@pytest.mark.parametrize("name", ["default", "two tasks", "four domains", "disjoint"])
def test_official_test_samples_are_the_test_split_and_nothing_else(name, monkeypatch):
    problem = PROBLEMS[name]
    before = list(everything(split_problem(problem, 1)))
    apart = {problem.target[0], *problem.unseen}
    set_apart(monkeypatch, *apart)
    after = list(everything(split_problem(problem, 1)))
    for key, split, _, originals in after:
        if key in apart:
            assert ((originals % 2 == 1) == (split == "test")).all()
    for key in apart:
        owned, tested = (
            sum(int((originals % 2).sum()) for k, split, _, originals in parts if k == key and split in splits)
            for parts, splits in ((before, ("train", "validation", "test")), (after, ("test",)))
        )
        assert tested == owned, "an official test sample is not tested on"
    for key in set(problem.roles()) - apart:
        one, other = ([(s, o.tolist()) for k, s, _, o in parts if k == key] for parts in (before, after))
        assert one == other, "a domain without an official test part is dealt as ever"


@pytest.mark.parametrize("role", ["source", "target"])
def test_training_and_validation_share_the_rest_in_proportion(role, monkeypatch):
    problem = Problem()
    key = getattr(problem, role)[0]
    set_apart(monkeypatch, key)
    data = split_problem(problem, 0)
    training = data.training[key]
    train, validation = len(training.labelled) + len(training.unlabelled), len(data.held_out[key, "validation"])
    share = SPLIT_RATIOS[role][0] / (SPLIT_RATIOS[role][0] + SPLIT_RATIOS[role][1])
    assert abs(train - share * (train + validation)) <= 0.5


@needs_data
@pytest.mark.usefixtures("real_data")
def test_mnist_and_usps_are_tested_on_their_own_test_parts():
    data = split_problem(Problem(source=("mnist",), target=("usps",)), 0)
    mnist, usps = load_domain("mnist"), load_domain("usps")
    for domain, splits in ((mnist, ("mnist", "test")), (usps, ("usps", "test"))):
        expected = domain.example_ids[domain.official_test]
        assert sorted(data.held_out[splits].example_ids.tolist()) == expected.tolist()
    assert len(data.training["mnist"].labelled) == round(60_000 * 0.8 / 0.9)
    usps_training = data.training["usps"]
    assert len(usps_training.labelled) == 50
    assert 50 + len(usps_training.unlabelled) + len(data.held_out["usps", "validation"]) == 7_291
    assert data.input_spec.shape == (1, 28, 28)
    other = split_problem(Problem(source=("digits.handwritten",), target=("digits.photo",), unseen=("usps",)), 0)
    assert len(other.held_out["usps", "test"]) == 2_007


# ---------------------------------------------------------------------- images of several shapes


@needs_data
@pytest.mark.usefixtures("real_data")
def test_images_of_a_problem_all_have_the_largest_shape():
    problem = Problem(source=("usps",), target=("digits.photo",))
    data = split_problem(problem, 0)
    assert data.input_spec.shape == problem.input_spec().shape == (3, 32, 32)
    parts = [data.training["usps"].labelled, *data.held_out.values(), data.training["digits.photo"].labelled]
    assert all(part.inputs.shape[1:] == (3, 32, 32) and part.inputs.dtype == torch.uint8 for part in parts)
    usps = data.training["usps"].labelled
    assert torch.equal(usps.inputs, resize_to(load_domain("usps").inputs[usps.example_ids], (3, 32, 32)))
    assert torch.equal(split_problem(problem, 0).training["usps"].labelled.inputs, usps.inputs)


def _weights(old: int, new: int) -> np.ndarray:
    """(new, old): what each old pixel counts in each new one; a triangle as wide as the coarser of both grids."""
    scale = max(old / new, 1.0)
    centres = (np.arange(new)[:, None] + 0.5) * old / new - 0.5
    triangle = np.clip(1 - np.abs(np.arange(old)[None] - centres) / scale, 0, None)
    return triangle / triangle.sum(1, keepdims=True)


@pytest.mark.parametrize("size", [(32, 32), (28, 40), (16, 14)])
def test_fitting_is_bilinear_and_antialiased(size):
    images = torch.from_numpy(np.random.default_rng(0).integers(256, size=(5, 1, 28, 28), dtype=np.uint8))
    rows, columns = (_weights(28, new) for new in size)
    fitted = resize_to(images, (3, *size))
    assert fitted.shape == (5, 3, *size)
    assert fitted.is_contiguous()
    assert torch.equal(fitted[:, 0], fitted[:, 1])
    assert torch.equal(fitted[:, 0], fitted[:, 2])
    for image, result in zip(images[:, 0].numpy(), fitted[:, 0].numpy(), strict=True):
        assert np.abs(rows @ image @ columns.T - result).max() <= 1.01  # torch works with whole numbers here


def test_fitting_treats_each_image_by_itself_and_leaves_a_fitting_one_alone():
    images = torch.from_numpy(np.random.default_rng(1).integers(256, size=(9, 1, 28, 28), dtype=np.uint8))
    assert resize_to(images, (1, 28, 28)) is images
    together = resize_to(images, (3, 32, 32))
    assert torch.equal(together, torch.cat([resize_to(image[None], (3, 32, 32)) for image in images]))
    assert torch.equal(together, resize_to(images, (3, 32, 32)))
