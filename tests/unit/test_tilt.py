"""The tilt of a digit: against shapes whose slant is known, and as a task that every strategy learns or refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.support.training import SMALL, Recorder, settings, trained, trainer
from xfer_core.analysis.measure import metric_text
from xfer_core.domains import domain_info, domain_keys, load_domain
from xfer_core.domains.published import SETS
from xfer_core.domains.tilt import tilt
from xfer_core.errors import XferError, format_error
from xfer_core.objectives.regression import squared_error
from xfer_core.problems.problem import Problem, split_problem
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies import STRATEGIES
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.strategies.joint.joint import Joint
from xfer_core.training import TrainingConfig

BOTH = Problem(tasks=("digit", "tilt"))


def stroke(slant: float, size: int = 65) -> torch.Tensor:
    """A line through the middle that moves ``slant`` pixels to the right for every pixel upwards."""
    image = torch.zeros(size, size)
    middle = size // 2
    for row in range(10, size - 10):
        image[row, round(middle + slant * (middle - row))] = 1
    return image


@pytest.mark.parametrize("slant", [0.0, 0.5, 1.0, -0.25, -1.0])
def test_the_tilt_of_a_line_is_its_angle(slant):
    assert tilt(stroke(slant)[None]).item() == pytest.approx(math.degrees(math.atan(slant)), abs=1)


def test_tilt_against_moments_written_out_in_numpy():
    images = np.random.default_rng(0).random((7, 9, 12))
    expected = []
    for image in images:
        y, x = np.mgrid[8:-1:-1, 0:12]
        mean_x, mean_y = (np.average(place, weights=image) for place in (x, y))
        mu11, mu02 = (image * (x - mean_x) * (y - mean_y)).sum(), (image * (y - mean_y) ** 2).sum()
        expected.append(np.degrees(np.arctan(mu11 / mu02)))
    np.testing.assert_allclose(tilt(torch.from_numpy(images)).numpy(), expected, rtol=1e-5)


def test_tilt_ignores_place_and_brightness_and_changes_sign_in_a_mirror():
    image = stroke(0.5)[None]
    assert torch.equal(tilt(image), tilt(image * 3))
    assert tilt(image.roll((3, -5), (1, 2))).item() == pytest.approx(tilt(image).item(), abs=1e-4)
    assert tilt(image.flip(2)).item() == pytest.approx(-tilt(image).item(), abs=1e-4)
    assert tilt(torch.zeros(1, 8, 8)).item() == 0


def test_rotated_digits_lean_to_the_left_and_colours_change_nothing():
    upright, turned = (load_domain(f"digits.{name}").tasks["tilt"].labels for name in ("handwritten", "rotated"))
    assert (turned < upright).float().mean() > 0.95
    for name in ("photo", "inverted", "noisy"):
        assert torch.equal(load_domain(f"digits.{name}").tasks["tilt"].labels, upright)


def test_every_domain_of_digits_has_the_task():
    """Except house numbers, whose tilt is that of the street, and EMNIST."""
    ours = [key for key in domain_keys() if "digit" in domain_info(key).tasks and key not in SETS]
    assert all(domain_info(key).tasks["tilt"] == () for key in ours)


def test_squared_error_is_in_the_square_of_the_unit():
    outputs, values = torch.tensor([[1.0], [-2.0]]), torch.tensor([4.0, -2.0])
    assert squared_error(outputs, values).tolist() == [9.0, 0.0]
    assert squared_error(outputs.bfloat16(), values).dtype == torch.float32


def test_the_error_that_is_measured_is_the_mean_distance_in_degrees():
    run = trainer(Joint(), problem=BOTH)
    run.run()
    images = run.data.held_out["digits.photo", "test"].inputs.float() / 255
    truth = run.data.held_out["digits.photo", "test"].labels["tilt"]
    run.network.eval()
    with torch.inference_mode():
        expected = (run.network(images)["tilt"][:, 0] - truth).abs().mean()
    assert run.evaluator.evaluate(run.network, "test")["error/digits.photo/tilt/test"] == pytest.approx(float(expected))


def test_a_network_learns_to_see_the_tilt():
    problem = Problem(target=("digits.noisy",), tasks=("tilt",), labels_per_class=0)
    told = Recorder()
    run = trainer(Joint(weights={"digits.handwritten/tilt": 1}), problem=problem, callback=told,
                  training=settings(150, batch_size=32))  # fmt: skip
    result = run.run()
    guess = run.data.held_out["digits.handwritten", "test"].labels["tilt"].abs().mean()
    assert result.metrics["error/digits.handwritten/tilt/test"] < 0.7 * guess


@pytest.mark.parametrize("form", STRATEGIES, ids=lambda form: form.kind_name())
def test_every_strategy_learns_a_number_or_is_refused_with_the_nearest_that_does(form):
    spec = RunSpec(strategy=form(), problem=BOTH, network=SMALL, training=TrainingConfig(steps=6, batch_size=4))
    if form.needs.classes:
        with pytest.raises(XferError, match="tasks with classes") as refused:
            spec.check()
        assert (refused.value.field, refused.value.value) == ("problem.tasks", "tilt")
        RunSpec(strategy={"kind": form.needs.alternative}, problem=BOTH).check()  # pyright: ignore[reportArgumentType]
        return
    spec.check()
    assert all(weight.isfinite().all() for weight in trained(form(), problem=BOTH, training=settings(6)).values())


def test_mcd_needs_classes():
    assert {form.kind_name() for form in STRATEGIES if form.needs.classes} >= {"mcd", "cdan"}


@pytest.mark.parametrize("augment", ["rotation", "flip"])
def test_images_are_not_turned_where_their_tilt_is_learned(augment):
    spec = parse_spec({"problem": {"tasks": ["digit", "tilt"]}, "training": {"augment": ["shift", augment]}})
    with pytest.raises(XferError) as refused:
        spec.check()
    sentence = f"training.augment must not rotate or mirror inputs where their tilt is to be learned; found {augment}."
    assert format_error(refused.value) == f"{sentence} This works: set training.augment to shift."


def test_weights_inside_a_domain_that_look_at_classes_are_refused():
    with pytest.raises(XferError, match=r"strategy\.scheme must be one of uniform"):
        RunSpec(problem=BOTH, strategy=Generalised(scheme="hard")).check()


def test_a_number_counts_as_one_class_of_the_label_budget():
    data = split_problem(Problem(tasks=("tilt",), labels_per_class=7), 0)
    assert len(data.training["digits.photo"].labelled) == 7


def test_a_run_may_be_judged_by_its_error():
    spec = RunSpec(problem=Problem(tasks=("tilt", "digit")))
    assert spec.target_metric() == "error/digits.photo/tilt/test"
    assert metric_text(spec.target_metric(), 4.25) == "4.2°"
    assert metric_text("accuracy/a/b/test", 0.5) == "50.0 %"
