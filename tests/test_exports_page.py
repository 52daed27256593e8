"""The buttons that take a run home: nothing is packed before they are pressed, and what is packed is whole."""

from __future__ import annotations

import io
import zipfile

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import take_home
from xfer_core.exports import onnx
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FINISHED, QUEUED, RUNNING, open_store
from xfer_core.runs.worker import run_here

QUICK = ("training.steps=4", "training.batch_size=8", "training.evaluations=1", "network.width=4")


def trained(*changes: str) -> str:
    store = open_store()
    run = store.create(parse_spec({}, [*QUICK, *changes]), status=RUNNING)
    run_here(store, run, 1)
    return run


def shown() -> AppTest:
    def page() -> None:
        from pages.parts.store import store
        from pages.parts.take_home import take_home

        take_home(store().find()[0])

    return AppTest.from_function(page, default_timeout=60).run()


def labels(test: AppTest) -> list[str]:
    return [button.label for button in test.button]


def test_it_packs_when_pressed_and_then_offers_the_file(monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    run = trained()
    test = shown()
    assert labels(test) == ["Take home"]
    assert take_home.PACKED not in test.session_state
    test.button[0].click().run()
    assert not test.exception
    assert labels(test) == []
    packed = test.session_state[take_home.PACKED]
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert archive.read(f"xfer-{run}/recipe.json")
    wanted = {"report.html", "recipe.json", "curves.csv", "weights.safetensors", "script.py", "data.npz"}
    assert set(names) == {f"xfer-{run}/{name}" for name in wanted}
    (saving,) = test.get("download_button")
    assert saving.proto.label == f"Save everything ({len(packed.content) / 1e6:.1f} MB)"
    assert all(f"`{name}`" in test.markdown[0].value for name in wanted)
    assert [caption.value for caption in test.caption] == [
        "network.onnx is left out until its packages are there: pip install onnx onnxscript; "
        "found no onnx, no onnxscript."
    ]


def test_the_file_of_one_run_is_not_offered_for_another():
    run = trained()
    test = shown()
    test.session_state[take_home.PACKED] = take_home.Packed("another", b"", [], [])
    assert labels(test.run()) == ["Take home"]
    test.session_state[take_home.PACKED] = take_home.Packed(run, b"here", [], [])
    assert test.run().get("download_button")


@pytest.mark.parametrize("status", [QUEUED, RUNNING, "paused", "failed"])
def test_without_a_result_there_is_nothing_to_take(status):
    open_store().create(parse_spec({}, QUICK), status=status)
    assert labels(shown()) == []


def test_every_file_of_an_export_has_its_words(tmp_path):
    run = trained("strategy.kind=generalised")
    packed = take_home.pack(run)
    assert open_store().get(run).status == FINISHED
    assert set(packed.names) <= set(take_home._words())
