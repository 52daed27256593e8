"""Texts on the pages: chosen, trained, inspected and tried."""

from __future__ import annotations

import json
import re
import runpy

import numpy as np
import onnxruntime
import pytest

from tests.support.pages import app, marks_of, text_of
from tests.support.runs import trained_run
from xfer_core.execution.worker import run_here
from xfer_core.exports.data import write_data
from xfer_core.exports.onnx_process import write_onnx
from xfer_core.exports.standalone import script_of
from xfer_core.problems.problem import split_problem
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import RUNNING, open_store

QUICK = ("training.steps=8", "training.batch_size=8", "training.evaluations=4")
NAMES = ('problem.source=["names.family"]', 'problem.target=["names.places"]')


def test_choosing_texts_brings_a_pair_that_trains():
    page = app("train")
    page.pills(key=f"train{page.session_state['train.form']}.source").set_value("text").run()
    assert not page.exception
    spec = page.session_state["train.spec"]
    assert (spec.problem.source, spec.problem.target) == (("names.family",), ("names.places",))
    assert (spec.network.kind, spec.training.augment, spec.problem.tasks) == ("embedding_bag", (), ("language",))


def test_every_view_of_a_run_on_texts_is_there():
    run = trained_run(open_store(), *NAMES)
    assert run.result, run.reason
    for question in ("confusion", "changes", "features", "drift", "tokens", "calibration"):
        page = app("run", run=run.id, view="inspect", question=question)
        assert not page.exception, question
        assert not page.error, (question, text_of(page))
    page = app("run", run=run.id, view="export")
    assert not page.exception


def test_a_text_can_be_tried():
    run = trained_run(open_store(), *NAMES)
    page = app("run", run=run.id, view="try")
    assert not page.exception
    before = [block.proto.body for block in page.get("html")]
    assert any("Croatian" in block for block in before)
    page.text_input(key="try.text").set_value("Šibenik <b>").run()
    assert not page.exception
    assert [block.proto.body for block in page.get("html")] != before
    page.button(key="try.sample.names.places").click().run()
    assert page.text_input(key="try.text").value != "Šibenik <b>"
    page.text_input(key="try.text").set_value("").run()
    assert not page.exception


def test_try_it_marks_what_spoke_for_the_prediction_and_shows_no_markup_of_the_text():
    run = trained_run(open_store(), *NAMES)
    page = app("run", run=run.id, view="try")
    page.text_input(key="try.text").set_value("<b>Šibenik").run()
    assert not page.exception
    bodies = [block.proto.body for block in page.get("html")]
    (marked,) = [body for body in bodies if 'aria-label="What counted' in body]
    assert "<b>" not in marked
    assert re.sub(r"<style>.*?</style>|<[^>]+>", "", marked, flags=re.DOTALL) == "&lt;b&gt;Šibenik"
    assert marked.count("<mark") >= len("Šibenik")
    assert "speaks against it" in "".join(bodies)


def test_sentences_have_a_box_of_several_lines_and_their_words_are_marked(moods):
    run = finished_run(
        'problem.source=["moods.first"]', 'problem.target=["moods.second"]', *QUICK, "network.batch_norm=false"
    )
    assert run.result, run.reason
    marked = marks_of(run.id, "good film,\nnot <i>bad</i>")
    assert "<i>" not in marked
    words = re.findall(r"<mark[^>]*>(.*?)</mark>", marked)
    assert words == ["good", "film", "not", "bad"]
    page = app("run", run=run.id, view="inspect", question="tokens")
    assert not page.exception
    assert "spoke most for it" in text_of(page)


def test_inspect_names_the_tokens_that_spoke_for_a_class():
    run = trained_run(open_store(), *NAMES)
    page = app("run", run=run.id, view="inspect", question="tokens")
    assert not page.exception
    assert "spoke most for it" in text_of(page)
    assert page.get("plotly_chart")
    box = page.selectbox(key=f"inside.tokens.class.{run.id}")
    before = text_of(page)
    if len(box.options) > 1:
        box.select_index(1).run()
        assert not page.exception
        assert text_of(page) != before


def finished_run(*changes: str):
    """A run of exactly these settings."""
    store = open_store()
    run = store.create(parse_spec({}, list(changes)), status=RUNNING)
    run_here(store, run, 1)
    return store.get(run)


@pytest.mark.parametrize("network", ["embedding_bag", "text_cnn"])
def test_the_exported_script_ends_with_the_weights_of_the_run(network, tmp_path, monkeypatch):
    quick = "network.width=4" if network == "embedding_bag" else "network.filters=4"
    cpu = "training.device=cpu", "training.precision=float32", f"network.kind={network}", quick
    run = finished_run(*NAMES, *cpu, *QUICK)
    spec = run.typed_spec
    data = split_problem(spec.problem, spec.seed)
    write_data(data, spec, tmp_path)
    vocabulary = data.encoder.describe()["vocabulary"]
    assert np.load(tmp_path / "data.npz")["vocabulary"].tolist() == vocabulary
    text = script_of(spec, data)
    assert "import xfer_core" not in text
    (tmp_path / "script.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    net = runpy.run_path("script.py")["net"]
    for name, value in load_trained_network(run).state_dict().items():
        assert (value.double() - net.state_dict()[name].double()).abs().max() < 1e-4, name


def test_an_exported_network_takes_tokens_and_names_the_vocabulary(tmp_path):
    run = trained_run(open_store(), *NAMES)
    write_onnx(run, tmp_path / "network.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    spec = run.typed_spec
    data = split_problem(spec.problem, spec.seed)
    described = json.loads(session.get_modelmeta().custom_metadata_map["input"])
    assert described["vocabulary"] == data.encoder.describe()["vocabulary"]
    prepared = data.held_out["names.places", "test"].inputs[:5]
    network = load_trained_network(run).eval()
    tokens = data.input_spec.to_float(prepared, next(network.parameters()).device)
    (found,) = session.run(None, {"texts": tokens.numpy()})
    assert abs(found - network(tokens)["language"].detach().numpy()).max() < 1e-4
