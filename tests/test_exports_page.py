"""The buttons that take a run home: nothing is made before they are pressed, and what is made is whole."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest
from test_pages import _nobody_trains, app  # noqa: F401 - a fixture

from pages.run import export_panel
from pages.widgets.recipe_upload import spec_of
from xfer_core import exports
from xfer_core.errors import XferError
from xfer_core.execution.worker import run_here
from xfer_core.exports import onnx
from xfer_core.runs.recipe import LARGEST
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, QUEUED, RUNNING, open_store
from xfer_core.strict_json import to_json

QUICK = ("training.steps=4", "training.batch_size=8", "training.evaluations=1", "network.width=4")
ALWAYS = ["report.html", "recipe.json", "curves.csv", "weights.safetensors", "script.py", "data.npz"]
ALL = "Everything (zip)"


def trained(*changes: str) -> str:
    store = open_store()
    run = store.create(parse_spec({}, [*QUICK, *changes]), status=RUNNING)
    run_here(store, run, 1)
    return run


def shown() -> AppTest:
    def page() -> None:
        from pages.run.export_panel import export_panel
        from pages.widgets.store import store

        export_panel(store().find()[0])

    return AppTest.from_function(page, default_timeout=60).run()


def labels(test: AppTest) -> list[str]:
    return [button.proto.label for button in test.get("download_button")]


def test_each_file_has_a_button_and_nothing_is_made_before_it_is_pressed(monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    trained()

    def too_early(*_arguments: object) -> None:
        raise AssertionError("nobody has asked for it")

    for form in exports.FORMATS:
        monkeypatch.setattr(form, "write", too_early)
    test = shown()
    assert not test.exception
    assert labels(test) == [ALL, *ALWAYS]
    assert [caption.value for caption in test.caption] == [
        "network.onnx is left out until its packages are there: pip install onnx onnxscript; "
        "found no onnx, no onnxscript."
    ]


def test_a_button_gives_its_file_and_the_zip_gives_all(monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    run = trained()
    given: dict[str, partial[bytes]] = {}

    def button(_column: object, label: str, make: partial[bytes], *_more: object, **_options: object) -> None:
        given[label] = make

    monkeypatch.setattr("streamlit.delta_generator.DeltaGenerator.download_button", button)
    assert not shown().exception
    contents = {name: given[name]() for name in ALWAYS}
    assert all(contents.values())
    assert json.loads(contents["recipe.json"]) == open_store().get(run).spec
    with zipfile.ZipFile(io.BytesIO(given[ALL]())) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {f"xfer-{run}/{name}" for name in ALWAYS}
        for name in ("recipe.json", "curves.csv", "script.py"):
            assert archive.read(f"xfer-{run}/{name}") == contents[name]


@pytest.mark.parametrize("status", [QUEUED, RUNNING, "paused", "failed"])
def test_without_a_result_there_is_nothing_to_take(status):
    open_store().create(parse_spec({}, QUICK), status=status)
    assert labels(shown()) == []


def test_what_is_offered_is_what_is_written_and_every_file_has_its_words(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    run = trained("strategy.kind=generalised")
    row = open_store().get(run)
    assert row.status == FINISHED
    names, left_out = exports.available_files(row)
    written = exports.export_run(open_store(), run, tmp_path)
    assert names == [path.name for path in written.files]
    assert [error.code for error in left_out] == [error.code for error in written.skipped]
    assert {*names, onnx.FILE, "sample_weights.csv"} <= set(export_panel._words())


# ---------------------------------------------------------------------- open a recipe


def test_a_recipe_is_the_run_again_with_a_table_that_no_address_could_hold():
    table = "domain,class,weight\n" + "\n".join(f"digits.handwritten,{i % 10},1.{i}" for i in range(10))
    spec = parse_spec({}, ["strategy.kind=generalised", "strategy.scheme=table", f"strategy.table={json.dumps(table)}"])
    assert spec_of(to_json(spec.model_dump(mode="json"), indent=2).encode(), "recipe.json") == spec


@pytest.mark.parametrize(
    ("content", "field", "code"),
    [
        (b"{", "recipe", "not_json"),
        (b"[1]", "recipe", "not_an_object"),
        (b"\x80abc", "recipe", "no_file"),
        (b'"' + b"x" * LARGEST + b'"', "recipe", "too_long"),
        (b'{"seed": -1}', "seed", "too_small"),
        (b'{"sed": 1}', "sed", "unknown_field"),
        (b'{"problem": {"source": ["nowhere"]}}', "problem.source", "unknown_domain"),
        (b'{"strategy": {"kind": "joint", "weights": {"x": 1}}}', "strategy.weights", "unknown_term"),
    ],
)
def test_a_bad_recipe_is_one_sentence(content, field, code):
    with pytest.raises(XferError) as caught:
        spec_of(content, "recipe.json")
    assert (caught.value.field, caught.value.code) == (field, code)


def test_an_uploaded_recipe_opens_train_with_its_settings():
    run = trained()
    test = app("run", run=run, view="home")
    assert not test.exception
    spec = parse_spec({}, ["strategy.kind=joint", "seed=7"])
    test.file_uploader[0].upload("recipe.json", to_json(spec.model_dump(mode="json")).encode(), "application/json")
    test.run()
    assert not test.exception
    assert test.session_state["train.spec"] == spec
    again = app("run", run=run, view="home")
    again.file_uploader[0].upload("recipe.json", b'{"seed": -1}', "application/json").run()
    assert [error.value for error in again.error] == ["Seed must be at least 0; found -1."]


def test_nothing_is_handed_over_twice():
    test = app("train")
    test.session_state["train.handed_over"] = RunSpec(seed=5)
    test.session_state["address.arrived"] = True
    assert test.run().session_state["train.spec"].seed == 5
    assert test.session_state["train.handed_over"] is None
