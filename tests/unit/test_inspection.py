"""Looking inside: each figure against a closed form or another implementation, then what it refuses."""

from __future__ import annotations

import math
from collections import OrderedDict
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix as counted
from torch import nn

from tests.support.colours import contrast
from tests.support.runs import trained_run
from tests.support.training import SMALL, SOURCE, TARGET
from xfer_core.analysis import feature_trajectory as trail_module
from xfer_core.analysis.calibration import calibration
from xfer_core.analysis.confusion import confusion_matrix, mistakes
from xfer_core.analysis.feature_trajectory import feature_trajectories
from xfer_core.analysis.filters import filter_pictures, filter_rotation, first_filters
from xfer_core.analysis.grad_cam import grad_cam, select_examples
from xfer_core.analysis.layer_drift import LayerDrift, layer_drift, relative_distance, stage_outputs
from xfer_core.analysis.prediction_changes import prediction_changes, sign_test
from xfer_core.analysis.predictions import Predictions, extract_features, from_logits, held_out_samples, predict_logits
from xfer_core.analysis.projection import fit_pca, standardize_scale, tsne
from xfer_core.analysis.snapshots_view import FINAL, final_of, load_snapshot, snapshot_refs
from xfer_core.charts.confusion import confusion_chart
from xfer_core.charts.feature_space import common_range, embedding_chart
from xfer_core.charts.layer_drift import cka_chart, distance_chart
from xfer_core.charts.palette import SOURCE as SOURCE_LOOK
from xfer_core.charts.reliability import reliability_chart
from xfer_core.charts.tiles import heatmap_overlay, upscale_pixels
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.networks import ArticleNet, LeNet, SmallCNN
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import open_store
from xfer_core.workspace import current_workspace

QUICK = ("training.steps=8", "training.batch_size=8", "training.evaluations=4", "network.width=4")
FORMS = (SMALL, ArticleNet(), LeNet())
DIGITS = tuple("0123456789")


@pytest.fixture
def random():
    return np.random.default_rng(0)


def said(labels, given, certainty=0.9, classes=4) -> Predictions:
    """Answers with one certainty for all."""
    chances = np.full((len(labels), classes), (1 - certainty) / (classes - 1))
    chances[np.arange(len(labels)), given] = certainty
    return Predictions(np.array(labels), chances)


@contextmanager
def refused(code: str):
    with pytest.raises(XferError) as caught:
        yield
    assert caught.value.code == code


def a_network(form=SMALL, seed=0, shape=(3, 16, 16)) -> Network:
    torch.manual_seed(seed)
    return form.build(ImageInput(*shape), {"digit": 10, "parity": 2}).eval()


def some_images(count=12, shape=(3, 16, 16)) -> torch.Tensor:
    return torch.randint(256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


# ---------------------------------------------------------------------- answers


def test_the_answers_give_the_accuracy_that_the_run_reported():
    run = trained_run(open_store())
    for domain in (SOURCE, TARGET):
        spec = parse_spec(run.spec)
        samples = held_out_samples(spec.problem, spec.seed, domain)
        outputs = predict_logits(load_snapshot(run, FINAL), samples.inputs, run.result["precision"])
        right = from_logits(samples.labels["digit"], outputs["digit"]).correct.mean()
        assert right == pytest.approx(run.result["metrics"][f"accuracy/{domain}/digit/test"], abs=1e-6)


def test_chances_are_the_softmax_of_the_outputs(random):
    outputs = random.normal(size=(5, 3)).astype(np.float32)
    found = from_logits(torch.zeros(5, dtype=torch.int64), torch.tensor(outputs))
    expected = np.exp(outputs.astype(float)) / np.exp(outputs.astype(float)).sum(1, keepdims=True)
    assert found.probabilities == pytest.approx(expected)
    assert (found.predicted == outputs.argmax(1)).all()
    assert found.confidence == pytest.approx(expected.max(1))


def test_features_are_what_the_heads_see():
    network, images = a_network(), some_images()
    features = extract_features(network, images)
    assert torch.equal(network.heads["parity"](features), predict_logits(network, images)["parity"])


def test_a_domain_of_another_problem_or_of_another_machine_is_refused(tmp_path, monkeypatch):
    with refused("unknown_choice"):
        held_out_samples(Problem(), 0, "mnist")
    monkeypatch.setenv("XFER_DATA", str(tmp_path))
    with refused("not_here"):
        held_out_samples(Problem(source=("mnist",)), 0, TARGET)


# ---------------------------------------------------------------------- confusion


def test_the_confusion_matrix_is_scikit_learns(random):
    labels, given = random.integers(0, 4, (2, 200))
    counts = confusion_matrix(said(labels, given), ("a", "b", "c", "d"))
    assert (counts.to_numpy() == counted(labels, given)).all()
    assert list(counts.index) == list(counts.columns) == ["a", "b", "c", "d"]


def test_classes_that_nobody_met_are_left_out_and_the_commonest_mistake_is_named():
    counts = confusion_matrix(said([0, 0, 0, 3, 3, 3], [0, 3, 3, 3, 3, 0]), ("a", "b", "c", "d"))
    assert counts.to_numpy().tolist() == [[1, 2], [1, 2]]
    assert mistakes(counts)[0] == ("a", "d", 2, 3)
    assert [count for *_names, count, _of in mistakes(counts)] == sorted(
        (count for *_names, count, _of in mistakes(counts)), reverse=True
    )
    assert mistakes(confusion_matrix(said([0, 1], [0, 1]), ("a", "b", "c", "d"))) == []


# ---------------------------------------------------------------------- fixed and broken


def test_fixed_and_broken_are_what_changed_the_surest_first():
    before = said([0, 1, 2, 3, 0], [0, 0, 0, 3, 1])
    after = said([0, 1, 2, 3, 0], [1, 1, 2, 3, 2])
    after.probabilities[2] = [0.01, 0.01, 0.97, 0.01]  # surer than of sample 1
    found = prediction_changes(before, after)
    assert found.corrected.tolist() == [2, 1]
    assert found.regressed.tolist() == [0]
    assert found.samples == 5
    back = prediction_changes(after, before)
    assert set(back.corrected) == set(found.regressed)
    assert set(back.regressed) == set(found.corrected)


@pytest.mark.parametrize(("heads", "tails"), [(0, 1), (5, 5), (34, 6), (6, 34), (200, 260), (0, 40)])
def test_chance_counts_the_tosses_that_differ_as_much(heads, tails):
    tosses = heads + tails
    extreme = [k for k in range(tosses + 1) if abs(2 * k - tosses) >= abs(heads - tails)]
    assert sign_test(heads, tails) == pytest.approx(sum(math.comb(tosses, k) for k in extreme) / 2**tosses)


def test_where_nothing_changed_chance_explains_all():
    same = said([0, 1, 2], [0, 2, 2])
    assert prediction_changes(same, same).p_value == sign_test(0, 0) == 1


# ---------------------------------------------------------------------- calibration


def test_the_calibration_error_is_a_plain_loop_over_bins(random):
    chances = random.dirichlet([0.4] * 5, 400)
    labels = random.integers(0, 5, 400)
    found = calibration(Predictions(labels, chances), bins=15)
    total = 0.0
    for m in range(15):
        inside = [i for i in range(400) if m / 15 < chances[i].max() <= (m + 1) / 15]
        if inside:
            right = np.mean([chances[i].argmax() == labels[i] for i in inside])
            total += len(inside) / 400 * abs(right - np.mean([chances[i].max() for i in inside]))
    assert found.error == pytest.approx(total)
    assert found.bins["samples"].sum() == 400


def test_half_right_and_wholly_sure_is_half_off():
    found = calibration(said([0, 1, 2, 3], [0, 1, 0, 0], certainty=1.0))
    assert (found.error, found.confidence, found.accuracy) == (0.5, 1.0, 0.5)
    assert found.bins[["low", "high", "samples"]].to_numpy().tolist() == [[0.9, 1.0, 4]]
    assert calibration(said([0] * 4, [0, 0, 0, 1], certainty=0.75)).error == pytest.approx(0)


@pytest.mark.parametrize("samples", [30, 1000])
def test_a_calibrated_network_reads_what_chance_alone_makes(random, samples):
    """Answers that are right as often as the network is sure have an error, and that is the one that is foretold."""
    found = []
    for _ in range(200):
        sure = random.uniform(0.5, 1, samples)
        right = random.random(samples) < sure
        found.append(calibration(Predictions((~right).astype(int), np.stack([sure, 1 - sure], 1))))
    errors, foretold = ([getattr(one, name) for one in found] for name in ("error", "by_chance"))
    assert np.mean(errors) == pytest.approx(np.mean(foretold), rel=0.1)
    assert np.mean(foretold) > 0.1 if samples == 30 else np.mean(foretold) < 0.04
    assert calibration(said([0, 1, 2, 3], [0, 1, 0, 0], certainty=1.0)).by_chance == 0


# ---------------------------------------------------------------------- feature space


def test_the_plane_is_that_of_the_singular_value_decomposition(random):
    parts = [random.normal(size=(30, 6)) * np.arange(1, 7) + i for i in range(3)]
    plane = fit_pca(parts)
    together = np.concatenate(parts)
    centred = together - together.mean(0)
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    assert np.abs((plane.directions * directions[:2]).sum(1)) == pytest.approx([1, 1])
    assert plane.share == pytest.approx((lengths[:2] ** 2).sum() / (lengths**2).sum())
    assert plane.project(together).mean(0) == pytest.approx([0, 0], abs=1e-9)
    for direction in plane.directions:
        assert direction[np.abs(direction).argmax()] > 0, "a sign that does not flip from one call to the next"


def test_turned_around_features_give_the_same_picture(random):
    x = random.normal(size=(40, 5)) * np.arange(1, 6)
    turn = np.linalg.qr(random.normal(size=(5, 5)))[0]
    one, other = fit_pca([x]).project(x), fit_pca([x @ turn]).project(x @ turn)
    assert np.abs(one) == pytest.approx(np.abs(other), abs=1e-8)


def test_features_of_one_number_lie_on_a_line_and_equal_ones_are_refused():
    placed = fit_pca([np.arange(5.0)[:, None]])
    assert placed.share == pytest.approx(1)
    assert placed.project(np.arange(5.0)[:, None])[:, 1].tolist() == [0] * 5
    for broken, code in ((np.ones((4, 3)), "constant"), (np.full((4, 3), math.nan), "not_all_finite")):
        with refused(code):
            fit_pca([broken])


def test_every_moment_is_brought_to_one_middle_and_size(random):
    x = random.normal(size=(50, 4)) * 3 + 7
    placed = standardize_scale(x)
    assert placed.mean(0) == pytest.approx([0] * 4, abs=1e-12)
    assert np.trace(placed.T @ placed) / 50 == pytest.approx(1)
    assert standardize_scale(5 * x - 2) == pytest.approx(placed)
    assert not standardize_scale(np.ones((3, 2))).any()


def test_tsne_keeps_neighbours_together_says_how_far_it_is_and_repeats_itself(random):
    groups = np.repeat([0, 1, 2], 20)
    features = random.normal(size=(60, 8)) + 20 * random.normal(size=(3, 8))[groups]
    told = []
    places = tsne(features, told.append)
    away = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(60)
    assert (groups[away.argmin(1)] == groups).all()
    assert told == sorted(told)
    assert 0 < told[0] < 0.1
    assert told[-1] == 1
    assert np.array_equal(tsne(features), places)
    with refused("few_samples"):
        tsne(features[:3])


def test_a_trail_has_every_moment_and_runs_of_one_beginning_share_the_plane(monkeypatch):
    monkeypatch.setattr(trail_module, "MOST", 20)
    store = open_store()
    runs = [trained_run(store, f"strategy.kind={kind}") for kind in ("fine_tune", "source_only")]
    both = feature_trajectories([(run, snapshot_refs(run)) for run in runs], (SOURCE, TARGET), "digit")
    alone = feature_trajectories([(runs[0], snapshot_refs(runs[0]))], (SOURCE, TARGET), "digit")[0]
    assert both[0].share == both[1].share
    assert len(alone.points) == 40 * len(snapshot_refs(runs[0]))
    assert set(alone.points["label"]) <= set(DIGITS)
    assert all(0 <= apart <= 2 for apart in alone.apart)
    begun = [trail.points[trail.points["moment"] == 0][["x", "y"]].to_numpy() for trail in both]
    assert begun[0] == pytest.approx(begun[1]), "one seed, one beginning"
    other_seed = trained_run(store, "seed=1")
    apart = feature_trajectories(
        [(run, snapshot_refs(run)) for run in (runs[0], other_seed)], (SOURCE, TARGET), "digit"
    )
    assert apart[0].points.equals(alone.points), "networks of other beginnings share no plane"


# ---------------------------------------------------------------------- moments


def test_the_moments_are_the_snapshots_one_a_step_and_the_end():
    run = trained_run(open_store(), "strategy.kind=lp_ft")
    moments = snapshot_refs(run)
    assert [(m.step, m.index, m.reset) for m in moments if m.index is not None] == [
        (0, 0, False),
        (4, 1, True),
        (6, 2, False),
    ]
    assert [m.step for m in moments] == [0, 2, 4, 6, 8]
    assert moments[-1] == final_of(run)
    last, end = (load_snapshot(run, key).state_dict() for key in ("step-00000008", FINAL))
    assert all(torch.equal(value, end[name]) for name, value in last.items()), "the rule took the last step"
    with refused("no_snapshots"):
        load_snapshot(run, "step-00000099")


def test_a_run_without_snapshots_or_without_weights_is_refused_by_name():
    run = trained_run(open_store())
    for path in (current_workspace().artifacts(run.id) / "snapshots").iterdir():
        path.unlink()
    with refused("no_snapshots"):
        snapshot_refs(run)
    (current_workspace().artifacts(run.id) / "weights.safetensors").unlink()
    with refused("no_weights"):
        load_snapshot(run, FINAL)


# ---------------------------------------------------------------------- what moved


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind)
def test_a_stage_that_is_scaled_moved_by_that_much_and_only_it(form):
    before, after = a_network(form), a_network(form)
    names = list(before.stages)
    with torch.no_grad():
        for parameter in after.stages[names[1]].parameters():
            parameter.mul_(1.25)
        after.heads["parity"].weight.zero_()  # another task's head is not looked at
    rows = layer_drift(before, after, some_images(40), "digit")
    assert [row.stage for row in rows] == [*names, "head"]
    assert [row.relative_l2 for row in rows] == pytest.approx([0, 0.25, *[0] * (len(names) - 1)], abs=1e-7)
    assert rows[0].cka == pytest.approx(1)
    assert all(-1 <= row.cka <= 1 + 1e-9 for row in rows)
    assert [row.width for row in rows] == [x.shape[1] for x in stage_outputs(before, some_images(2), "digit").values()]


def test_the_distance_is_that_of_one_long_vector():
    one, other = nn.Linear(3, 2), nn.Linear(3, 2)
    a, b = (np.concatenate([p.detach().numpy().ravel() for p in layer.parameters()]) for layer in (one, other))
    assert relative_distance(one, other) == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a))
    assert relative_distance(nn.Flatten(), nn.Flatten()) is None
    nn.init.zeros_(one.weight)
    nn.init.zeros_(one.bias)
    assert relative_distance(one, other) is None


def test_a_dead_stage_is_like_nothing():
    before, after = a_network(ArticleNet()), a_network(ArticleNet())
    with torch.no_grad():
        after.stages["linear"][1].weight.zero_()
        after.stages["linear"][1].bias.fill_(-1)
    rows = {row.stage: row for row in layer_drift(before, after, some_images(), "digit")}
    assert rows["linear"].cka is None
    assert rows["conv2"].cka == pytest.approx(1)


def test_of_three_samples_no_likeness_is_computed():
    assert {row.cka for row in layer_drift(a_network(), a_network(), some_images(3), "digit")} == {None}


def test_stage_outputs_are_means_over_places_and_end_in_the_logits():
    network, images = a_network(), some_images()
    outputs = stage_outputs(network, images, "digit")
    with torch.inference_mode():
        first = network.stages["conv1"](network.spec.to_float(images, torch.device("cpu")))
    assert torch.allclose(outputs["conv1"], first.mean((2, 3)))
    assert torch.allclose(outputs["head"], predict_logits(network, images)["digit"], atol=1e-6)


# ---------------------------------------------------------------------- filters


@pytest.mark.parametrize("form", [*FORMS, SmallCNN(width=8)], ids=lambda form: form.kind)
def test_the_first_filters_are_the_weights_next_to_the_picture(form):
    network = a_network(form)
    filters = first_filters(network)
    name, weight = next(iter(network.named_parameters()))
    assert name.startswith("stages.conv1.")
    assert torch.equal(filters, weight.detach())


def test_filters_share_one_scale_and_turn_by_an_angle():
    one = torch.zeros(3, 3, 2, 2)
    one[0, 0, 0, 0], one[1, 0, 0, 0], one[2, 2, 1, 1] = 1, 1, -2
    other = torch.zeros(3, 3, 2, 2)
    other[0, 0, 0, 0], other[1, 1, 0, 0] = 3, 4
    pictures = filter_pictures([one, other])
    assert pictures[1][1, 1, 0, 0] == 255, "the largest of all"
    assert pictures[0][0, 0, 0, 0] == round(127.5 + 127.5 / 4)
    assert pictures[0][2, 2, 1, 1] == round(127.5 - 127.5 / 2)
    assert filter_pictures([torch.ones(2, 5, 3, 3)])[0].shape == (2, 1, 3, 3), "no colours but of three channels"
    angles = filter_rotation(one, other)
    assert angles[:2] == pytest.approx([0, 90])
    assert math.isnan(angles[2])


# ---------------------------------------------------------------------- where it looked


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind)
def test_grad_cam_is_the_formula_by_hand(form):
    network, images = a_network(form), some_images(5)
    classes = torch.tensor([3, 1, 4, 1, 5])
    layer = [module for module in network.modules() if isinstance(module, nn.Conv2d)][-1]
    kept = {}
    handle = layer.register_forward_hook(lambda _m, _i, output: kept.setdefault("maps", output))
    logits = network(network.spec.to_float(images, torch.device("cpu")))["digit"]
    handle.remove()
    (slopes,) = torch.autograd.grad(logits[torch.arange(5), classes].sum(), kept["maps"])
    maps = (slopes.mean((2, 3), keepdim=True) * kept["maps"]).sum(1, keepdim=True).relu()
    large = nn.functional.interpolate(maps, (16, 16), mode="bilinear")[:, 0].detach().numpy()
    expected = large / np.maximum(large.max((1, 2), keepdims=True), 1e-30)
    found = grad_cam(network, images, "digit", classes)
    assert found.shape == (5, 16, 16)
    assert found == pytest.approx(expected, abs=1e-5)
    assert not np.isnan(found).any()


def test_a_network_without_convolution_is_refused_by_name():
    network = Network(
        OrderedDict(linear=nn.Sequential(nn.Flatten(), nn.Linear(768, 4))), 4, {"digit": 10}, ImageInput(3, 16, 16)
    )
    for ask in (
        lambda: first_filters(network),
        lambda: grad_cam(network, some_images(2), "digit", torch.zeros(2).long()),
    ):
        with refused("no_convolution"):
            ask()


def test_worth_looking_at_are_the_surest_mistakes_and_one_right_answer_of_each_class():
    answers = said([2, 2, 1, 0, 0, 3], [2, 2, 1, 0, 1, 0])
    answers.probabilities[1] = [0, 0, 1, 0]
    answers.probabilities[5] = [1, 0, 0, 0]
    wrong, right = select_examples(answers, 2)
    assert wrong.tolist() == [5, 4]
    assert right.tolist() == [3, 2]
    assert select_examples(answers, 9)[1].tolist() == [3, 2, 1]


# ---------------------------------------------------------------------- pictures


@pytest.mark.parametrize("dark", [False, True])
def test_the_confusion_picture_holds_every_number_once(dark):
    counts = confusion_matrix(said([0, 0, 1, 2], [0, 1, 1, 0]), ("a", "b", "c", "d"))
    right, wrong, labels = confusion_chart(counts, dark, "answer", "class").data
    said_there = dict(zip(zip(labels.y, labels.x, strict=True), labels.text, strict=True))
    assert said_there == {("a", "a"): "1", ("a", "b"): "1", ("b", "b"): "1", ("c", "a"): "1"}
    cells = {"light": {0.5: "#79B4D8", 1.0: "#0072B2"}, "dark": {0.5: "#396C8A", 1.0: "#56B4E9"}}
    for place, colour in zip(zip(labels.y, labels.x, strict=True), labels.textfont.color, strict=True):
        if place[0] == place[1]:
            cell = cells["dark" if dark else "light"][0.5 if place[0] == "a" else 1.0]
            assert contrast(colour, cell) >= 4.5, place
    assert np.nansum(right.z) == pytest.approx(0.5 + 1 + 0)
    assert np.nansum(wrong.z) == pytest.approx(0.5 + 1)


def test_the_embedding_glides_through_all_moments_with_axes_that_stay(monkeypatch):
    monkeypatch.setattr(trail_module, "MOST", 20)
    run = trained_run(open_store())
    moments = snapshot_refs(run)
    (trail,) = feature_trajectories([(run, moments)], (SOURCE, TARGET), "digit")
    ranges = common_range([trail.points])
    roles, titles = {SOURCE: "source", TARGET: "target"}, {SOURCE: "S", TARGET: "T"}
    names = [str(moment.step) for moment in moments]
    figure = embedding_chart(trail.points, roles, titles, names, False, ranges, DIGITS)
    assert len(figure.frames) == len(figure.layout.sliders[0].steps) == len(moments)
    for i, frame in enumerate(figure.frames):
        drawn = {(x, y) for trace in frame.data for x, y in zip(trace.x, trace.y, strict=True)}
        here = trail.points[trail.points["moment"] == i]
        assert set(zip(here["x"], here["y"], strict=True)) <= drawn
        for axis, (low, high) in zip(("x", "y"), ranges, strict=True):
            assert here[axis].between(low, high).all()
    for trace, last in zip(figure.data, figure.frames[-1].data, strict=False):
        assert list(trace.x) == list(last.x), "it opens on the last moment, traces and frames in one order"
    symbols = {trace.marker.symbol for trace in figure.data if trace.mode == "markers" and trace.showlegend is not None}
    assert symbols == {"circle-open", "diamond"}
    play, stop = figure.layout.updatemenus[0].buttons
    assert play.args[0] is None, "all frames, from the first one on"
    assert list(stop.args[0]) == [None]
    domains = embedding_chart(trail.points, roles, titles, names, False, ranges, DIGITS, by_domain=True)
    for trace in domains.data:
        if trace.mode == "markers" and trace.legendgroup == SOURCE:
            assert trace.marker.color == SOURCE_LOOK.light
    assert [trace.name for trace in domains.data if trace.showlegend is None] == ["S", "T"], "the legend"


def test_bars_of_what_moved_and_of_reliability_are_the_numbers():
    rows = layer_drift(a_network(), a_network(seed=1), some_images(40), "digit")
    (far,), (alike,) = distance_chart(rows, False, "far", 2.0).data, cka_chart(rows, False, "alike").data
    assert list(far.x) == [row.relative_l2 for row in rows]
    assert list(alike.x) == [row.cka for row in rows]
    below = [LayerDrift("conv1", 0.5, -0.0004, 8), LayerDrift("conv2", 0.5, -0.3, 8)]
    figure = cka_chart(below, False, "alike")
    assert figure.data[0].text == ("0.00", "−0.30")
    assert figure.layout.xaxis.range[0] < -0.3, "a bar below 0 is drawn whole"
    found = calibration(said([0, 1, 2, 3], [0, 1, 0, 0], certainty=0.55))
    bars, line = reliability_chart(found.bins, True, "sure", "right", ("a", "b")).data
    assert (list(bars.x), list(bars.y), list(line.x)) == ([0.55], [0.5], [0, 1])


def test_tiles_are_whole_pixels_and_the_glow_lies_where_the_heat_is():
    image = torch.full((1, 4, 4), 100, dtype=torch.uint8)
    assert upscale_pixels(image, 10).shape == (12, 12, 3)
    heat = np.zeros((4, 4))
    heat[0, 0] = 1
    picture = heatmap_overlay(image, heat, 10)
    assert picture.shape == (12, 28, 4)
    warm = picture[:, 16:, :3].astype(int)
    assert (warm[3:, 3:] == 100).all()
    assert warm[0, 0, 0] > warm[0, 0, 2] + 50


def test_the_words_of_the_axes_are_read_on_either_theme():
    rows = layer_drift(a_network(), a_network(seed=1), some_images(40), "digit")
    for dark, page in ((False, "#FFFFFF"), (True, "#12161C")):
        found = calibration(said([0, 1, 2, 3], [0, 1, 0, 0], certainty=0.55))
        for figure in (
            cka_chart(rows, dark, "alike"),
            distance_chart(rows, dark, "far", 1.0),
            reliability_chart(found.bins, dark, "sure", "right", ("a", "b")),
            confusion_chart(confusion_matrix(said([0, 1], [1, 0]), ("a", "b")), dark, "answer", "class"),
        ):
            for axis in (figure.layout.xaxis, figure.layout.yaxis):
                assert contrast(axis.tickfont.color, page) >= 4.5
                assert contrast(axis.title.font.color, page) >= 4.5
