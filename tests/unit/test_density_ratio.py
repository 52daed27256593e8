"""Weights by likeness to the target, and from a table: against densities that are known, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.support.training import SOURCE, TARGET, small_problem, trained, trainer
from xfer_core.errors import XferError
from xfer_core.measures.density_ratio import density_ratio
from xfer_core.modalities import ImageInput
from xfer_core.problems.problem import Problem, split_problem
from xfer_core.runs.spec import parse_spec
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.strategies.generalised.sample_weight_table import parse_table


def flat(brightness: np.ndarray) -> torch.Tensor:
    """Descriptors of images of one brightness each, which is then all that a classifier can go by."""
    images = torch.from_numpy(brightness.clip(0, 255).astype(np.uint8))[:, None, None, None].expand(-1, 3, 8, 8)
    return ImageInput(3, 8, 8).descriptors(images)


def test_weights_follow_the_ratio_of_two_known_densities():
    random = np.random.default_rng(0)
    # Normal densities of equal width: log p_wanted / p_samples is a straight line with slope (m_w − m_s) / σ².
    samples, wanted = random.normal(110, 30, 4000), random.normal(130, 30, 4000)
    weights = density_ratio(flat(samples), flat(wanted)).numpy()
    inside = (samples > 60) & (samples < 180)
    slope = np.polyfit(samples[inside], np.log(weights[inside]), 1)[0]
    assert slope == pytest.approx(20 / 30**2, rel=0.25)
    assert weights.mean() == pytest.approx(1, abs=1e-5)


def test_samples_of_the_same_kind_weigh_about_the_same():
    random = np.random.default_rng(1)
    weights = density_ratio(flat(random.normal(128, 20, 2000)), flat(random.normal(128, 20, 2000)))
    assert weights.std() < 0.2


def test_no_sample_weighs_more_than_the_limit_allows():
    random = np.random.default_rng(2)
    samples = np.r_[random.normal(40, 5, 990), random.normal(200, 5, 10)]
    weights = density_ratio(flat(samples), flat(random.normal(200, 5, 1000)))
    assert weights[:990].max() < weights[990:].min()
    assert weights.isfinite().all()
    assert len(weights[990:].unique()) == 1, "all ten were cut at the limit"


def test_the_scheme_weighs_the_source_by_its_likeness_to_the_unlabelled_target():
    run = trainer(Generalised(scheme="likeness"))
    describe = run.data.input_spec.descriptors
    samples, wanted = run.data.training[SOURCE].labelled.inputs, run.data.training[TARGET].unlabelled
    expected = density_ratio(describe(samples), describe(wanted))
    torch.testing.assert_close(run.context.state["weights"][SOURCE], expected)
    shares = run.sample_weights()
    torch.testing.assert_close(shares[SOURCE], 0.5 * expected / len(expected))
    assert shares[TARGET].std() < 1e-7, "the target is like itself"


@pytest.mark.parametrize(
    ("task", "budget", "left", "instead"),
    [
        ("digit", "all", 0, "class_balanced"),
        ("tilt", "all", 0, "uniform"),  # class_balanced is refused for a task that asks for a number
        ("tilt", 449, 0, "uniform"),  # every training sample of the target, said as a number
        ("tilt", 448, 1, "uniform"),
    ],
)
def test_the_scheme_needs_two_target_samples_without_labels_however_the_budget_is_said(task, budget, left, instead):
    settings = [f'problem.tasks=["{task}"]', "training.augment=[]", f"problem.labels_per_class={budget}"]
    settings.append("strategy.kind=generalised")
    with pytest.raises(XferError) as caught:
        parse_spec({}, [*settings, "strategy.scheme=likeness"]).check()
    assert str(caught.value) == (
        f"problem.labels_per_class must leave at least two target samples without labels to compare with, not {left}; "
        f"found {budget}. This works: set strategy.scheme to {instead}."
    )
    parse_spec({}, [*settings, f"strategy.scheme={instead}"]).check()


def test_two_target_samples_without_labels_are_enough():
    spec = parse_spec({}, ["strategy.kind=generalised", "strategy.scheme=likeness", 'problem.tasks=["tilt"]',
                           "training.augment=[]", "problem.labels_per_class=447"])  # fmt: skip
    spec.check()
    weights = spec.strategy.state(split_problem(spec.problem, spec.seed))["weights"][SOURCE]
    assert weights.isfinite().all()
    assert weights.mean().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("counts", [(1, 5), (5, 1), (5, 0)])
def test_one_image_alone_cannot_be_told_apart(counts):
    samples, wanted = (flat(np.full(count, 99.0)) for count in counts)
    with pytest.raises(XferError, match="must hold at least 2 samples"):
        density_ratio(samples, wanted)


@pytest.mark.parametrize("scheme", ["likeness", "table"])
def test_a_term_is_the_weighted_mean_of_the_losses_of_the_very_samples_drawn(scheme):
    table = "domain,class,weight\ndigits.handwritten,7,3\ndigits.handwritten,1,0"
    run = trainer(Generalised(scheme=scheme, table=table if scheme == "table" else ""))
    images, labels, positions = run.samplers[SOURCE].next_batch(8)
    from xfer_core.strategies import Batch

    plain = trainer(Generalised())
    plain.network.load_state_dict(run.network.state_dict())
    batch = {SOURCE: Batch(images, labels, positions)}
    weights = run.context.state["weights"][SOURCE][positions]
    own, uniform = run.strategy.terms(batch, run.context), plain.strategy.terms(batch, plain.context)
    torch.testing.assert_close(own[SOURCE], weights * uniform[SOURCE])


def test_a_table_by_class_and_by_sample_is_scaled_to_mean_one():
    domain = small_problem(Problem(), 0).training[SOURCE]
    digits, originals = domain.labelled.labels["digit"], domain.labelled.example_ids
    classes = tuple("0123456789")
    by_class = parse_table("domain,class,weight\ndigits.handwritten,7,3", Problem()).weights(domain, classes, "digit")
    raw = torch.where(digits == 7, 3.0, 1.0)
    torch.testing.assert_close(by_class, raw / raw.mean())
    first = int(originals[0])
    by_sample = parse_table(f"Domain, Sample, Weight\ndigits.handwritten, {first}, 0\n\n", Problem())
    weights = by_sample.weights(domain, classes, "digit")
    assert weights[0] == 0
    assert weights.mean().item() == pytest.approx(1)
    assert len(weights[1:].unique()) == 1


def test_a_table_of_ones_is_uniform_to_the_last_bit():
    ones = "domain,class,weight\ndigits.handwritten,0,1"
    uniform, table = trained(Generalised()), trained(Generalised(scheme="table", table=ones))
    assert all(torch.equal(uniform[name], table[name]) for name in uniform)
