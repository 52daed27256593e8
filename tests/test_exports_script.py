"""The plain script does what the run did: the same weights, from code that needs nothing of this project."""

from __future__ import annotations

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import little
from torch import nn

from xfer_core.errors import XferError
from xfer_core.exports import plain
from xfer_core.exports.data import write_data
from xfer_core.exports.plain.layers import network_code
from xfer_core.exports.script import script_of
from xfer_core.networks import ArticleNet, LeNet, Network, SmallCNN
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies import STRATEGIES
from xfer_core.training import Command, Trainer

# With plain gradient descent the two differ by rounding alone; Adam would blow a rounding of a tiny gradient up.
QUICK = (
    "training.steps=6",
    "training.batch_size=4",
    "training.evaluations=1",
    "training.precision=float32",
    "training.device=cpu",
    'training.optimizer={"kind": "sgd", "lr": 0.002}',
)
ROUNDING = 2e-5
TWO_SOURCES = 'problem.source=["digits.handwritten", "digits.inverted"]'
THREE_TASKS = 'problem.tasks=["digit", "parity", "tilt"]'
UNSEEN = 'problem.unseen=["digits.noisy"]'
CHOSEN = {  # a problem that the strategy can work on, and what it does more than the least
    "fine_tune": ['strategy.frozen=["conv1"]', "strategy.new_head=true", "strategy.target_lr=0.01", THREE_TASKS],
    "source_only": [THREE_TASKS, TWO_SOURCES],
    "target_only": [THREE_TASKS, UNSEEN],
    "generalised": [THREE_TASKS, 'strategy.weights={"digits.handwritten": 0.4, "digits.photo": 1.5}'],
    "l2_sp": ["strategy.alpha=0.5", "strategy.beta=0.5", "strategy.new_head=true"],
    "coral": ["strategy.weight=1000", THREE_TASKS],
    "dann": ["strategy.weight=5", TWO_SOURCES, "problem.labels_per_class=0"],
    "pseudo_labels": ["strategy.threshold=0.1"],
    "mixup": [TWO_SOURCES],
    "distillation": ["strategy.weight=5"],
    "dwa": ["strategy.window=1", THREE_TASKS],
    "irm": ["strategy.anneal=0.5", TWO_SOURCES],
    "vrex": ["strategy.anneal=0.5", TWO_SOURCES],
    "group_dro": ["strategy.eta=1", TWO_SOURCES],
    "uncertainty_weighting": ['problem.tasks=["digit", "tilt"]', "strategy.rate=1"],
    "gradnorm": ['problem.tasks=["digit", "tilt"]', "strategy.rate=1"],
    **{kind: [THREE_TASKS] for kind in ("pcgrad", "mgda", "cagrad", "upgrad", "imtl_g")},
}
KINDS = tuple(form.model_fields["kind"].default for form in STRATEGIES)
NETWORKS = {
    "small_cnn": ["network.width=4"],
    "article_net": ["network.kind=article_net"],
    "lenet": ["network.kind=lenet"],
    "lenet with batch norm": ["network.kind=lenet", "network.batch_norm=true"],
}
NEED_BATCH_NORM = {"adabn", "batch_norm_tuning"}


def spec_of(*changes: str) -> RunSpec:
    return parse_spec({}, [*QUICK, *changes])


def run_script(folder: Path, spec: RunSpec, **more) -> dict:
    """What the script of this spec leaves when it has run in this process."""
    dealt = little(spec.problem, spec.seed)
    path = folder / "script.py"
    path.write_text(script_of(spec, dealt, **more), encoding="utf-8")
    write_data(dealt, spec, folder)
    return runpy.run_path(str(path))


def train(spec: RunSpec, **more) -> Trainer:
    given = (spec.problem, spec.network, spec.strategy, spec.training, spec.seed)
    trainer = Trainer(*given, dealt=little(spec.problem, spec.seed), **more)
    trainer.result = trainer.run()
    return trainer


def farthest(trainer: Trainer, net: nn.Module) -> float:
    """The largest difference between any two numbers of the two networks."""
    one, two = trainer.network.state_dict(), net.state_dict()
    assert list(one) == list(two)
    return max(float((one[name].double() - two[name].double()).abs().max()) for name in one)


def tolerance(kind: str) -> float:
    """How far the script's weights may lie from the run's: more than rounding only where the reader is told why."""
    return 0.02 if kind in plain.DEPARTS else ROUNDING


def last_number(said: str) -> float:
    words, _colon, number = said.strip().splitlines()[-1].partition(": ")
    assert words in ("target test accuracy", "target test error")
    return float(number)


def test_every_strategy_has_a_plain_script():
    assert set(plain.METHODS) == set(KINDS)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_script_ends_with_the_weights_of_the_run(tmp_path, capsys, kind, network):
    if kind in NEED_BATCH_NORM and network in ("article_net", "lenet"):
        pytest.skip("this strategy refuses a network without batch norm")
    spec = spec_of(f"strategy.kind={kind}", *CHOSEN.get(kind, []), *NETWORKS[network])
    trainer = train(spec)
    capsys.readouterr()
    script = run_script(tmp_path, spec)
    number = last_number(capsys.readouterr().out)
    assert farthest(trainer, script["net"]) < tolerance(kind)
    assert number == pytest.approx(trainer.result.metrics[spec.target_metric()], abs=0.026)  # one sample of forty
    assert script["done"] == spec.training.steps


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 2.5, 10.0])
def test_the_shares_of_a_blend_are_those_of_scipy(alpha):
    """The script has no scipy: it works the inverse of the incomplete beta function out by itself."""
    import torch
    from scipy.special import betaincinv

    uniform = torch.cat([torch.rand(200, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 0.5])]).double()
    names = {"torch": torch, "ALPHA": alpha}
    exec(plain.generalisation.MIXUP.helpers, names)
    found = names["beta_quantile"](uniform)
    assert found.numpy() == pytest.approx(betaincinv(alpha, alpha, uniform.numpy()), abs=1e-12)


VARIANTS = {
    "everything augmented": ['training.augment=["flip", "crop", "rotation"]'],
    "mirrored and shifted": ['training.augment=["flip", "shift"]'],
    "nothing augmented": ["training.augment=[]"],
    "cosine": ["training.schedule=cosine", "strategy.frozen=[\"conv1\", \"stages.conv2.norm.weight\"]"],
    "only statistics fixed": ['strategy.frozen=["stages.conv1.norm.running_mean", "stages.conv1.norm.running_var"]'],
    "adam": ['training.optimizer={"kind": "adam", "lr": 0.0001, "weight_decay": 0.1}'],
    "momentum and decay": ['training.optimizer={"kind": "sgd", "lr": 0.02, "momentum": 0.5, "weight_decay": 0.1}'],
    "another seed": ["seed=7"],
    "all labels": ["problem.labels_per_class=all"],
    "two targets, one unseen": ['problem.target=["digits.photo", "digits.rotated"]', UNSEEN],
    "class balanced": ["strategy.kind=generalised", "strategy.scheme=class_balanced"],
    "hard samples": ["strategy.kind=generalised", "strategy.scheme=hard", "strategy.gamma=1"],
    "likeness": ["strategy.kind=generalised", "strategy.scheme=likeness"],
    "own table": [
        "strategy.kind=generalised",
        "strategy.scheme=table",
        "strategy.table=domain,class,weight\ndigits.photo,3,9\ndigits.handwritten,1,0",
    ],
    "one λ is zero": ["strategy.kind=gradnorm", THREE_TASKS,
        'strategy.weights={"digits.photo/digit": 1, "digits.photo/tilt": 2}'],
    "a random map": ["strategy.kind=cdan", "network.width=32", "strategy.entropy=false"],
    "classes of their own": [
        'problem.source=["digits.low"]',
        'problem.target=["digits.high"]',
        "strategy.new_head=true",
    ],
    "a student from scratch": ["strategy.kind=distillation", "strategy.fresh=true"],
    "the head stays": ["strategy.kind=batch_norm_tuning", "strategy.head=false"],
    "only a number": ['problem.tasks=["tilt"]', "training.optimizer.lr=0.0001"],
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_every_setting_is_in_the_script(tmp_path, capsys, name):
    spec = spec_of("network.width=4", *VARIANTS[name])
    trainer = train(spec)
    capsys.readouterr()
    script = run_script(tmp_path, spec)
    assert farthest(trainer, script["net"]) < ROUNDING
    metric = trainer.result.metrics[spec.target_metric()]
    assert last_number(capsys.readouterr().out) == pytest.approx(metric, abs=0.026)


@pytest.mark.parametrize("kind", ["fine_tune", "gradnorm"])
def test_what_a_person_turned_is_turned_again(tmp_path, kind):
    turned = {1: [("lambda/digits.handwritten/digit", 3.0)], 4: [("lr", 0.2), ("lambda/digits.photo/digit", 0.1)]}
    spec = spec_of("network.width=4", f"strategy.kind={kind}", "training.schedule=cosine")
    replay = [(step, Command("set", *knob)) for step, knobs in turned.items() for knob in knobs]
    script = run_script(tmp_path, spec, turned=turned)
    assert farthest(train(spec, replay=replay), script["net"]) < ROUNDING
    assert farthest(train(spec), script["net"]) > 100 * ROUNDING, "without them it is another run"


@pytest.mark.parametrize("stop", [0, 2, 3, 5])
def test_a_run_that_was_stopped_stops_there(tmp_path, every_step, stop):
    from conftest import At

    spec = spec_of("network.width=4", "strategy.new_head=true", "training.schedule=cosine")
    trainer = train(spec, observer=At({stop: [Command("stop")]}))
    assert (trainer.result.status, trainer.result.step) == ("stopped", stop)
    script = run_script(tmp_path, spec, stop=stop)
    assert script["done"] == stop
    assert farthest(trainer, script["net"]) < ROUNDING


def test_a_stop_among_the_statistics_of_adabn(tmp_path, every_step):
    from conftest import At

    spec = spec_of("network.width=4", "strategy.kind=adabn", "strategy.source_share=0.5")
    trainer = train(spec, observer=At({5: [Command("stop")]}))
    script = run_script(tmp_path, spec, stop=5)
    assert script["done"] == 5
    assert farthest(trainer, script["net"]) < ROUNDING


@pytest.mark.parametrize("kind", KINDS)
def test_the_script_imports_torch_and_numpy_and_nothing_of_ours(kind):
    spec = spec_of("network.width=4", f"strategy.kind={kind}", *CHOSEN.get(kind, []))
    text = script_of(spec, little(spec.problem, 0))
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).partition(".")[0])
    assert imported <= {"torch", "numpy", "pathlib", "collections", "math", "copy", "itertools"}
    assert "xfer_core" not in text
    assert max(map(len, text.splitlines())) < 160


@pytest.mark.parametrize("form", [SmallCNN(), ArticleNet(), LeNet(), LeNet(batch_norm=True)])
def test_the_network_written_out_is_the_network(form):
    network = form.build((3, 32, 32), {"digit": 10})
    from collections import OrderedDict

    names = {"nn": nn, "OrderedDict": OrderedDict, "TASKS": {"digit": 10}}
    exec(network_code(network, (3, 32, 32)), names)
    made = names["Network"]()
    assert repr(made) == repr(network)


def test_a_layer_that_is_not_torchs_own_is_refused():
    class Odd(nn.Module):
        pass

    network = Network({"odd": Odd()}, 4, {"digit": 10})  # pyright: ignore[reportArgumentType]
    with pytest.raises(XferError) as caught:
        network_code(network, (3, 32, 32))
    assert (caught.value.code, caught.value.value) == ("not_plain", "Odd")


def test_a_name_cannot_leave_its_comment(tmp_path):
    facts = ['Run 1, \'"""\nimport os; os.abort()\x0c\u2028raise SystemExit(3)\'.']
    spec = spec_of("network.width=4")
    assert run_script(tmp_path, spec, facts=facts)["done"] == 6


def test_data_needs_no_pickle(tmp_path):
    import numpy as np

    spec = spec_of(UNSEEN, "problem.labels_per_class=0", "strategy.kind=source_only", THREE_TASKS)
    with np.load(write_data(little(spec.problem, 0), spec, tmp_path), allow_pickle=False) as data:
        kinds = {name: data[name].dtype for name in data.files}
        assert kinds["digits.photo/unlabelled/images"] == "uint8"
        assert kinds["digits.photo/test/tilt"] == "float32"
        assert list(data["classes/parity"]) == ["even", "odd"]
        assert len(data["digits.photo/labelled/images"]) == 0
    assert "digits.noisy/test/images" in kinds
    assert "digits.noisy/labelled/images" not in kinds


@pytest.mark.slow
def test_alone_in_another_process_it_lands_within_seed_noise(tmp_path):
    """The bound: twice the standard error of a difference of two accuracies on the same number of test samples,
    √(2 p (1 − p) / n) with p near 0.7 and n = 314, is 7 points; other draws of weights and batches add a point."""
    spec = parse_spec({}, ["training.steps=300", "training.evaluations=1"])
    from xfer_core.domains.problem import deal

    dealt = deal(spec.problem, spec.seed)
    given = (spec.problem, spec.network, spec.strategy, spec.training, spec.seed)
    accuracy = Trainer(*given, dealt=dealt).run().metrics[spec.target_metric()]
    (tmp_path / "script.py").write_text(script_of(spec, dealt), encoding="utf-8")
    write_data(dealt, spec, tmp_path)
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XFER"))}
    command = [sys.executable, "-I", "script.py"]
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=200, check=True)
    assert "target test accuracy" in done.stdout.splitlines()[-1]
    assert last_number(done.stdout) == pytest.approx(accuracy, abs=0.08)
