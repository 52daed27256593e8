"""Integrated gradients of texts: their sum, their place in the text, and a case that is known by arithmetic."""

from __future__ import annotations

import pytest
import torch

from xfer_core.analysis.token_attribution import text_parts, token_contributions, token_summary
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput, TextInput
from xfer_core.modalities.text import encode_texts
from xfer_core.networks import EmbeddingBag, SmallCNN, TextCNN

LETTERS = TextInput(length=40, tokens=64, vocabulary=300)
WORDS = TextInput(length=80, tokens=30, analyzer="word", vocabulary=50, words=2)
NAMES = ["Šibenik", "Santa-Maria d'Or", "", "İzmir ß"]
SENTENCES = ["Not good, NOT good at all!", "", "a b", "It's   (very) good <b>"]
FORMS = [EmbeddingBag(embedding=6, width=8), TextCNN(embedding=6, filters=4)]


def prepared(spec: TextInput, texts: list[str]):
    raw = encode_texts(texts, spec.length)
    encoder = spec.fit([(spec, raw)])
    return encoder, encoder(spec, raw)


def trained(form, spec: TextInput):
    """A network whose every weight, and every batch-norm statistic, plays a part."""
    torch.manual_seed(3)
    network = form.build(spec, {"task": 3})
    tokens = torch.randint(2, spec.vocabulary, (64, spec.tokens))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(4)
    for _ in range(3):
        network(tokens)
    return network.eval()


@pytest.mark.parametrize("spec", [LETTERS, WORDS], ids=["letters", "words"])
@pytest.mark.parametrize("text", [*NAMES, *SENTENCES, "ΣΊΣΥΦΟΣ ΣΑΣ"])
def test_every_token_lies_where_its_letters_are(spec, text):
    pieces, covered = spec.pieces(text)
    assert "".join(pieces) == text
    tokens = spec.analyze()(text)
    assert len(tokens) == len(covered)
    for token, places in zip(tokens, covered, strict=True):
        found = "".join(pieces[place].lower() for place in places).replace("ς", "σ")
        wanted = token.replace("ς", "σ").replace(" ", "")  # lower-case depends on the place only of this letter
        assert wanted in found, "a token of a part of a letter, as of İ, covers all of it"
        assert found == wanted or "İ" in text or not wanted


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind)
@pytest.mark.parametrize(("spec", "texts"), [(LETTERS, NAMES), (WORDS, SENTENCES)], ids=["letters", "words"])
def test_the_contributions_of_a_text_add_up_to_the_difference_to_an_empty_one(form, spec, texts):
    encoder, inputs = prepared(spec, texts)
    network = trained(form, spec)
    classes = torch.tensor([0, 1, 2, 1])
    found = token_contributions(network, inputs, "task", classes)
    assert found.shape == (4, spec.tokens)
    tokens = inputs[:, : spec.tokens].long()
    assert (found[tokens == 0] == 0).all(), "padding"
    with torch.no_grad():
        logits = network(tokens)["task"] - network(torch.zeros_like(tokens))["task"]
    expected = logits[torch.arange(4), classes]
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(found.sum(1), expected, atol=0.02 * float(expected.abs().max()), rtol=0.02)
    for text, parts, values in zip(texts, text_parts(encoder, inputs, found), found, strict=True):
        assert "".join(part.text for part in parts) == text
        assert sum(part.contribution for part in parts) == pytest.approx(float(values.sum()), abs=1e-5)


def test_a_word_speaks_as_its_vector_says():
    """A linear network: the contribution of a token is its own share of the logit."""
    encoder, inputs = prepared(WORDS, ["good good bad"])
    network = EmbeddingBag(embedding=2, width=2, batch_norm=False).build(WORDS, {"task": 2})
    places = {token: place for place, token in enumerate(encoder.vocabulary, 2)}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        weights = dict(network.named_parameters())
        weights["stages.embedding.weight"][places["good"], 0] = 3
        weights["stages.embedding.weight"][places["bad"], 0] = -1
        weights["stages.hidden.linear.weight"][0, 0] = 1
        weights["heads.task.weight"][1, 0] = 2
    found = token_contributions(network.eval(), inputs, "task", torch.tensor([1]))
    (parts,) = text_parts(encoder, inputs, found)
    # five tokens: good, good, bad, "good good", "good bad"; the pairs have the vector 0
    assert [(part.text, round(part.contribution, 4)) for part in parts] == [
        ("good", 1.2),
        (" ", 0.0),
        ("good", 1.2),
        (" ", 0.0),
        ("bad", -0.4),
    ]


def test_the_summary_is_the_mean_over_texts():
    encoder, inputs = prepared(WORDS, ["good good", "bad"])
    values = torch.zeros(2, WORDS.tokens)
    values[0, :3] = torch.tensor([1.0, 2.0, 0.5])  # good, good, "good good"
    values[1, 0] = -1
    found = token_summary(encoder, inputs, values)
    assert found.to_dict("list") == {
        "token": ["good", "good good", "bad"],
        "contribution": [1.5, 0.25, -0.5],
        "texts": [1, 1, 1],
    }


def test_what_a_text_is_too_long_for_says_nothing():
    spec = TextInput(length=40, tokens=2, analyzer="word", vocabulary=20)
    encoder, inputs = prepared(spec, ["one two three"])
    (parts,) = text_parts(encoder, inputs, torch.tensor([[1.0, 2.0]]))
    assert [part.contribution for part in parts] == [1.0, 0.0, 2.0, 0.0, 0.0]


def test_a_network_without_tokens_is_refused():
    network = SmallCNN().build(ImageInput(1, 16, 16), {"digit": 10})
    with pytest.raises(XferError) as caught:
        token_contributions(network, torch.zeros(1, 1, 16, 16), "digit", torch.tensor([0]))
    assert caught.value.code == "no_attribution"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind)
def test_vectors_begin_small_and_padding_stays_zero(form):
    torch.manual_seed(0)
    network = form.build(LETTERS, {"task": 2})
    for _ in range(2):
        weight = dict(network.named_parameters())["stages.embedding.weight"].detach()
        assert float(weight[1:].std()) == pytest.approx(0.1, rel=0.1)
        assert not weight[0].any()
        network.reset_parameters()
