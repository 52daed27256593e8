"""What an input is: images and tables, prepared alike for every domain of a problem."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xfer_core.errors import XferError
from xfer_core.modalities import MODALITIES, Column, ImageInput, TableInput, TextInput, read_input_spec
from xfer_core.modalities.table import INK, TableEncoder
from xfer_core.modalities.text import UNKNOWN, decode_texts, encode_texts

CPU = torch.device("cpu")
NAN = float("nan")
AGE, SEX = Column("age", unit="years"), Column("sex", ("female", "male"))
PATIENTS = TableInput((AGE, SEX))
ROWS = torch.tensor([[20.0, 0], [40, 1], [NAN, 1], [60, NAN]])


def refused(code: str, ask, **params) -> str:
    with pytest.raises(XferError) as caught:
        ask()
    assert caught.value.code == code
    assert params.items() <= caught.value.params.items()
    return str(caught.value)


def test_rows_are_imputed_scaled_and_encoded_from_the_training_inputs_of_all_domains():
    more = torch.tensor([[100.0, 0]])
    encode = PATIENTS.fit([(PATIENTS, ROWS), (PATIENTS, more)])
    ages = np.array([20, 40, 50, 60, 100.0])  # the missing one is the median of 20, 40, 60 and 100
    expected = (ages - ages.mean()) / ages.std()
    found = encode(PATIENTS, torch.cat([ROWS, more]))
    torch.testing.assert_close(found[:, 0], torch.from_numpy(expected).float())
    assert found[:, 1:].tolist() == [[1, 0], [0, 1], [0, 1], [1, 0], [1, 0]], "two of each: the first is the commonest"
    assert PATIENTS.features == ("age", "sex=female", "sex=male")
    assert PATIENTS.shape == (3,)
    assert found.dtype == torch.float32


def test_what_is_not_for_training_does_not_change_how_rows_are_prepared():
    encode = PATIENTS.fit([(PATIENTS, ROWS)])
    before = encode(PATIENTS, ROWS)
    encode(PATIENTS, torch.tensor([[1e6, 1.0]]))
    assert torch.equal(encode(PATIENTS, ROWS), before)


def test_domains_share_the_union_of_their_columns_and_categories():
    one = TableInput((AGE, SEX))
    other = TableInput((Column("sex", ("male", "other")), Column("weight")))
    both = TableInput.common([one, other])
    assert both.columns == (AGE, Column("sex", ("female", "male", "other")), Column("weight"))
    aligned = both.align(other, torch.tensor([[0.0, 70], [1, NAN]]))
    np.testing.assert_array_equal(aligned, [[NAN, 1, 70], [NAN, 2, NAN]])


def test_a_column_is_of_numbers_everywhere_or_of_categories_everywhere():
    numbers = TableInput((Column("sex"),))
    sentence = refused("column_kind", lambda: TableInput.common([PATIENTS, numbers]))
    assert sentence.startswith("problem must have a column that holds numbers in every domain, or categories")
    assert sentence.endswith("found sex.")


@pytest.mark.parametrize(
    ("rows", "code", "ending"),
    [
        ([[NAN, 0], [NAN, 1]], "missing_column", "leave out a column without one; found age."),
        ([[3.5, 0], [3.5, 1]], "constant_column", "leave out one that is always 3.5; found age."),
        ([[1, 1], [2, 1], [3, NAN]], "constant_column", "leave out one that is always male; found sex."),
    ],
)
def test_a_column_that_teaches_nothing_is_refused(rows, code, ending):
    assert refused(code, lambda: PATIENTS.fit([(PATIENTS, torch.tensor(rows))])).endswith(ending)


def test_values_are_shown_in_their_units_again():
    encode = PATIENTS.fit([(PATIENTS, ROWS)])
    shown = encode.values(encode(PATIENTS, ROWS))
    assert list(shown.columns) == ["age (years)", "sex"]
    np.testing.assert_allclose(shown["age (years)"], [20, 40, 40, 60], rtol=1e-5)
    assert shown["sex"].tolist() == ["female", "male", "male", "male"]


@pytest.mark.parametrize("columns", [(AGE, SEX), (AGE,), (SEX,), (SEX, AGE)])
def test_an_exported_network_prepares_rows_as_training_did(columns):
    spec = TableInput(columns)
    rows = ROWS[:, [PATIENTS.columns.index(column) for column in columns]]
    encode = spec.fit([(spec, rows)])
    torch.testing.assert_close(encode.module()(rows), encode(spec, rows))


@pytest.mark.parametrize("columns", [(AGE, SEX), (AGE,), (SEX,), (SEX, AGE)])
def test_pictures_of_rows_need_no_scikit_learn(columns, monkeypatch):
    spec = TableInput(columns)
    rows = ROWS[:, [PATIENTS.columns.index(column) for column in columns]]
    encode = spec.fit([(spec, rows)])
    expected = encode(spec, rows)
    monkeypatch.delattr(TableEncoder, "fitted")
    torch.testing.assert_close(encode.for_pictures(spec, rows), expected)
    assert encode.for_pictures(spec, rows[:0]).shape == (0, *spec.shape)


def test_points_are_dots_and_other_rows_are_bars():
    plane = TableInput((Column("x"), Column("y")))
    dots = plane.pictures(torch.tensor([[0.0, 0.0], [2.5, 2.5], [-9.0, 0.0]]))
    assert dots.dtype == torch.uint8
    assert dots.shape == (3, 1, 64, 64)
    up, right = (dots[1, 0] == INK).nonzero().float().mean(0)
    assert up < 10, "upwards is up"
    assert right > 54
    bars = PATIENTS.pictures(torch.tensor([[2.5, 1.0, 0.0]]))[0, 0]
    columns = (bars == INK)[:, :: bars.shape[1] // 3].sum(0).tolist()
    assert columns[0] > columns[1] > columns[2] == 0
    labels = torch.tensor([0, 1])
    assert plane.overview(torch.zeros(2, 2), labels).shape[2] == 4
    assert PATIENTS.overview(torch.zeros(2, 3), labels) is None


def test_a_sampler_of_rows_gives_every_row_before_any_comes_again():
    rows, labels = torch.arange(10.0).view(5, 2), {"class": torch.arange(5)}
    plane = TableInput((Column("x"), Column("y")))
    sampler = plane.sampler(rows, labels, (), torch.Generator().manual_seed(0), CPU)
    seen = [sampler.next_batch(5) for _ in range(2)]
    for inputs, found, chosen in seen:
        assert sorted(chosen.tolist()) == list(range(5))
        assert torch.equal(inputs, rows[chosen])
        assert torch.equal(found["class"], chosen)


def test_images_of_a_problem_have_the_largest_size_of_its_domains():
    assert ImageInput.common([ImageInput(1, 28, 40), ImageInput(3, 32, 16)]) == ImageInput(3, 32, 40)


@pytest.mark.parametrize("spec", [ImageInput(3, 32, 16), PATIENTS])
def test_a_spec_survives_being_written(spec):
    import json
    from dataclasses import asdict

    written = json.loads(json.dumps({"modality": spec.modality, **asdict(spec)}))
    assert read_input_spec(written) == spec


def test_raw_samples_are_held_against_the_spec():
    spec = ImageInput(1, 4, 4)
    spec.check(torch.zeros(6, 1, 4, 4, dtype=torch.uint8), "inputs")
    assert "must be uint8; found torch.float32" in refused(
        "wrong_type", lambda: spec.check(torch.zeros(6, 1, 4, 4), "x")
    )
    refused("wrong_shape", lambda: PATIENTS.check(torch.zeros(6, 3), "x"), expected="(6, 2)")


def test_an_augmentation_that_a_modality_lacks_is_refused():
    ImageInput(1, 4, 4).check_augmentations(("flip", "rotation"), "training.augment")
    sentence = refused("augmentation", lambda: PATIENTS.check_augmentations(("flip",), "training.augment"))
    assert sentence == "training.augment must exist for table inputs: nothing; found flip."


def test_every_modality_has_a_name_of_its_own():
    assert len({kind.modality for kind in MODALITIES}) == len({kind.plural for kind in MODALITIES}) == len(MODALITIES)


def test_texts_become_tokens_of_a_vocabulary_that_only_training_texts_fill():
    spec = TextInput(length=8, tokens=6, analyzer="word")
    encode = spec.fit([(spec, encode_texts(["red red", "blue red"], 8))])
    assert encode.vocabulary == ("red", "blue"), "the most frequent first"
    prepared = encode(spec, encode_texts(["Blue red", "green"], 8))
    assert spec.to_float(prepared, CPU).tolist() == [[3, 2, 0, 0, 0, 0], [UNKNOWN, 0, 0, 0, 0, 0]]
    assert encode.values(prepared)["text"].tolist() == ["Blue red", "green"]
    assert encode.describe()["vocabulary"] == ["red", "blue"]
    np.testing.assert_allclose(spec.descriptors(prepared).sum(1), 1)
    shown = spec.pictures(prepared)
    assert not torch.equal(shown[0], shown[1])
    assert len(encode(spec, torch.empty(0, 8, dtype=torch.uint8))) == 0


def test_texts_of_any_script_come_back_and_long_ones_are_cut_between_letters():
    texts = ["Čeněk", "", "北京市"]
    assert decode_texts(encode_texts(texts, 16)) == texts
    assert decode_texts(encode_texts(["aaé"], 3)) == ["aa"]


def test_tokens_are_those_of_scikit_learn_and_their_number_is_bounded():
    spec = TextInput(length=8, tokens=4, vocabulary=4)
    encode = spec.fit([(spec, encode_texts(["ab"], 8))])
    assert spec.analyze()("Ab") == [" ", "a", "b", " ", " a", "ab", "b ", " ab", "ab "]
    assert encode.vocabulary == (" ", " a")
    assert spec.to_float(encode(spec, encode_texts(["ab"], 8)), CPU).tolist() == [[2, UNKNOWN, UNKNOWN, 2]]


def test_the_font_of_pictures_has_the_letters_of_every_language_of_the_names():
    def picture(text):
        spec = TextInput(length=8, tokens=4)
        return spec.pictures(spec.fit([])(spec, encode_texts([text], 8)))

    for letter in "áčďéěíňóřšťúůýžćđäöåßàèìòù":
        assert not torch.equal(picture(letter), picture("\U0010fffd")), letter


def test_texts_of_words_and_of_letters_do_not_go_together():
    words, letters = TextInput(8, 4, "word"), TextInput(9, 3)
    refused("analyzer", lambda: TextInput.common([words, letters]))
    assert TextInput.common([letters, TextInput(8, 4)]) == TextInput(9, 4)
