"""What a person takes home: every file is there and says what the run said; what cannot be written is named."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from xfer_core.analysis.accuracy import gain
from xfer_core.analysis.measure import metric_text
from xfer_core.analysis.verdict import Verdict
from xfer_core.cli import main
from xfer_core.domains import domain_info, load_domain
from xfer_core.errors import format_error
from xfer_core.execution.worker import run_here
from xfer_core.exports import data, export_run, onnx
from xfer_core.exports.figures import figures_of
from xfer_core.exports.live_changes import live_changes
from xfer_core.exports.onnx_process import write_onnx
from xfer_core.exports.summary import comparison_summary
from xfer_core.problems.problem import split_problem
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import PAUSED, QUEUED, RUNNING, open_store

QUICK = ("training.steps=8", "training.batch_size=8", "training.evaluations=4", "network.width=4")
ALWAYS = {"report.html", "recipe.json", "curves.csv", "weights.safetensors", "script.py", "data.npz"}
NASTY = "<script>alert(1)</script> & \"quoted\" 'name'"
needs_onnx = pytest.mark.skipif(
    any(onnx.find_spec(name) is None for name in onnx.NEEDED), reason="the extra onnx is not installed"
)


@pytest.fixture(autouse=True)
def _no_onnx(request, monkeypatch):
    """Writing ONNX takes seconds: only the tests that ask for it wait for it."""
    if "onnx" not in request.node.name:
        monkeypatch.setattr(onnx, "find_spec", lambda name: None)


def trained(*changes: str, name: str = "") -> str:
    """The id of a run that has trained to its end."""
    store = open_store()
    run = store.create(parse_spec({}, [*QUICK, *changes]), name=name, status=RUNNING)
    run_here(store, run, 1)
    return run


class Reader(HTMLParser):
    """What a browser would make of a page: its tags, and the text outside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words, self.inside = "", ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag) -> None:
        self.inside = ""

    def handle_data(self, data) -> None:
        self.words += "" if self.inside else data


def report_of(run: str, folder) -> str:
    exported = export_run(open_store(), run, folder)
    assert folder / "report.html" in exported.files
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_command_writes_every_file_onnx_too_and_the_script_runs_without_us(tmp_path, capsys):
    run, out = trained(), tmp_path / "out"
    assert main(["export", run, str(out)]) == 0
    said = capsys.readouterr()
    written = {path.name for path in out.iterdir()}
    assert {os.path.basename(line) for line in said.out.splitlines()} == written
    assert written - {"network.onnx"} == ALWAYS
    assert ("network.onnx" in written) != ("pip install" in said.err)
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XFER"))}
    ran = subprocess.run(
        [sys.executable, "-I", str(out / "script.py")],
        cwd=tmp_path,
        env=alone,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert re.fullmatch(r"target test accuracy: [01]\.\d{4}", ran.stdout.splitlines()[-1]), ran.stderr


def test_the_files_say_what_the_run_said(tmp_path):
    run = trained("strategy.kind=generalised", name=NASTY)
    files = {path.name: path for path in export_run(open_store(), run, tmp_path).files}
    row = open_store().get(run)
    assert json.loads(files["recipe.json"].read_text()) == row.spec
    rows = list(csv.DictReader(files["curves.csv"].open()))
    assert [line["step"] for line in rows if line["name"] == "loss/total"] == [str(step) for step in range(1, 9)]
    assert load_file(files["weights.safetensors"]).keys() == load_trained_network(row).state_dict().keys()
    assert "sample_weights.csv" in files
    text = files["script.py"].read_text(encoding="utf-8")
    assert metric_text(row.target_metric["name"], row.target_metric["value"]) in text
    assert row.result["device"] in text


def test_the_sets_of_a_run_are_in_its_script(tmp_path):
    store, run = open_store(), trained()
    store.append(run, events=[set_event(9999, 3, "lr", 0.5)])
    assert live_changes(store, store.get(run)) == {3: [("lr", 0.5)]}
    export_run(store, run, tmp_path)
    assert "TURNED = {3: [('lr', 0.5)]}" in (tmp_path / "script.py").read_text(encoding="utf-8")


def test_why_the_numbers_of_a_script_differ_is_said_in_its_head_and_in_the_report(tmp_path):
    """What the comparison of script and run allows for is read by the person who compares them."""
    run, reason = trained("training.selection=source_validation"), "the script reports the last step"
    words = " ".join(Reader(report_of(run, tmp_path)).words.split())
    head = " ".join((tmp_path / "script.py").read_text(encoding="utf-8").split('"""')[1].split())
    for text in (words, head):
        assert reason in text
    trained_by_rounding = trained("training.precision=float32", "training.device=cpu")
    words = Reader(report_of(trained_by_rounding, tmp_path / "other")).words
    assert reason not in words
    assert "only rounding can make a difference" in words


def set_event(seq: int, step: int, name: str, value: float) -> dict:
    return {"seq": seq, "step": step, "kind": "set", "details": {"name": name, "value": value}, "time": 1.0}


def test_the_report_says_what_was_changed_while_it_trained(tmp_path):
    store, run = open_store(), trained("strategy.kind=coral")
    untouched = Reader(report_of(run, tmp_path)).words
    assert "What was changed while it trained" not in untouched
    assert "The recipe: everything that decides this run" in untouched
    changes = [(7, "lambda/distance", 0.5), (3, "lr", 0.004), (3, "lambda/digits.photo/digit", 2.0), (8, "lr", 0.9)]
    store.append(run, events=[set_event(9990 + i, *change) for i, change in enumerate(changes)])
    page = Reader(report_of(run, tmp_path))
    told = page.words.partition("What was changed while it trained")[2].partition("How much of")[0].split("\n")
    said = [line for line in (part.strip() for part in told) if line]
    assert said == [
        "A person changed settings of this run by hand.",
        "whatafter stepset to",
        "learning rate30.004",
        "λ of Digits on photographs32",
        "λ of Distance of the covariances70.5",
    ], "in order of steps; what was set after the last step changed nothing"
    assert "is in the recipe, as training.live_changes, and in script.py" in page.words
    assert '"name": "lambda/digits.photo/digit"' in page.words.partition("everything that decides this run")[2]


def told(store, run: str, at: dict[int, list[tuple[str, str, float]]]):
    """A listener that asks something of a run as soon as it has come to a step."""

    def listen(progress) -> None:
        for kind, name, value in at.pop(progress["step"], []):
            store.command(run, kind, name, value)

    return listen


def test_a_run_that_was_paused_has_the_script_of_one_that_was_not(tmp_path, every_step):
    store, scripts = open_store(), []
    turns = {2: [("set", "lambda/digits.photo/digit", 0.1)], 6: [("set", "lr", 0.005)]}
    for pauses in ({}, {4: [("pause", "", 0.0)]}):
        run = store.create(parse_spec({}, [*QUICK, "strategy.kind=joint"]), name="the same", status=RUNNING)
        run_here(store, run, 1, told(store, run, turns | pauses))
        if pauses:
            assert store.get(run).status == PAUSED
            store.update(run, status=RUNNING)
            run_here(store, run, 1, told(store, run, {step: turns[step] for step in turns if step > 4}))
        assert store.get(run).status == "finished"
        export_run(store, run, tmp_path / run)
        scripts.append((tmp_path / run / "script.py").read_text(encoding="utf-8").replace(run, "RUN"))
    assert "TURNED = {2: [('lambda/digits.photo/digit', 0.1)], 6: [('lr', 0.005)]}" in scripts[0]
    assert scripts[0] == scripts[1]


# ---------------------------------------------------------------------- the report


def test_the_report_loads_nothing_from_anywhere(tmp_path):
    page = Reader(report_of(trained(), tmp_path))
    loading = [value for _tag, given in page.tags for name, value in given.items() if name in ("src", "href", "srcset")]
    assert all(str(value).startswith("data:image/png;base64,") for value in loading), "the pictures are in it"
    assert len(loading) == 2, "one of each domain"
    assert not [tag for tag, _given in page.tags if tag in ("link", "iframe", "base", "object")]
    assert "@import" not in (tmp_path / "report.html").read_text(encoding="utf-8").partition("</style>")[0]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("plotly.js v") == 1, "once, and whole"


def test_a_name_cannot_become_html(tmp_path):
    text = report_of(trained(name=NASTY), tmp_path)
    page = Reader(text)
    assert "alert(1)</script>" not in text
    assert NASTY in page.words
    with_plain_name = Reader(report_of(trained(name="plain"), tmp_path))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in with_plain_name.tags]


def test_the_report_says_how_it_came_out(tmp_path):
    run = trained('strategy.frozen=["conv1"]')
    words = Reader(report_of(run, tmp_path)).words
    row = open_store().get(run)
    name, value = row.target_metric["name"], row.target_metric["value"]
    assert f"{metric_text(name, value)} of its answers are right" in words
    assert "This is one run: another seed may give several points more or less." in words
    assert "Seed 0" in words
    assert "The frozen part is unchanged to the last bit." in words
    for metric, measured in row.result["metrics"].items():
        assert metric_text(metric, measured) in words
    assert json.loads(words[words.index("{") : words.rindex("}") + 1]) == row.spec
    assert torch.__version__ in words
    problem_data = data.load_data(row.typed_spec.problem, 0)
    assert f"{len(problem_data.held_out['digits.photo', 'test'])} test samples" in words


def test_the_report_stands_beside_its_baselines(tmp_path):
    alone = trained("seed=3")
    assert "No baseline was trained on this problem" in Reader(report_of(alone, tmp_path)).words
    scratch = trained("seed=3", "strategy.kind=target_only")
    trained("seed=4", "strategy.kind=source_only")  # of another seed: none of its baselines
    store = open_store()
    for run, value in ((alone, 0.8), (scratch, 0.6)):
        result = store.get(run).result
        store.update(run, result={**result, "target_metric": {**result["target_metric"], "value": value}})
    page = Reader(report_of(alone, tmp_path))
    assert (
        "Trained from scratch, with the very same labels, 60.0 % are right; this run is 20.0 points above" in page.words
    )
    assert "One run each, seed 3: another seed may give another difference." in page.words
    assert "baseline: From scratch" in page.words
    assert "baseline: Source only" not in page.words
    (accuracy, *_) = [given["aria-label"] for tag, given in page.tags if "aria-label" in given and tag == "figure"]
    assert "baseline: From scratch:" in accuracy, "its curve, too"


@pytest.mark.parametrize(
    ("value", "baseline", "is_error", "said"),
    [
        (0.8, 0.6, False, "60.0 % are right; this run is 20.0 points above that. A test of 100 samples"),
        (0.6, 0.8, False, "80.0 % are right; this run is 20.0 points below that. A test of 100 samples"),
        (0.61, 0.6, False, "That is too close to tell apart."),
        (4.0, 6.5, True, "the answers are 6.5° off; this run is 2.5° closer."),
        (6.5, 4.0, True, "the answers are 4.0° off; this run is 2.5° farther off."),
    ],
)
def test_a_baseline_is_compared_with_in_words(value, baseline, is_error, said):
    noise = math.nan if is_error else gain(baseline, value, 100).noise
    found = Verdict(value, is_error, "target_only", baseline, noise, unit="°")
    (sentence,) = comparison_summary(RunSpec(), found, 100)
    assert said in sentence
    assert sentence.endswith("One run each, seed 0: another seed may give another difference.")
    assert comparison_summary(RunSpec(), Verdict(value, is_error), 100) == [], "no baseline"
    assert comparison_summary(RunSpec(), replace(found, stopped_at=3), 100) == [], "cut short"


def test_the_sum_of_the_losses_does_not_hide_its_terms():
    points = [(name, step, 1.0 / step) for name in ("loss/total", "loss/digits.photo/digit") for step in (1, 2)]
    (losses,) = figures_of(parse_spec({}, ["strategy.kind=joint"]), points)
    first, second = losses.figure().data
    assert first.name == "all, weighted"
    assert first.line.dash == "dot"
    assert first.line.width < second.line.width
    assert losses.figure().layout.yaxis.type == "log"


def test_every_picture_has_words_and_numbers(tmp_path):
    run = trained("strategy.kind=dwa", "strategy.window=1", 'problem.tasks=["digit", "tilt"]')
    page = Reader(report_of(run, tmp_path))
    figures = [given["aria-label"] for tag, given in page.tags if "aria-label" in given and tag == "figure"]
    questions = ("How much of", "How far off", "How do the losses fall?", "How did λ move?")
    assert len(figures) == 5
    assert all(question in page.words for question in questions)
    assert [tag for tag, _given in page.tags].count("details") == 5
    assert ["at step 8" in words for words in figures] == [True] * 4 + [False]
    assert "test samples are right" in figures[-1], "the confusion matrix"
    kinds = [given.get("class") for tag, given in page.tags if tag == "div"]
    assert kinds.count("light") == kinds.count("dark") == 5


def test_lambda_that_stands_still_is_not_drawn():
    run = trained()
    row = open_store().get(run)
    pictures = figures_of(row.typed_spec, open_store().updates_since(run).points)
    assert "How did λ move?" not in [picture.question for picture in pictures]
    losses = next(picture for picture in pictures if "losses" in picture.question)
    drawn = {curve.title: curve.points for curve in losses.curves}
    told = sorted((step, value) for name, step, value in open_store().updates_since(run).points if name == "loss/total")
    assert drawn["all, weighted"] == told


def test_a_long_table_is_thinned_and_keeps_the_last_step():
    points = [("loss/total", step, 1.0) for step in range(1, 1001)]
    (picture,) = figures_of(RunSpec(), points)
    header, rows = picture.numbers(40)
    assert header == ["step", "all, weighted"]
    assert len(rows) <= 42
    assert rows[-1][0] == "1000"


# ---------------------------------------------------------------------- what the outputs mean

HIGH_FIRST = (  # the order of the sources decides: output 0 is a five here
    "strategy.kind=source_only",
    'problem.source=["digits.high", "digits.low"]',
    "problem.labels_per_class=0",
    'problem.tasks=["digit", "tilt"]',
    "training.augment=[]",
)
DIGITS = ["5", "6", "7", "8", "9", "0", "1", "2", "3", "4"]


def test_everything_that_is_taken_home_says_which_output_is_which_class(tmp_path):
    run = trained(*HIGH_FIRST)
    words = Reader(report_of(run, tmp_path)).words
    row = open_store().get(run)
    with safe_open(tmp_path / "weights.safetensors", "pt") as file:
        said = file.metadata()
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
    assert json.loads(said["outputs"]) == {"digit": {"classes": DIGITS}, "tilt": {"unit": "degrees"}}
    assert json.loads(said["input"]) == {"layout": "NCHW", "shape": [3, 32, 32], "type": "float32", "range": [0, 1]}
    assert said["run"] == run
    assert json.loads(said["result"]) == row.result["metrics"]
    kept = load_trained_network(row).state_dict()
    assert all(torch.equal(weights[name], kept[name]) for name in kept)
    with np.load(tmp_path / "data.npz", allow_pickle=False) as found:
        assert list(found["classes/digit"]) == DIGITS
        assert str(found["unit/tilt"]) == "degrees"
        assert "classes/tilt" not in found.files
    script_head = (tmp_path / "script.py").read_text(encoding="utf-8").partition("import")[0]
    for text in (words, " ".join(script_head.replace("#", " ").split())):
        assert "Outputs of digit, one per class, the largest is the prediction: 0 = '5', 1 = '6'," in text
        assert "Output of tilt: one number, in degrees." in text
    assert "float values from 0 to 1, as a block of samples × 3 × 32 × 32" in words


def test_a_row_of_the_sample_weights_is_found_in_the_data(tmp_path):
    run = trained("strategy.kind=generalised", "strategy.scheme=class_balanced")
    export_run(open_store(), run, tmp_path)
    rows = list(csv.DictReader((tmp_path / "sample_weights.csv").open()))
    with np.load(tmp_path / "data.npz", allow_pickle=False) as found:
        for key in ("digits.handwritten", "digits.photo"):
            numbers = dict(zip(found[f"{key}/labelled/original"].tolist(), found[f"{key}/labelled/digit"], strict=True))
            named = {int(row["original"]): row["digit"] for row in rows if row["domain"] == key}
            assert named == {original: found["classes/digit"][label] for original, label in numbers.items()}


def test_weights_can_be_read_by_whoever_may_read_the_folder(tmp_path):
    export_run(open_store(), trained(), tmp_path)
    assert oct((tmp_path / "weights.safetensors").stat().st_mode) == oct((tmp_path / "curves.csv").stat().st_mode)


# ---------------------------------------------------------------------- what is left out


@pytest.mark.parametrize("status", [QUEUED, PAUSED, "failed", "interrupted"])
def test_a_run_without_weights_leaves_them_out_and_says_so(tmp_path, status):
    store = open_store()
    run = store.create(RunSpec(), status=status)
    exported = export_run(store, run, tmp_path)
    assert {path.name for path in exported.files} == ALWAYS - {"weights.safetensors"}
    said = {error.field: format_error(error) for error in exported.skipped}
    assert said["weights.safetensors"] == (
        f"weights.safetensors is left out, because the run has not trained to an end; found {status}."
    )
    assert f"This run is {status}." in Reader((tmp_path / "report.html").read_text(encoding="utf-8")).words


def test_without_the_packages_onnx_is_left_out_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    assert main(["export", trained(), str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "network.onnx" not in said.out
    assert said.err == (
        "network.onnx is left out until its packages are there: pip install onnx onnxscript; "
        "found no onnx, no onnxscript.\n"
    )


def test_data_that_is_gone_is_not_downloaded_again(tmp_path, monkeypatch):
    from xfer_core.exports import report_samples

    run = trained()
    monkeypatch.setattr(data, "is_available", lambda key: key != "digits.photo")
    monkeypatch.setattr(report_samples, "is_available", lambda key: key != "digits.photo")
    exported = export_run(open_store(), run, tmp_path)
    assert ("data_gone", "digits.photo") in [(error.code, error.value) for error in exported.skipped]
    assert not (tmp_path / "script.py").exists()
    assert "test samples of" in Reader((tmp_path / "report.html").read_text(encoding="utf-8")).words


# ---------------------------------------------------------------------- ONNX


@needs_onnx
@pytest.mark.parametrize("kind", ["small_cnn", "article_net", "lenet", "pixels"])
def test_onnx_answers_as_the_network_does_and_says_what_its_outputs_mean(tmp_path, kind):
    """In this process: the command above writes it in one of its own."""
    import onnx as onnx_itself

    runtime = pytest.importorskip("onnxruntime")
    store = open_store()
    changes = [*QUICK[: 4 if kind == "small_cnn" else 3], f"network.kind={kind}", *HIGH_FIRST]
    run = store.create(parse_spec({}, changes), status=RUNNING)
    run_here(store, run, 1)
    path = tmp_path / "network.onnx"
    write_onnx(store.get(run), path)
    assert [file.name for file in tmp_path.glob("network*")] == ["network.onnx"], "one file, weights and all"
    session = runtime.InferenceSession(path)
    assert [output.name for output in session.get_outputs()] == ["digit", "tilt"]
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = load_trained_network(store.get(run))(images)
    for name, found in zip(("digit", "tilt"), session.run(None, {"images": images.numpy()}), strict=True):
        np.testing.assert_allclose(found, wanted[name].numpy(), rtol=1e-3, atol=1e-4)
    said = {part.key: part.value for part in onnx_itself.load(path).metadata_props}
    assert json.loads(said["outputs"]) == {"digit": {"classes": DIGITS}, "tilt": {"unit": "degrees"}}
    assert json.loads(said["input"])["range"] == [0, 1]
    assert said["run"] == run
    assert "error/digits.photo/tilt/test" in json.loads(said["result"])


@needs_onnx
def test_onnx_of_points_whose_task_is_a_word_of_python(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    points = ['problem.source=["planar.moons"]', 'problem.target=["planar.moons?rotate=30"]']
    small = ["network.width=4", "network.activation=tanh", "training.steps=4"]
    store = open_store()
    run = store.create(parse_spec({}, [*points, *small]), status=RUNNING)
    run_here(store, run, 1)
    write_onnx(store.get(run), tmp_path / "network.onnx")
    session = runtime.InferenceSession(tmp_path / "network.onnx")
    assert [output.name for output in session.get_outputs()] == ["class"]


@needs_onnx
def test_onnx_of_a_table_takes_rows_as_the_domain_holds_them(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    store = open_store()
    tables = ['problem.source=["clinical.breast_fine"]', 'problem.target=["clinical.breast_coarse"]']
    run = store.create(parse_spec({}, [*tables, "network.width=4", "training.steps=4"]), status=RUNNING)
    run_here(store, run, 1)
    path = tmp_path / "network.onnx"
    write_onnx(store.get(run), path)
    spec, rows = domain_info("clinical.breast_coarse").spec, load_domain("clinical.breast_coarse").inputs[:5].clone()
    rows[0, 3] = float("nan")
    prepared = split_problem(store.get(run).typed_spec.problem, 0).encoder(spec, rows)
    with torch.inference_mode():
        wanted = load_trained_network(store.get(run))(prepared)["diagnosis"]
    found = runtime.InferenceSession(path).run(None, {"rows": rows.numpy()})[0]
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-3, atol=1e-4)
