"""Networks: their stages and heads, what the freeze board says of them, and what a name in ``frozen`` stands for."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.training import NETWORK_CONFIGS
from xfer_core.analysis.filters import first_filters
from xfer_core.analysis.grad_cam import last_convolution
from xfer_core.analysis.layer_drift import layer_drift
from xfer_core.domains import domain_info, load_domain
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.networks import MLP, NETWORKS, ArticleNet, LeNet, Pixels, SmallCNN

SHAPE = ImageInput(3, 32, 32)
OUTPUTS = {"digit": 10, "parity": 2}
# Not every network need go through every strategy, as NETWORK_FORMS do; here each does, in each of its forms.
FORMS = (*NETWORK_CONFIGS, LeNet(), LeNet(batch_norm=True), Pixels())
every_network = pytest.mark.parametrize("form", FORMS, ids=repr)
every_network_with_stages = pytest.mark.parametrize("form", FORMS[:-1], ids=repr)


def test_every_network_of_the_tuple_is_tested_here():
    assert {type(form) for form in FORMS} == {
        form
        for form in NETWORKS
        if form.accepts(SHAPE) and not form.caches_features  # test_efficientnet_lite0.py
    }
    assert len({form.kind_name() for form in NETWORKS}) == len(NETWORKS)


@every_network
def test_a_network_is_stages_then_heads(form):
    network = form.build(SHAPE, OUTPUTS).eval()
    images = torch.rand(2, *SHAPE.shape)
    x = images
    for stage in network.stages.values():
        x = stage(x)
    features = network.features(images)
    assert torch.equal(features, x.flatten(1))
    outputs = network(images)
    assert {task: tuple(logits.shape) for task, logits in outputs.items()} == {"digit": (2, 10), "parity": (2, 2)}
    for task, head in network.heads.items():
        assert torch.equal(outputs[task], features @ head.weight.T + head.bias) or torch.allclose(
            outputs[task], features @ head.weight.T + head.bias, atol=1e-6
        )


@every_network
def test_samples_do_not_see_each_other_in_evaluation(form):
    network = form.build(SHAPE, OUTPUTS).eval()
    images = torch.rand(3, *SHAPE.shape)
    together = network(images)["digit"]
    alone = torch.cat([network(image[None])["digit"] for image in images])
    torch.testing.assert_close(together, alone)


@every_network
def test_the_freeze_board_counts_what_is_there(form):
    network = form.build(SHAPE, OUTPUTS).eval()
    rows = form.summary(SHAPE, OUTPUTS)
    assert [row["name"] for row in rows] == list(network.freezable_units()) == [*network.stages, "head"]
    assert sum(row["parameters"] for row in rows) == sum(p.numel() for p in network.parameters())
    shapes = {}
    for name, stage in network.stages.items():
        stage.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
    network(torch.rand(1, *SHAPE.shape))
    parameters = dict(network.named_parameters())
    for row in rows:
        own = [name for name in network.parameter_names(row["name"]) if name in parameters]
        assert row["parameters"] == sum(parameters[name].numel() for name in own)
        assert row["shape"] == shapes.get(row["name"], (12,))


@every_network
def test_describing_draws_nothing_from_the_global_generator(form):
    before = torch.random.get_rng_state()
    form.summary(SHAPE, OUTPUTS)
    assert torch.equal(torch.random.get_rng_state(), before)


@every_network
def test_initial_weights_are_the_seeds_and_new_heads_touch_heads_only(form):
    def build(seed):
        torch.manual_seed(seed)
        return form.build(SHAPE, OUTPUTS)

    one, again, other = build(1), build(1), build(2)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), again.state_dict().values(), strict=True))
    assert not torch.equal(one.heads["digit"].weight, other.heads["digit"].weight)
    one.reset_parameters("heads")
    changed = {name for name, tensor in one.state_dict().items() if not torch.equal(tensor, again.state_dict()[name])}
    assert changed == set(one.parameter_names("head"))


def test_the_article_net_is_the_articles():
    rows = {row["name"]: row for row in ArticleNet().summary(SHAPE, {"class": 10})}
    assert {name: row["parameters"] for name, row in rows.items()} == {
        "conv1": 32 * (3 * 3 * 3) + 32,
        "conv2": 64 * (32 * 3 * 3) + 64,
        "linear": 64 * 8 * 8 * 512 + 512,
        "head": 512 * 10 + 10,
    }
    assert [row["shape"] for row in rows.values()] == [(32, 16, 16), (64, 8, 8), (512,), (10,)]
    network = ArticleNet().build(SHAPE, {"class": 10})
    layers = [type(layer) for stage in network.stages.values() for layer in stage]
    assert layers == [nn.Conv2d, nn.ReLU, nn.MaxPool2d] * 2 + [nn.Flatten, nn.Linear, nn.ReLU]
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert all((c.kernel_size, c.padding, c.stride) == ((3, 3), (1, 1), (1, 1)) for c in convolutions)


@pytest.mark.parametrize("width", [4, 16])
def test_the_small_net_grows_with_its_width(width):
    w = width
    rows = SmallCNN(width=w).summary(SHAPE, {"digit": 10})
    assert [row["parameters"] for row in rows] == [
        9 * 3 * w + 2 * w,
        9 * w * 2 * w + 4 * w,
        9 * 2 * w * 4 * w + 8 * w,
        10 * (4 * w * 4 * 4) + 10,
    ]
    assert [row["shape"] for row in rows] == [(w, 16, 16), (2 * w, 8, 8), (4 * w, 4, 4), (10,)]


def test_lenet_is_the_usual_one_for_digits():
    rows = {row["name"]: row for row in LeNet().summary(ImageInput(1, 28, 28), {"digit": 10})}
    assert {name: row["parameters"] for name, row in rows.items()} == {
        "conv1": 20 * 5 * 5 + 20,
        "conv2": 50 * (20 * 5 * 5) + 50,
        "linear": 500 * 800 + 500,
        "head": 10 * 500 + 10,
    }
    assert sum(row["parameters"] for row in rows.values()) == 431_080  # as in Caffe's example
    assert [row["shape"] for row in rows.values()] == [(20, 12, 12), (50, 4, 4), (500,), (10,)]
    network = LeNet().build(ImageInput(1, 28, 28), {"digit": 10})
    layers = [type(layer) for stage in network.stages.values() for layer in stage]
    assert layers == [nn.Conv2d, nn.MaxPool2d, nn.ReLU] * 2 + [nn.Flatten, nn.Linear, nn.ReLU]
    assert not list(network.buffers())


def test_lenet_with_batch_norm_normalises_after_each_convolution():
    network = LeNet(batch_norm=True).build(ImageInput(1, 28, 28), {"digit": 10})
    for stage in ("conv1", "conv2"):
        assert [type(layer) for layer in network.stages[stage]] == [nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.ReLU]
        assert f"stages.{stage}.norm.running_mean" in network.expand_names([stage])
    seen = {}
    network.stages["conv1"].norm.register_forward_hook(lambda _, __, out: seen.update(out=out))
    network.train()(torch.rand(16, 1, 28, 28))
    torch.testing.assert_close(seen["out"].mean((0, 2, 3)), torch.zeros(20), atol=1e-5, rtol=0)


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 37), (3, 32, 32), (1, 17, 28), (3, 96, 96)])
def test_lenet_takes_images_of_other_sizes(shape):
    network = LeNet().build(ImageInput(*shape), {"digit": 10})
    assert network(torch.rand(2, *shape))["digit"].shape == (2, 10)


@every_network_with_stages
def test_a_name_stands_for_all_of_its_own(form):
    network = form.build(SHAPE, OUTPUTS)
    names = set(network.state_dict())
    for stage in network.stages:
        assert network.expand_names([stage]) == {name for name in names if name.startswith(f"stages.{stage}.")}
    assert network.expand_names(["head"]) == {f"heads.{t}.{p}" for t in OUTPUTS for p in ("weight", "bias")}
    assert network.expand_names(["head.parity"]) == {"heads.parity.weight", "heads.parity.bias"}
    assert network.expand_names(["heads.digit.bias"]) == {"heads.digit.bias"}
    assert network.expand_names([]) == frozenset()
    assert network.expand_names(network.freezable_units()) == names
    first = next(iter(network.stages))
    assert network.expand_names([first, "head.digit"]) == network.expand_names([first]) | network.expand_names(
        ["head.digit"]
    )


def test_a_task_whose_name_begins_like_anothers_is_not_meant():
    network = SmallCNN(width=4).build(SHAPE, {"tilt": 2, "tilted": 2})
    assert network.expand_names(["head.tilt"]) == {"heads.tilt.weight", "heads.tilt.bias"}


def test_buffers_belong_to_their_stage():
    assert "stages.conv1.norm.running_mean" in SmallCNN(width=4).build(SHAPE, OUTPUTS).expand_names(["conv1"])


@every_network_with_stages
@pytest.mark.parametrize("name", ["conv9", "", "con", "head.", "head.tilt", "heads", "stages.conv1", "conv1."])
def test_an_unknown_name_is_refused(form, name):
    with pytest.raises(XferError) as caught:
        form.build(SHAPE, OUTPUTS).expand_names(["conv1", name], "strategy.frozen")
    error = caught.value
    assert (error.code, error.field, error.value) == ("unknown_stage", "strategy.frozen", name)
    assert "conv1, conv2" in str(error)


@every_network_with_stages
def test_images_that_are_too_small_are_refused(form):
    least = {"small_cnn": 8, "article_net": 4, "lenet": 16}[form.kind]
    form.build(ImageInput(3, least, least), OUTPUTS).eval()(torch.rand(1, 3, least, least))
    with pytest.raises(XferError) as caught:
        form.build(ImageInput(3, least, least - 1), OUTPUTS)
    assert caught.value.code == "image_size"
    assert f"at least {least} pixels for {form.kind}; found {least - 1}." in str(caught.value)


def test_a_head_on_raw_pixels_has_no_stage_and_views_of_stages_say_so():
    network = Pixels().build(SHAPE, OUTPUTS)
    assert list(network.freezable_units()) == ["head"]
    assert network.expand_names(network.freezable_units()) == set(network.state_dict())
    for view in (last_convolution, first_filters):
        with pytest.raises(XferError, match="must have a convolution for this view"):
            view(network)
    (drift,) = layer_drift(network, network, torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8), "digit")
    assert (drift.stage, drift.relative_l2) == ("head", 0)


@pytest.mark.parametrize(
    ("form", "bend"),
    [
        (MLP(depth=1, batch_norm=False), torch.relu),
        (MLP(depth=1, batch_norm=False, activation="tanh"), torch.tanh),
        (MLP(depth=1, batch_norm=False, activation="sigmoid"), torch.sigmoid),
    ],
)
def test_the_units_of_an_mlp_bend_their_inputs_as_chosen(form, bend):
    x = load_domain("planar.moons").inputs[:5]
    network = form.build(domain_info("planar.moons").spec, {"class": 2})
    linear = network.stages["hidden1"].get_submodule("linear")
    assert torch.equal(network.features(x), bend(linear(x)))


def test_an_activation_that_is_not_chosen_leaves_recipes_as_they_were():
    assert "activation" not in MLP().model_dump()
    assert MLP(activation="tanh").model_dump()["activation"] == "tanh"
    changed = MLP(activation="sigmoid")
    assert MLP.model_validate_json(changed.model_dump_json()) == changed
    with pytest.raises(ValueError, match="activation"):
        MLP.model_validate({"activation": "square"})
