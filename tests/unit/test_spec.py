"""RunSpec: it survives JSON and ``--set``, and whatever is wrong with it is said in one sentence."""

from __future__ import annotations

import ast
import json
import math
import re
import string
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xfer_core
from tests.support.specs import specs
from xfer_core.cli import main
from xfer_core.errors import MESSAGES, XferError, format_error, format_value
from xfer_core.networks import NETWORKS, ArticleNet, SmallCNN
from xfer_core.problems.problem import Problem
from xfer_core.runs.recipe import recipe_data
from xfer_core.runs.spec import RunSpec, canonical, parse_spec, spec_settings
from xfer_core.strategies import STRATEGIES
from xfer_core.strategies.baselines.source_only import SourceOnly
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.strategies.joint.joint import Joint
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.training import OPTIMIZERS, SGD, Adam, TrainingConfig

SOURCE, TARGET = "digits.handwritten", "digits.photo"
WEIGHTS = {f"{SOURCE}/digit": 0.25, f"{TARGET}/digit": 1e-7}

SPECS = {
    "default": RunSpec(),
    **{cls.kind_name(): RunSpec(strategy=cls()) for cls in STRATEGIES},
    "frozen": RunSpec(strategy=FineTune(frozen=("conv1", "head.digit", "stages.conv2.norm.running_mean"))),
    "none and back": RunSpec(strategy=FineTune(target_lr=None, new_head=True, source_share=1 / 3)),
    "a rate": RunSpec(strategy=FineTune(target_lr=1e-5)),
    "joint weights": RunSpec(strategy=Joint(weights=WEIGHTS)),
    "generalised weights": RunSpec(strategy=Generalised(weights={TARGET: 3.5}, scheme="hard", gamma=0)),
    "no source": RunSpec(problem=Problem(source=(), labels_per_class="all")),
    "many": RunSpec(
        problem=Problem(
            source=(SOURCE, "digits.inverted"),
            target=(TARGET, "digits.noisy"),
            unseen=("digits.rotated",),
            tasks=("parity", "digit"),
            labels_per_class=0,
        ),
        strategy=SourceOnly(),
        seed=2**31 - 1,
    ),
    "a wide network": RunSpec(network=SmallCNN(width=64)),
    "the article's": RunSpec(
        network=ArticleNet(),
        training=TrainingConfig(
            batch_size=100, optimizer=SGD(lr=0.01), augment=("flip", "crop"), precision="float32", device="cpu"
        ),
    ),
    "another optimiser": RunSpec(training=TrainingConfig(optimizer=SGD(lr=0.3, momentum=0, weight_decay=1e-4))),
    "the default optimiser": RunSpec(training=TrainingConfig(optimizer=Adam(lr=3e-4), augment=(), evaluations=1)),
    "a device": RunSpec(training=TrainingConfig(device="cuda:3", steps=1_000_000)),
}
every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)


@every_spec
def test_a_spec_survives_json_and_settings(spec):
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec
    assert parse_spec(json.loads(spec.model_dump_json())) == spec
    settings = [f"{path}={value}" for path, value in spec_settings(spec).items()]
    assert parse_spec({}, settings) == spec
    again = parse_spec({}, settings)
    assert again.digest() == spec.digest()
    assert (settings == []) == (spec == RunSpec())


def test_the_recipe_of_the_design_is_accepted():
    recipe = """{"version": 1,
       "problem": {"source": ["digits.handwritten"], "target": ["digits.photo"], "unseen": [], "tasks": ["digit"],
                   "labels_per_class": 5},
       "network": {"kind": "small_cnn"},
       "strategy": {"kind": "fine_tune", "frozen": ["conv1"]},
       "training": {"steps": 400, "batch_size": 64, "optimizer": {"kind": "sgd", "lr": 0.01, "momentum": 0.9},
                    "augment": ["shift"], "precision": "auto", "device": "auto", "selection": "last"},
       "seed": 0}"""
    spec = parse_spec(json.loads(recipe))
    spec.check()
    assert spec.strategy == FineTune(frozen=("conv1",))
    assert spec.target_metric() == "accuracy/digits.photo/digit/test"


def test_digests_differ_exactly_where_specs_do():
    digests = {spec.digest(): spec for spec in SPECS.values()}
    assert all(digests[spec.digest()] == spec for spec in SPECS.values())
    reordered = json.loads(canonical(SPECS["joint weights"].model_dump(mode="json")))
    assert parse_spec(reordered).digest() == SPECS["joint weights"].digest()


def test_settings_apply_in_order_and_a_kind_begins_from_its_defaults():
    assert parse_spec({}, ["seed=1", "seed=2"]).seed == 2
    start = {"strategy": {"kind": "joint", "weights": WEIGHTS}}
    assert parse_spec(start, ["strategy.kind=fine_tune", "strategy.new_head=true"]).strategy == FineTune(new_head=True)
    one = parse_spec(start, [f"strategy.weights.{TARGET}/digit=2"])
    assert one.strategy.weights == {**WEIGHTS, f"{TARGET}/digit": 2.0}
    assert start["strategy"]["weights"] == WEIGHTS, "what was given is not changed"
    assert parse_spec({}, ["network.width=8", "training.optimizer.lr=0.5"]) == RunSpec(
        network=SmallCNN(width=8), training=TrainingConfig(optimizer=Adam(lr=0.5))
    )


JOINT, GENERALISED = ["strategy.kind=joint"], ["strategy.kind=generalised"]
PARTED = ['problem.source=["digits.low"]', 'problem.target=["digits.high"]']
ALL_FROZEN = ("conv1", "conv2", "conv3", "head")

BAD = [  # settings, code, field, value
    (["speed=3"], "unknown_field", "speed", 3),
    (["problem.sources=[]"], "unknown_field", "problem.sources", []),
    (["strategy.frozn=[]"], "unknown_field", "strategy.frozn", []),
    (["training.optimizer.momentum=0.9"], "unknown_field", "training.optimizer.momentum", 0.9),
    (["training.steps.x=1"], "wrong_type", "training.steps", {"x": 1}),
    (["training.steps=many"], "wrong_type", "training.steps", "many"),
    (["training.steps=1.5"], "wrong_type", "training.steps", 1.5),
    (["training.optimizer.lr=[]"], "wrong_type", "training.optimizer.lr", []),
    (["strategy.new_head=perhaps"], "wrong_type", "strategy.new_head", "perhaps"),
    (["strategy.frozen=conv1"], "wrong_type", "strategy.frozen", "conv1"),
    (["problem.target=digits.photo"], "wrong_type", "problem.target", "digits.photo"),
    (["problem.target=[1]"], "wrong_type", "problem.target.0", 1),
    (["problem=3"], "wrong_type", "problem", 3),
    (["network=null"], "wrong_type", "network", None),
    ([*JOINT, "strategy.weights=[1]"], "wrong_type", "strategy.weights", [1]),
    (["problem.labels_per_class=some"], "wrong_type", "problem.labels_per_class", "some"),
    (["problem.labels_per_class=2.5"], "wrong_type", "problem.labels_per_class", 2.5),
    (["problem.labels_per_class=-1"], "too_small", "problem.labels_per_class", -1),
    (["training.steps=0"], "too_small", "training.steps", 0),
    (["network.width=257"], "too_large", "network.width", 257),
    (["training.optimizer.lr=0"], "not_above", "training.optimizer.lr", 0),
    (["training.optimizer.lr=11"], "too_large", "training.optimizer.lr", 11),
    (["strategy.source_share=1"], "not_below", "strategy.source_share", 1),
    (["seed=-1"], "too_small", "seed", -1),
    (["seed=2147483648"], "not_below", "seed", 2**31),
    (["strategy.target_lr=Infinity"], "not_finite", "strategy.target_lr", math.inf),
    (["strategy.kind=fine-tune"], "unknown_choice", "strategy.kind", "fine-tune"),
    (["network.kind=resnet"], "unknown_choice", "network.kind", "resnet"),
    (["training.optimizer.kind=adamw"], "unknown_choice", "training.optimizer.kind", "adamw"),
    (["training.precision=fp8", "training.evaluations=0"], "unknown_choice", "training.precision", "fp8"),
    (['training.augment=["flop"]'], "unknown_choice", "training.augment.0", "flop"),
    (["training.selection=best"], "unknown_choice", "training.selection", "best"),
    (["training.device=tpu"], "unknown_choice", "training.device", "tpu"),
    (["training.device=cuda:99"], "no_device", "training.device", "cuda:99"),
    (["version=2"], "unknown_choice", "version", 2),
    (["problem.tasks=[]"], "missing", "problem.tasks", None),
    ([*JOINT, f"strategy.weights.{TARGET}/digit=-0.5"], "negative", f"strategy.weights.{TARGET}/digit", -0.5),
    ([*JOINT, f"strategy.weights.{TARGET}/digit=0"], "all_zero", "strategy.weights", {f"{TARGET}/digit": 0.0}),
    ([*JOINT, f"strategy.weights.{TARGET}=1"], "unknown_term", "strategy.weights", TARGET),
    ([*GENERALISED, f"strategy.weights.{TARGET}/digit=1"], "unknown_term", "strategy.weights", f"{TARGET}/digit"),
    ([*GENERALISED, f"strategy.weights.{TARGET}=-1"], "negative", f"strategy.weights.{TARGET}", -1.0),
    (['strategy.frozen=["conv1", "conv9"]'], "unknown_stage", "strategy.frozen", "conv9"),
    ([f"strategy.frozen={json.dumps(ALL_FROZEN)}"], "all_fixed", "strategy.frozen", ALL_FROZEN),
    (["problem.labels_per_class=999"], "budget", "problem.labels_per_class", 999),
    (["problem.labels_per_class=0"], "no_labels", "problem.labels_per_class", 0),
    ([*JOINT, "problem.labels_per_class=0"], "no_labels", "problem.labels_per_class", 0),
    ([*GENERALISED, "problem.labels_per_class=0"], "no_labels", "problem.labels_per_class", 0),
    (["strategy.kind=target_only", "problem.labels_per_class=0"], "no_labels", "problem.labels_per_class", 0),
    (["problem.target=[]"], "no_target", "problem.target", ()),
    (["problem.source=[]"], "no_source", "problem.source", ()),
    (["strategy.kind=source_only", "problem.source=[]"], "no_source", "problem.source", ()),
    (PARTED, "no_shared_class", "problem.source", ("digits.low",)),
    ([*PARTED, "strategy.kind=source_only"], "no_shared_class", "problem.source", ("digits.low",)),
    (['problem.target=["digits.photos"]'], "unknown_domain", "problem.target", "digits.photos"),
    (['problem.target=["a\\nb"]'], "unknown_domain", "problem.target", "a\nb"),
    (["seed"], "not_a_setting", "--set", "seed"),
    (["=3"], "not_a_setting", "--set", "=3"),
    (["seed=1", "seed.x=1"], "not_an_object", "seed.x", 1),
]


@pytest.mark.parametrize(("settings", "code", "field", "value"), BAD, ids=lambda x: str(x)[:50])
def test_what_cannot_run_is_refused_in_one_sentence(settings, code, field, value):
    with pytest.raises(XferError) as caught:
        parse_spec({}, settings).check()
    error = caught.value
    assert (error.code, error.field, error.value) == (code, field, value)
    sentence = format_error(error)
    assert sentence.startswith(f"{field} ")
    assert "; found " in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "{" not in sentence or isinstance(value, dict)
    for word in (*(value if isinstance(value, (list, tuple)) else ()), *error.params.get("allowed", ())):
        assert len(str(word)) == 1 or str(word) in sentence


@pytest.mark.parametrize("strategy", ["joint", "generalised"])
def test_a_weight_that_is_no_number_is_refused(strategy):
    with pytest.raises(XferError) as caught:
        parse_spec({"strategy": {"kind": strategy, "weights": {f"{TARGET}/digit": math.nan}}})
    assert (caught.value.code, caught.value.field) == ("not_finite", f"strategy.weights.{TARGET}/digit")
    assert format_error(caught.value).endswith("must be a finite number; found nan.")


@pytest.mark.parametrize("data", [None, 3, "fine_tune", [], [1, 2]])
def test_a_recipe_must_be_an_object(data):
    with pytest.raises(XferError) as caught:
        parse_spec(data)
    assert caught.value.code == "not_an_object"
    assert format_error(caught.value).startswith("recipe must be an object")


def test_disjoint_classes_are_fine_with_a_new_head_or_together():
    for more in (["strategy.new_head=true"], JOINT, GENERALISED, ["strategy.kind=target_only"]):
        parse_spec({}, [*PARTED, *more]).check()


@every_spec
def test_checking_returns_the_deal_or_says_what_is_wrong(spec):
    refused = {"no source": "no_source", "a device": "no_device"}
    name = next(name for name, other in SPECS.items() if other is spec)
    if name in refused:
        with pytest.raises(XferError) as caught:
            spec.check()
        assert caught.value.code == refused[name]
    else:
        assert set(spec.check().training) == {*spec.problem.source, *spec.problem.target}


# ---------------------------------------------------------------------- rules and sentences


def _sources() -> dict[Path, ast.Module]:
    core = Path(xfer_core.__file__).parent
    files = [*core.rglob("*.py"), *(core.parent / "pages").rglob("*.py")]
    return {path: ast.parse(path.read_text()) for path in files if path.name != "errors.py"}


def _raised(tree: ast.Module):
    """(code, names of the parameters) of whatever a file gives to XferError or to something that makes one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("XferError", "failure") and node.args:
            names = {keyword.arg for keyword in node.keywords}
            code = node.args[0]
            either = (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,)
            yield from ((one.value, names) for one in either if isinstance(one, ast.Constant))


def _named_in(code: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(MESSAGES[code]) if name}


def test_every_error_has_a_sentence_and_what_the_sentence_needs():
    found = [(path, *raised) for path, tree in _sources().items() for raised in _raised(tree)]
    assert len(found) > 30
    for path, code, names in found:
        assert code in MESSAGES, f"{path} raises {code}, for which there is no sentence"
        assert _named_in(code) <= names, f"{path} raises {code} without what its sentence names"


def test_no_sentence_is_dead():
    trees = _sources().values()
    used = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert not set(MESSAGES) - used


def test_every_rule_can_be_said():
    for code in MESSAGES:
        names = _named_in(code)
        for value in (None, "", "{brace}", "two\nlines", [], {"a": 1}, math.nan, "x" * 999):
            sentence = format_error(XferError(code, "some.field", value, **dict.fromkeys(names, value)))
            assert sentence.startswith("some.field "), code
            assert "\n" not in sentence, code
            assert len(sentence) < 500 + 200 * len(names), f"{code}: a long value is cut"
        marked = format_error(XferError(code, "f", 1, **dict.fromkeys(names, 2)), lambda text: f"«{text}»")
        assert marked.startswith("«f «"), f"{code}: both templates pass through the translation"
        assert marked.endswith("»; found 1.»"), code


# ---------------------------------------------------------------------- long, deep, and of every other kind


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        (["." * 5000 + "=1"], "too_deep"),
        (["strategy" + ".a" * 5000 + "=1"], "too_deep"),
        (["problem.source=" + "[" * 900 + "]" * 900], "too_deep"),
        (["strategy.kind=generalised", "strategy.scheme=table", "strategy.table=" + "x" * 140_000], "table_cell"),
        (["strategy.frozen=" + json.dumps(["conv1"] * 100_000)], "too_long"),
        (["strategy.frozen=" + json.dumps(["conv1"] * 2)], "twice"),
        (["training.augment=" + json.dumps(["shift"] * 100_000)], "too_long"),
        (["training.augment=" + json.dumps(["shift"] * 2)], "twice"),
        (["problem.source=" + json.dumps(["digits.photo"] * 100_000)], "too_long"),
        (["problem.tasks=" + json.dumps(["digit"] * 100_000)], "too_long"),
        (["problem.source=" + json.dumps(["x" * 10_000])], "too_long"),
        (["strategy.kind=generalised", "strategy.table=" + "x" * 1_000_001], "too_long"),
        (["training.device=" + "9" * 10_000], "too_long"),
        (["seed=" + "9" * 4000], "not_below"),
        (["strategy.kind=[]"], "unknown_choice"),
        (["strategy.kind=null"], "unknown_choice"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_too_long_or_too_deep_is_one_sentence(settings, code):
    begun = time.perf_counter()
    with pytest.raises(XferError) as caught:
        parse_spec({}, settings).check()
    sentence = format_error(caught.value)
    assert caught.value.code == code, sentence
    assert len(sentence) < 900
    assert time.perf_counter() - begun < 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PATHS = sorted(
    {"", "version", "seed", "problem", "network", "strategy", "training", "training.optimizer"}
    | {f"problem.{name}" for name in Problem.model_fields}
    | {f"training.{name}" for name in TrainingConfig.model_fields}
    | {f"training.optimizer.{name}" for form in OPTIMIZERS for name in form.model_fields}
    | {f"network.{name}" for form in NETWORKS for name in form.model_fields}
    | {f"strategy.{name}" for form in STRATEGIES for name in form.model_fields}
)
JARGON = re.compile(r"[a-z]+_(type|parsing|long|short|error|found|invalid)\b|pydantic|Input should|literal\[")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_recipe_is_read_in_the_encodings_that_editors_write(encoding, tmp_path, capsys):
    recipe = tmp_path / "recipe.json"
    recipe.write_bytes('{"seed": 7, "strategy": {"kind": "nonsense é"}}'.encode(encoding))
    assert main(["submit", str(recipe)]) == 2
    assert "found nonsense é." in capsys.readouterr().err


def test_a_recipe_that_is_no_text_is_one_sentence(tmp_path, capsys):
    recipe = tmp_path / "recipe.json"
    recipe.write_bytes(bytes(range(128, 256)) * 4)
    assert main(["submit", str(recipe)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("recipe must be ")
    assert said.count("\n") == 1


# ---------------------------------------------------------------------- whatever it is

quick = settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=list(HealthCheck))


@contextmanager
def one_sentence() -> Iterator[None]:
    """What is inside succeeds, or is refused in one line of words: no other exception leaves it."""
    error = None
    try:
        yield
    except XferError as found:
        error = found
    if error is not None:
        sentence = format_error(error)
        assert sentence.startswith(f"{format_value(error.field)} ")
        assert "\n" not in sentence
        rule = format_error(XferError(error.code, "field", "", **error.params))
        assert not JARGON.search(rule), rule


@given(specs())
@quick
def test_any_spec_survives_json_settings_and_a_recipe_file(spec):
    asked = [f"{path}={value}" for path, value in spec_settings(spec).items()]
    file = spec.model_dump_json().encode()
    shuffled = parse_spec({}, sorted(asked, reverse=True))
    for again in (RunSpec.model_validate_json(file), parse_spec(recipe_data(file, "a file")), parse_spec({}, asked)):
        assert again == spec == shuffled
        assert again.digest() == spec.digest()


@given(specs())
@quick
def test_any_spec_can_be_trained_or_is_refused_in_one_sentence(spec):
    with one_sentence():
        assert spec.check()


@given(
    st.lists(st.tuples(st.sampled_from(PATHS), JSON), min_size=1, max_size=3),
    st.sampled_from([form.kind_name() for form in STRATEGIES]),
)
@settings(quick, max_examples=600)
def test_any_value_of_a_field_makes_a_spec_or_one_sentence(values, kind):
    with one_sentence():
        parse_spec({}, [f"strategy.kind={kind}", *(f"{path}={json.dumps(value)}" for path, value in values)])


@given(st.lists(st.one_of(st.text(), st.builds("{}={}".format, st.sampled_from(PATHS), st.text())), max_size=4))
@quick
def test_any_text_after_set_makes_a_spec_or_one_sentence(texts):
    with one_sentence():
        parse_spec({}, texts)


@given(st.one_of(st.binary(), JSON.map(lambda data: json.dumps(data).encode())))
@quick
def test_any_recipe_file_makes_a_spec_or_one_sentence(content):
    with one_sentence():
        parse_spec(recipe_data(content, "a file"))
