"""The plain script does what the run did: the same weights, from code that needs nothing of this project."""

from __future__ import annotations

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys
from collections import OrderedDict
from itertools import combinations
from pathlib import Path

import pytest
import torch
from ruff import find_ruff_bin
from torch import nn

from tests.support.training import PAUSE, At, small_problem
from xfer_core.exports.data import write_data
from xfer_core.exports.live_changes import spec_with
from xfer_core.exports.standalone import script_of
from xfer_core.exports.standalone.code import module_code
from xfer_core.modalities import ImageInput
from xfer_core.networks import ArticleNet, LeNet, SmallCNN
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.train import train as train_spec
from xfer_core.strategies import STRATEGIES, DiscriminativeRates
from xfer_core.strategies.adaptation.coral import CORAL
from xfer_core.strategies.transfer.distillation import Distillation
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
    "irm": ["strategy.weight=10", "strategy.anneal=0.5", TWO_SOURCES],
    "vrex": ["strategy.anneal=0.5", TWO_SOURCES],
    "group_dro": ["strategy.eta=1", TWO_SOURCES],
    "uncertainty_weighting": ['problem.tasks=["digit", "tilt"]', "strategy.rate=1"],
    "gradnorm": ['problem.tasks=["digit", "tilt"]', "strategy.rate=1"],
    **{kind: [THREE_TASKS] for kind in ("pcgrad", "mgda", "cagrad", "upgrad", "imtl_g")},
}
KINDS = tuple(form.kind_name() for form in STRATEGIES)


def spec_of(*changes: str) -> RunSpec:
    return parse_spec({}, [*QUICK, *changes])


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """What writes data.npz to a folder, and packs the same samples only once."""
    root, packed = tmp_path_factory.mktemp("data"), dict[str, Path]()

    def write(spec: RunSpec, folder: Path) -> None:
        said = json.dumps([spec.problem.model_dump(), spec.strategy.model_dump(), spec.seed])
        asked = said if spec.strategy.kind == "generalised" else json.dumps([spec.problem.model_dump(), spec.seed])
        if asked not in packed:
            (root / str(len(packed))).mkdir()
            packed[asked] = write_data(small_problem(spec.problem, spec.seed), spec, root / str(len(packed)))
        shutil.copy(packed[asked], folder)

    return write


@pytest.fixture
def run_script(tmp_path, archive):
    """What the script of a spec leaves when it has run in this process."""

    def run(spec: RunSpec, **more) -> dict:
        path = tmp_path / "script.py"
        path.write_text(script_of(spec, small_problem(spec.problem, spec.seed), **more), encoding="utf-8")
        archive(spec, tmp_path)
        return runpy.run_path(str(path))

    return run


def train(spec: RunSpec, **more) -> Trainer:
    given = (spec.problem, spec.network, spec.strategy, spec.training, spec.seed)
    trainer = Trainer(*given, data=small_problem(spec.problem, spec.seed), **more)
    trainer.result = trainer.run()
    return trainer


def farthest(trainer: Trainer, net: nn.Module) -> float:
    """The largest difference between any two numbers of the two networks; of numbers above 1, as a part of them."""
    one, two = trainer.network.state_dict(), net.state_dict()
    assert list(one) == list(two)
    found = [(one[name].double() - two[name].double()).abs() / one[name].double().abs().clamp_min(1) for name in one]
    largest = torch.stack([part.max() for part in found]).max()
    assert largest.isfinite(), "what is no number cannot be compared"
    return float(largest)


def last_number(said: str) -> float:
    words, _colon, number = said.strip().splitlines()[-1].partition(": ")
    assert words in ("target test accuracy", "target test error")
    return float(number)


@pytest.mark.parametrize("kind", KINDS)
def test_the_script_ends_with_the_weights_of_the_run(run_script, every_step, capsys, kind):
    """Of every method, with λ and the learning rate changed by a person at the same steps."""
    spec = spec_of(f"strategy.kind={kind}", *CHOSEN.get(kind, []), "network.width=4")
    turned = changes_of(spec)["both"]
    trainer = train(spec, callback=At(commands(turned)))
    capsys.readouterr()
    script = run_script(spec, turned=turned)
    number = last_number(capsys.readouterr().out)
    assert farthest(trainer, script["net"]) < ROUNDING
    assert number == pytest.approx(trainer.result.metrics[spec.target_metric()], abs=0.026)  # one sample of forty
    assert script["done"] == spec.training.steps


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
    "likeness": ["strategy.kind=generalised", "strategy.scheme=likeness"],
    "own table": [
        "strategy.kind=generalised",
        "strategy.scheme=table",
        "strategy.table=domain,class,weight\ndigits.photo,3,9\ndigits.handwritten,1,0",
    ],
    "a random map": ["strategy.kind=cdan", "network.width=32", "strategy.entropy=false"],
    "classes of their own": [
        'problem.source=["digits.low"]',
        'problem.target=["digits.high"]',
        "strategy.new_head=true",
    ],
    "a student from scratch": ["strategy.kind=distillation", "strategy.fresh=true"],
    "the head stays": ["strategy.kind=batch_norm_tuning", "strategy.head=false"],
    "points": [
        'problem.source=["planar.moons"]',
        'problem.target=["planar.moons?rotate=30"]',
        "strategy.kind=coral",
    ],
    "points with other activations, and few of one class": [
        'problem.source=["planar.moons"]',
        'problem.target=["planar.moons?balance=0.2"]',
        "network.activation=tanh",
    ],
    "rows of a table": [
        'problem.source=["clinical.breast_fine"]',
        'problem.target=["clinical.breast_coarse"]',
        'strategy.frozen=["hidden1"]',
    ],
    "only a number": ['problem.tasks=["tilt"]', "training.optimizer.lr=0.0001"],
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_every_setting_is_in_the_script(run_script, capsys, name):
    spec = spec_of("network.width=4", *VARIANTS[name])
    trainer = train(spec)
    capsys.readouterr()
    script = run_script(spec)
    assert farthest(trainer, script["net"]) < ROUNDING
    metric = trainer.result.metrics[spec.target_metric()]
    assert last_number(capsys.readouterr().out) == pytest.approx(metric, abs=0.026)


# ---------------------------------------------------------------------- what a person did while it trained


def changes_of(spec: RunSpec) -> dict[str, dict[int, list[tuple[str, float]]]]:
    """Kind of change → step → what a person sets there: at the first step and at the last, twice at one step, in every
    phase; λ of the first term, and of the last, which is the method's own where it has one."""
    first, *_, last = [f"lambda/{name}" for name in spec.strategy.lambdas(spec.problem)] * 2
    lambdas = {0: [(first, 0.3)], 2: [(last, 9.0), (last, 2.0)], 3: [(first, 0.0)], 4: [(first, 0.7)], 5: [(last, 0.5)]}
    rates = {0: [("lr", 0.004)], 3: [("lr", 9.0), ("lr", 0.001)], 5: [("lr", 0.003)]}
    both = {step: [*lambdas.get(step, []), *rates.get(step, [])] for step in range(6) if step != 1}
    return {"none": {}, "λ": lambdas, "lr": rates, "both": both}


def commands(turned: dict[int, list[tuple[str, float]]]) -> dict[int, list[Command]]:
    return {step: [Command("set", *knob) for knob in knobs] for step, knobs in turned.items()}


def test_what_a_person_did_is_done_again_by_the_script(tmp_path, run_script, every_step):
    """λ, learning rate, both, a stop, a pause: the script ends with the weights of that run."""
    spec, net = spec_of("network.width=4"), None
    still = train(spec)
    for name, turned in changes_of(spec).items():
        if turned:
            trainer = train(spec, callback=At(commands(turned)))
            net = run_script(spec, turned=turned)["net"]
            assert farthest(trainer, net) < ROUNDING, name
            assert farthest(still, net) > 10 * ROUNDING, f"{name} makes another run"

    both = changes_of(spec)["both"]
    stopped = train(spec, callback=At(commands(both) | {4: [*commands(both)[4], Command("stop")]}))
    cut_short = run_script(spec, turned=both, stop=4)
    assert cut_short["done"] == stopped.step == 4
    assert farthest(stopped, cut_short["net"]) < ROUNDING

    saved, begun = tmp_path / "checkpoint.pt", At(commands(both) | {3: [*commands(both)[3], *PAUSE]})
    assert train(spec, callback=begun, checkpoint=saved).result.status == "paused"
    replay = [(step, knob) for step, knobs in commands(both).items() for knob in knobs if step <= 3]
    later = {step: knobs for step, knobs in commands(both).items() if step > 3}
    resumed = train(spec, callback=At(later, begin=3), checkpoint=saved, replay=replay)
    assert farthest(resumed, net) < ROUNDING, "the script knows nothing of the pause"


class HeldAndSlower(DiscriminativeRates):
    r"""A method that fixes a stage and gives the others rates of their own: no method on offer needs both pieces."""

    held: bool = True
    slower: bool = True

    def target_phases(self, data, network):
        (phase,) = super().target_phases(data, network)
        fixed = frozenset(network.parameter_names("conv1")) if self.held else frozenset()
        return (self.target_phase(data, lr_factors=phase.lr_factors if self.slower else {}, frozen=fixed),)


PIECES = ("hold", "rates", "λ", "lr", "stop", "cosine")
FEW_OR_ALL = [frozenset(chosen) for size in (0, 1, len(PIECES)) for chosen in combinations(PIECES, size)]


def put_together(pieces: frozenset[str]) -> tuple[RunSpec, dict]:
    """A run whose script needs exactly these pieces, and what a person did in it."""
    spec = spec_of("strategy.kind=discriminative_rates", "network.width=4")
    schedule = "cosine" if "cosine" in pieces else "constant"
    spec = spec.model_copy(
        update={
            "strategy": HeldAndSlower(held="hold" in pieces, slower="rates" in pieces),
            "training": spec.training.model_copy(update={"schedule": schedule}),
        }
    )
    change = "both" if {"λ", "lr"} <= pieces else next(iter(pieces & {"λ", "lr"}), "none")
    turned = changes_of(spec)[change]
    return spec, {"turned": turned, "stop": 5 if "stop" in pieces else None}


@pytest.mark.parametrize("pieces", FEW_OR_ALL, ids=lambda pieces: " and ".join(sorted(pieces)) or "nothing")
def test_the_pieces_of_the_loop_run_alone_and_together(run_script, every_step, pieces):
    spec, done = put_together(pieces)
    stop = {} if done["stop"] is None else {done["stop"]: [*commands(done["turned"]).get(5, []), Command("stop")]}
    trainer = train(spec, callback=At(commands(done["turned"]) | stop))
    script = run_script(spec, **done)
    assert script["done"] == trainer.step
    assert farthest(trainer, script["net"]) < ROUNDING
    for name, sign in (("hold", "freeze("), ("rates", "rates="), ("stop", "STOP"), ("cosine", "math.cos")):
        assert (sign in script_of(spec, small_problem(spec.problem, 0), **done)) == (name in pieces)


TURNED_LATE = {
    "a rate of the target's own": ["strategy.target_lr=0.01", 'strategy.frozen=["conv1"]'],
    "a cosine": ["training.schedule=cosine"],
    "rates by stage": ["strategy.kind=discriminative_rates", "training.schedule=cosine"],
    "a rate of s": ["strategy.kind=uncertainty_weighting", "training.schedule=cosine"],
    "phases without a loss": ["strategy.kind=adabn", "strategy.source_share=0.5"],
    "stage after stage": ["strategy.kind=gradual_unfreezing", "training.schedule=cosine"],
}


@pytest.mark.parametrize("name", TURNED_LATE)
def test_it_may_be_turned_in_any_phase_and_schedule(run_script, every_step, name):
    spec = spec_of("network.width=4", *TURNED_LATE[name])
    turned = changes_of(spec)["both"]
    trainer = train(spec, callback=At(commands(turned)))
    assert farthest(trainer, run_script(spec, turned=turned)["net"]) < ROUNDING


def imported_by(text: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(text)))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return {name.partition(".")[0] for name in plain | {str(n.module) for n in nodes if isinstance(n, ast.ImportFrom)}}


def test_no_script_lacks_a_name_or_needs_this_project(tmp_path):
    """Every method with every change, and every set of pieces: a name that a function makes its own and reads before,
    one that nobody defined, and an import of more than a few packages are found without running anything."""
    scripts = {}
    for kind in KINDS:
        spec = spec_of(f"strategy.kind={kind}", *CHOSEN.get(kind, []), "network.width=4")
        scripts[f"{kind}-stop"] = (spec, {"turned": changes_of(spec)["both"], "stop": 0})
        scripts[kind] = (spec, {})
    for size in range(len(PIECES) + 1):
        for chosen in combinations(PIECES, size):
            scripts["-".join(["pieces", *chosen])] = put_together(frozenset(chosen))
    packages = {"numpy", "torch", "scipy", "torchjd"}
    for name, (spec, done) in scripts.items():
        text = script_of(spec, small_problem(spec.problem, spec.seed), **done)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        needed = imported_by(text) - sys.stdlib_module_names
        assert needed <= packages, name
        assert f"it needs {', '.join(sorted(needed))}, and data.npz" in text, name
        assert max(map(len, text.splitlines())) < 160, name
    checks = ["check", "--isolated", "--no-cache", "--select=F,PLE", "--output-format=concise", str(tmp_path)]
    found = subprocess.run([find_ruff_bin(), *checks], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    broken = "def f():\n    print(rate)\n    rate = 1\n\n\nrate = 2\n"
    (tmp_path / "broken.py").write_text(broken)
    found = subprocess.run([find_ruff_bin(), *checks], capture_output=True, text=True)
    assert "F823" in found.stdout, "what this test looks for can be found"


@pytest.mark.parametrize("stop", [0, 2, 3, 5])
def test_a_run_that_was_stopped_stops_there(run_script, every_step, stop):
    spec = spec_of("network.width=4", "strategy.new_head=true", "training.schedule=cosine")
    trainer = train(spec, callback=At({stop: [Command("stop")]}))
    assert (trainer.result.status, trainer.result.step) == ("stopped", stop)
    script = run_script(spec, stop=stop)
    assert script["done"] == stop
    assert farthest(trainer, script["net"]) < ROUNDING


def test_a_stop_among_the_statistics_of_adabn(run_script, every_step):
    spec = spec_of("network.width=4", "strategy.kind=adabn", "strategy.source_share=0.5")
    trainer = train(spec, callback=At({5: [Command("stop")]}))
    script = run_script(spec, stop=5)
    assert script["done"] == 5
    assert farthest(trainer, script["net"]) < ROUNDING


@pytest.mark.parametrize("form", [SmallCNN(), ArticleNet(), LeNet(), LeNet(batch_norm=True)])
def test_the_layers_written_out_are_the_layers(form):
    stages = form.build(ImageInput(3, 32, 32), {"digit": 10}).stages
    made = eval(module_code(stages), {"nn": nn, "OrderedDict": OrderedDict})
    assert repr(nn.ModuleDict(made)) == repr(stages)


# ---------------------------------------------------------------------- what cannot be written out


class NeedsItsData(CORAL):
    """A method whose module depends on the data."""

    def modules(self, data, network):
        return {"scale": nn.Linear(1, len(data.training))}


class ImportsInside(CORAL):
    """A method that imports from this project where no reader sees it."""

    def alignment_terms(self, source, target, context):
        from xfer_core.objectives.mmd import mk_mmd

        return {"distance": mk_mmd(source.features, target.features)}


class KeepsAnObject(CORAL):
    """A method with a state that is not made of numbers."""

    def state(self, data):
        return {"set": {1}}

    def alignment_terms(self, source, target, context):
        return {"distance": len(context.state["set"]) * source.features.mean()}


class HasANameOfTheScript(CORAL):
    """A method that uses a function with the name of one in the script."""

    def alignment_terms(self, source, target, context):
        return {"distance": train(source, target)}


class Odd(nn.Flatten):
    """A layer that is not torch's own."""


class OddNetwork(SmallCNN):
    """A network with such a layer."""

    def build(self, spec, outputs):
        network = super().build(spec, outputs)
        network.stages["conv3"] = nn.Sequential(network.stages["conv3"], Odd())
        return network


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"strategy": NeedsItsData()}, "modules that depend on the data"),
        ({"strategy": ImportsInside()}, "an import of xfer_core inside a function"),
        ({"strategy": KeepsAnObject()}, "a set in the method's state"),
        ({"strategy": HasANameOfTheScript()}, "train, which stands for two things"),
        ({"network": OddNetwork()}, "the layer Odd"),
    ],
)
def test_what_has_no_plain_form_trains_with_xfer(change, reason):
    spec = spec_of("strategy.kind=coral").model_copy(update=change)
    text = script_of(spec, small_problem(spec.problem, 0))
    assert f"cannot be written without Xfer: {reason}." in " ".join(text.split())
    assert imported_by(text) == {"xfer_core"}


def test_a_script_that_trains_with_xfer_gives_the_result_of_the_run(run_script, monkeypatch, capsys):
    monkeypatch.setattr(Distillation, "standalone", None)
    spec = spec_of("strategy.kind=distillation", "network.width=4")
    turned = changes_of(spec)["both"]
    text = script_of(spec, small_problem(spec.problem, 0), turned, stop=4, facts=['"""\nraise SystemExit(3)'])
    assert "A person stopped the run after 4 steps; this script trains to the end." in text
    result = train_spec(spec_with(spec, turned))
    script = run_script(spec, turned=turned)
    assert script["spec"] == spec_with(spec, turned)
    assert script["result"].metrics == result.metrics
    assert last_number(capsys.readouterr().out) == pytest.approx(result.metrics[spec.target_metric()], abs=1e-4)


def test_a_head_on_raw_pixels_is_written_out(run_script):
    spec = spec_of("strategy.kind=target_only", "network.kind=pixels")
    assert farthest(train(spec), run_script(spec)["net"]) < ROUNDING


def test_a_name_cannot_leave_its_comment(run_script):
    facts = ['Run 1, \'"""\nimport os; os.abort()\x0c\u2028raise SystemExit(3)\'.']
    spec = spec_of("network.width=4")
    assert run_script(spec, facts=facts)["done"] == 6


def test_data_needs_no_pickle(tmp_path):
    import numpy as np

    spec = spec_of(UNSEEN, "problem.labels_per_class=0", "strategy.kind=source_only", THREE_TASKS)
    with np.load(write_data(small_problem(spec.problem, 0), spec, tmp_path), allow_pickle=False) as data:
        kinds = {name: data[name].dtype for name in data.files}
        assert kinds["digits.photo/unlabelled/images"] == "uint8"
        assert kinds["digits.photo/test/tilt"] == "float32"
        assert list(data["classes/parity"]) == ["even", "odd"]
        assert len(data["digits.photo/labelled/images"]) == 0
    assert "digits.noisy/test/images" in kinds
    assert "digits.noisy/labelled/images" not in kinds


@pytest.mark.slow
def test_alone_in_another_process_it_lands_within_seed_noise(tmp_path, archive):
    """A script with live changes, then that of a run of 300 steps; one process, because importing torch takes seconds.

    The bound: twice the standard error of a difference of two accuracies on the same number of test samples,
    √(2 p (1 − p) / n) with p near 0.7 and n = 314, is 7 points; other draws of weights and batches add a point."""
    spec = parse_spec({}, ["training.steps=300", "training.evaluations=1"])
    from xfer_core.problems.problem import split_problem

    changed = spec_of("strategy.kind=joint", "network.width=4")
    text = script_of(changed, small_problem(changed.problem, 0), changes_of(changed)["both"], 4)
    (tmp_path / "changed").mkdir()
    (tmp_path / "changed" / "script.py").write_text(text, encoding="utf-8")
    archive(changed, tmp_path / "changed")
    data = split_problem(spec.problem, spec.seed)
    given = (spec.problem, spec.network, spec.strategy, spec.training, spec.seed)
    accuracy = Trainer(*given, data=data).run().metrics[spec.target_metric()]
    (tmp_path / "script.py").write_text(script_of(spec, data), encoding="utf-8")
    write_data(data, spec, tmp_path)
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XFER"))}
    code = "import runpy\nfor path in ('changed/script.py', 'script.py'): runpy.run_path(path), print('---')"
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    short, long, _ = done.stdout.split("---\n")
    assert 0 <= last_number(short) <= 1
    assert "target test accuracy" in long.splitlines()[-1]
    assert last_number(long) == pytest.approx(accuracy, abs=0.08)
