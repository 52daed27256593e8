"""Own texts: what is found out about them, and what is left out or refused, each with its place and the rule."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pytest

from tests.support.own_data import write_folder, zipped
from tests.support.own_texts import (
    HEADER,
    as_csv,
    review_file,
    review_files,
    sentence,
    sentence_rows,
    text_files,
)
from xfer_core import imports
from xfer_core.domains import domain_info, load_domain
from xfer_core.errors import XferError
from xfer_core.imports import text_folders, text_input
from xfer_core.imports.tables import Tables
from xfer_core.imports.texts import Texts
from xfer_core.modalities import TextInput
from xfer_core.modalities.text import decode_texts
from xfer_core.runs.spec import parse_spec


def examined(path: Path, *settings: str) -> Texts:
    found = imports.examine(path, dict(setting.split("=", 1) for setting in settings))
    assert isinstance(found, Texts)
    return found


def refused(path: Path, *settings: str) -> XferError:
    with pytest.raises(XferError) as caught:
        imports.examine(path, dict(setting.split("=", 1) for setting in settings))
    assert str(caught.value).count("\n") == 0
    assert imports.imported() == {}
    return caught.value


def codes(errors: tuple[XferError, ...]) -> list[str]:
    return [error.code for error in errors]


def written(tmp_path: Path, content: bytes, name: str = "visits.csv") -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def texts_of(key: str) -> list[str]:
    return decode_texts(load_domain(key).inputs)


# ---------------------------------------------------------------------- tables


def test_a_table_with_a_column_of_sentences_is_one_of_texts(tmp_path):
    found = examined(written(tmp_path, as_csv(sentence_rows())))
    assert [(one.name, one.samples, one.tasks) for one in found.domains] == [
        ("north", 12, {"mood": {"bad": 6, "good": 6}}),
        ("south", 12, {"mood": {"bad": 6, "good": 6}}),
    ]
    assert codes(found.notes) == ["found_domain", "found_label", "found_text"]
    assert str(found.notes[-1]) == "review is read as texts, and the columns beside it are left out; found stars."
    assert found.choices.model_dump().items() >= {"text": "review", "label": "mood", "tokens": "words"}.items()
    assert found.options["text"] == ("", *HEADER)
    assert [(one.content, one.label) for one in found.preview("north", 2)] == [
        (sentence(1), "bad"),
        (sentence(0), "good"),
    ]
    assert imports.store(found, "visits") == ("own.visits.north", "own.visits.south")
    domain, spec = load_domain("own.visits.north"), domain_info("own.visits.north").spec
    assert isinstance(spec, TextInput)
    assert texts_of("own.visits.north") == [sentence(number) for number in range(24) if number % 4 < 2]
    assert domain.tasks["mood"].labels.tolist() == [1, 0] * 6
    assert (spec.analyzer, spec.words, spec.length) == ("word", 2, max(len(sentence(number)) for number in range(24)))
    assert spec.tokens == max(len(spec.analyze()(sentence(number))) for number in range(24))


@pytest.mark.parametrize("suffix", ["tsv", "jsonl", "parquet", "xlsx"])
def test_other_formats_hold_the_same(tmp_path, suffix):
    table, path = pd.DataFrame(sentence_rows(), columns=list(HEADER)), tmp_path / f"visits.{suffix}"
    if suffix == "tsv":
        path.write_bytes(as_csv(sentence_rows(), delimiter="\t"))
    elif suffix == "jsonl":
        table.to_json(path, orient="records", lines=True)
    elif suffix == "parquet":
        table.to_parquet(path)
    else:
        table.to_excel(path, index=False)
    imports.store(examined(path), "visits")
    assert texts_of("own.visits.south") == [sentence(number) for number in range(24) if number % 4 > 1]


def test_short_texts_are_read_as_letters_and_a_person_can_say_otherwise(tmp_path):
    languages = {"ska": "Polish", "stra": "Dutch"}
    rows = [[first + end, languages[end]] for first in ("An", "Be", "Cor", "De", "El", "Fer") for end in languages]
    path = written(tmp_path, as_csv(rows, ("name", "language")))
    found = examined(path)
    assert (found.choices.tokens, found.choices.length, found._spec.analyzer) == ("letters", 7, "char_wb")
    assert examined(path, "tokens=words")._spec.analyzer == "word"
    assert refused(path, "tokens=syllables").field == "tokens"
    assert refused(path, "length=-1").field == "length"


def test_a_person_decides_whether_it_is_a_table_and_which_column_holds_the_texts(tmp_path):
    path = written(tmp_path, as_csv(sentence_rows()))
    found = imports.examine(path, {"text": ""})
    assert isinstance(found, Tables)
    assert found.options["text"] == ("", "review")
    assert not isinstance(content := found.preview("north", 1)[0].content, bytes)
    assert "review" not in content
    assert examined(path, "text=stars", "domain=").preview("", 2)[1].content == "0.5"
    assert refused(path, "text=colour").code == "unknown_column"
    assert refused(path, "text=mood", "label=mood").code == "label_as_text"
    assert isinstance(imports.examine(path, {"text": "", "tokens": "words"}), Tables), "other choices may stay"


def test_names_beside_numbers_do_not_make_a_table_one_of_texts(tmp_path):
    rows = [[f"Braund, Mr. Owen {number}", f"{number}.5", ("yes", "no")[number % 2]] for number in range(24)]
    found = imports.examine(written(tmp_path, as_csv(rows, ("name", "fare", "survived"))))
    assert isinstance(found, Tables)
    assert found.options["text"] == ("", "name")


def test_a_table_sorted_by_its_label_is_one_of_texts_too(tmp_path):
    rows = [[sentence(number), "good"] for number in range(600)] + [[sentence(-number), "bad"] for number in range(600)]
    found = examined(written(tmp_path, as_csv(rows, ("words", "mood"))))
    assert found.domains[0].tasks == {"mood": {"bad": 600, "good": 600}}


def test_quotes_line_breaks_and_markup_stay_as_they_are(tmp_path):
    rows = sentence_rows()
    rows[0][0] = 'A <b>"big"</b> one,\nand & **so** on <script>alert(1)</script>'
    imports.store(examined(written(tmp_path, as_csv(rows)), "domain="), "visits")
    assert texts_of("own.visits")[0] == rows[0][0]


def test_a_lone_surrogate_does_not_stop_an_import(tmp_path):
    lines = [json.dumps({"words": sentence(number) + " \ud800", "mood": "ab"[number % 2]}) for number in range(12)]
    imports.store(examined(written(tmp_path, "\n".join(lines).encode(), "visits.jsonl")), "visits")
    assert texts_of("own.visits")[0] == sentence(0) + " ?"


def test_rows_without_text_or_label_are_left_out_with_their_number(tmp_path):
    rows = sentence_rows()
    rows[1][0], rows[4][0], rows[6][2] = "", " \n ", ""
    found = examined(written(tmp_path, as_csv(rows)))
    assert sum(one.samples for one in found.domains) == 21
    assert [error.code for error in found.skipped] == ["row_text", "row_text", "row_label"]
    assert str(found.skipped[0]) == "visits.csv, row 3 is left out, because it has no text; found nothing."
    blank = [["", row[2]] for row in rows]
    assert refused(written(tmp_path, as_csv(blank, ("review", "mood"))), "text=review").code == "no_texts"


def test_equal_texts_are_one_example_however_many_there_are(tmp_path):
    rows = [[sentence(number % 8), "bad" if number % 2 else "good"] for number in range(24)]
    found = examined(written(tmp_path, as_csv(rows, ("review", "mood"))), "text=review")
    assert ("equal_texts", 16) in [(note.code, note.value) for note in found.notes]
    imports.store(found, "visits")
    ids = load_domain("own.visits").example_ids.tolist()
    assert len(set(ids)) == 8
    assert ids == ids[:8] * 3


def test_groups_stay_together(tmp_path):
    rows = [[sentence(number), "ab"[number % 2], f"writer {number // 3}"] for number in range(24)]
    found = examined(written(tmp_path, as_csv(rows, ("review", "mood", "writer"))))
    assert found.choices.model_dump()["group"] == "writer"
    imports.store(found, "visits")
    assert len(load_domain("own.visits").example_ids.unique()) == 8


def test_long_texts_are_cut_and_the_more_texts_the_shorter_so_that_memory_is_bounded(tmp_path, monkeypatch):
    rows = sentence_rows()
    rows[0][0] = "é" * 4000
    path = written(tmp_path, as_csv(rows))
    found = examined(path, "domain=")
    assert str(found.notes[-1]) == "visits.csv is read up to 3000 bytes of each text; found 1 longer ones."
    imports.store(found, "visits")
    assert texts_of("own.visits")[0] == "é" * 1500
    assert examined(path, "length=7001").choices.length == 7001
    monkeypatch.setattr(text_input, "ALL_BYTES", 24 * 120)
    assert examined(path).choices.length == 120
    monkeypatch.setattr(text_input, "ALL_BYTES", 24)
    assert examined(path).choices.length == text_input.SHORTEST


def test_texts_that_are_equal_once_they_are_cut_are_one_example(tmp_path):
    rows = sentence_rows()
    rows[0][0], rows[2][0] = "tea " * 30 + "one", "tea " * 30 + "two"
    found = examined(written(tmp_path, as_csv(rows)), "domain=", "length=100")
    assert found._labelled.examples[0] == found._labelled.examples[2]


def test_the_encoding_is_found_out_and_a_wrong_one_is_refused(tmp_path):
    rows = sentence_rows()
    rows[0][0] = "Ein schönes „Café“ am Wasser, und der Tee war warm"
    path = written(tmp_path, as_csv(rows).decode().encode("cp1252"))
    found = examined(path, "domain=")
    assert "found_encoding" in codes(found.notes)
    assert found.preview("", 2)[1].content == rows[0][0]
    assert refused(path, "encoding=utf-8").code == "wrong_encoding"


def test_a_quote_that_is_not_closed_or_a_text_too_long_for_a_cell_is_refused(tmp_path):
    assert refused(written(tmp_path, b'words,mood\n"It was good,a\nbad,b\n')).code == "open_quote"
    error = refused(written(tmp_path, b'words,mood\n"' + b"long " * 30_000 + b'",a\n'))
    assert (error.code, error.field, error.params["limit"]) == ("long_cell", "visits.csv, row 2", 131_072)


def test_the_longest_cell_is_a_setting_of_imports_only(tmp_path, monkeypatch):
    rows = sentence_rows()
    rows[4][0] = "long " * 30_000
    path = written(tmp_path, as_csv(rows))
    monkeypatch.setenv("XFER_IMPORT_CELL", "150000")
    try:
        assert sum(one.samples for one in examined(path).domains) == 24
        spec = parse_spec({}, ["strategy.kind=generalised", "strategy.scheme=table", "strategy.table=" + "x" * 140_000])
        with pytest.raises(XferError, match="at most 131072 characters"):
            spec.check()
        monkeypatch.setenv("XFER_IMPORT_CELL", "149998")
        error = refused(path)
        assert (error.code, error.field, error.params["limit"]) == ("long_cell", "visits.csv, row 6", 149_998)
    finally:
        csv.field_size_limit(131_072)


def test_one_class_or_no_label_is_refused(tmp_path):
    rows = [[sentence(number), "good"] for number in range(9)] + [["One and the same text", "bad"]] * 9
    error = refused(written(tmp_path, as_csv(rows, ("text", "mood"))), "text=text")
    assert (error.code, error.value) == ("single_class", ["good"]), "the other class has one text only"
    assert refused(written(tmp_path, as_csv([row[:1] for row in rows[:9]], ("text",)))).code == "no_label"


def many_texts(place: Path, suffix: str) -> Path:
    """20,000 short texts of their own, as this kind of file."""
    rows = [[f"{sentence(number)} and {number} more", ("good", "bad")[number % 2]] for number in range(20_000)]
    table = pd.DataFrame(rows, columns=["text", "mood"])
    if suffix == "zip":
        (place / "visits.zip").write_bytes(zipped({"visits.csv": as_csv(rows, ("text", "mood"))}))
    elif suffix == "jsonl":
        table.to_json(place / "visits.jsonl", orient="records", lines=True)
    elif suffix == "parquet":
        table.to_parquet(place / "visits.parquet")
    else:
        table.to_csv(place / "visits.csv", index=False)
    return place / f"visits.{suffix}"


@pytest.mark.parametrize("suffix", ["csv", "zip", "jsonl", "parquet"])
def test_progress_of_an_import_of_texts_never_stands_still(tmp_path, suffix):
    """In processor time of this thread, which other work on the machine does not lengthen much; the best of three,
    because the memory of the tests before may be collected meanwhile."""
    path = many_texts(tmp_path, suffix)
    imports.examine(path, {"domain": ""})  # what is loaded once
    longest: list[float] = []
    for _ in range(3):
        times, seen = [time.thread_time()], [0.0]

        def progress(fraction: float, times=times, seen=seen) -> None:
            times.append(time.thread_time())
            seen.append(fraction)

        imports.examine(path, {"domain": ""}, progress)
        assert seen == sorted(seen)
        assert seen.index(1.0) == len(seen) - 1
        assert max(np.diff(seen)) < 0.2
        longest.append(max(np.diff(times)) / (times[-1] - times[0]))
    assert min(longest) <= 0.4


@pytest.mark.parametrize("words", [(3, 5), (3, 4), (1, 90), (0, 7), (0, 8), (4,), (3, 3, 90)])
def test_the_words_of_the_median_text_are_counted(words):
    texts = ["tea " * count for count in words]
    assert text_input.have_words(texts, 4) == (median(words) >= 4)


@pytest.mark.parametrize("tokens", ["words", "letters"])
def test_the_longest_text_in_tokens_is_that_of_the_analyzer(tokens):
    texts = ["İstanbul, a b", "It's one two three four five", "x", "tea " * 9 + "ΣΑΣ"]
    spec = text_input.find_input(texts, text_input.TextChoices(tokens=tokens), "visits.csv", [])
    assert spec.tokens == max(len(spec.analyze()(text)) for text in texts)
    assert text_input.find_input(["tea and more " * 300], text_input.TextChoices(), "visits.csv", []).tokens == 800


# ---------------------------------------------------------------------- reviews


@pytest.mark.parametrize("form", ["folder", "zip", "zip with a folder around"])
def test_reviews_of_each_product_are_a_domain(tmp_path, form):
    files = review_files(("books", "kitchen"))
    if form == "folder":
        path = write_folder(tmp_path / "reviews", files)
    else:
        around = "" if form == "zip" else "sorted_data/"
        path = written(tmp_path, zipped({around + name: content for name, content in files.items()}), "reviews.zip")
    found = examined(path)
    counts = {"sentiment": {"negative": 5, "positive": 5}}
    assert [(one.name, one.samples, one.tasks) for one in found.domains] == [
        ("books", 10, counts),
        ("kitchen", 10, counts),
    ]
    imports.store(found, "reviews")
    assert texts_of("own.reviews.kitchen")[0] == "kitchen negative 0\nIt was kitchen negative, no. 0 é"
    assert load_domain("own.reviews.kitchen").tasks["sentiment"].labels.tolist() == [0] * 5 + [1] * 5


def test_one_product_is_one_domain(tmp_path):
    assert [one.name for one in examined(write_folder(tmp_path / "books", review_files(("",)))).domains] == [""]


def test_a_review_that_is_cut_off_or_empty_is_left_out(tmp_path):
    files = review_files(("books",))
    files["books/positive.review"] = review_file(6, "positive")[:-40]
    files["books/negative.review"] += review_file(1, "", title="", text=" ")
    files["books/unlabeled.review"] = review_file(3, "unknown")
    found = examined(write_folder(tmp_path / "reviews", files))
    assert found.domains[0].tasks == {"sentiment": {"negative": 5, "positive": 5}}
    assert [(error.code, error.field) for error in found.skipped] == [
        ("unlabelled_reviews", "books/unlabeled.review"),
        ("cut_review", "books/positive.review, review 6"),
        ("row_text", "books/negative.review, review 6"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "no_reviews"), (b"\0\1 nothing here", "no_reviews"), (b"<review>\n<title>\ncut", "cut_review")],
)
def test_a_file_without_a_whole_review_is_refused_by_name(tmp_path, content, code):
    files = review_files(("books", "dvd"))
    files["dvd/negative.review"] = content
    error = refused(write_folder(tmp_path / "reviews", files))
    assert error.code == code
    assert error.field.startswith("dvd/negative.review")


def test_reviews_that_do_not_say_their_class_and_a_wrong_encoding_are_refused(tmp_path):
    path = write_folder(tmp_path / "reviews", {"books/unlabeled.review": review_file(9, "unknown")})
    assert refused(path).code == "unlabelled_reviews"
    path = write_folder(tmp_path / "others", review_files(("books",)))
    assert refused(path, "encoding=ascii").code == "wrong_encoding"
    assert refused(path, "encoding=klingon").code == "wrong_encoding"


# ---------------------------------------------------------------------- class folders


def test_class_folders_of_text_files(tmp_path):
    found = examined(written(tmp_path, zipped(text_files()), "moods.zip"))
    assert [(one.name, one.tasks) for one in found.domains] == [("", {"class": {"bad": 6, "good": 6}})]
    imports.store(found, "moods")
    assert sorted(texts_of("own.moods"))[0] == sorted(f"{sentence(number)} ".strip() for number in range(12))[0]


def test_a_file_that_says_what_the_texts_are_changes_nothing(tmp_path):
    files = {f"moods/{name}": content for name, content in text_files().items()}
    found = examined(written(tmp_path, zipped({**files, "moods/README.txt": b"Moods"}), "moods.zip"))
    assert [(one.name, one.tasks) for one in found.domains] == [("", {"class": {"bad": 6, "good": 6}})]
    assert found.skipped == ()


def test_source_and_target_are_domains_and_test_is_the_official_test_set(tmp_path):
    both = examined(write_folder(tmp_path / "both", text_files(("source", "target"))))
    assert [one.name for one in both.domains] == ["source", "target"]
    files = text_files(("train", "test"))
    files["train/good/9.txt"] = files["test/good/0.txt"]
    found = examined(write_folder(tmp_path / "parts", files))
    assert [(one.samples, one.tested) for one in found.domains] == [(24, 12)]
    assert codes(found.notes) == ["test_copies"]
    imports.store(found, "parts")
    official = load_domain("own.parts").official_test
    assert official is not None
    assert [text.endswith(" test") for text in texts_of("own.parts")] == official.tolist()


def test_text_files_that_cannot_be_read_are_left_out_with_the_rule(tmp_path, monkeypatch):
    monkeypatch.setattr(text_folders, "MEGABYTES", 0.001)
    files = text_files()
    files |= {
        "good/empty.txt": b" \n",
        "good/binary.txt": b"\x89PNG\0\0\0\1",
        "bad/long.txt": b"x" * 1001,
        "bad/latin.txt": "Größe und Café und all das".encode("cp1252"),
        "alone.txt": b"in no folder",
    }
    path = write_folder(tmp_path / "moods", files)
    found = examined(path)
    assert {error.field: error.code for error in found.skipped} == {
        "good/empty.txt": "row_text",
        "good/binary.txt": "not_text",
        "bad/long.txt": "text_bytes",
        "alone.txt": "no_class_folder",
    }
    assert "Größe und Café und all das" in [one.content for one in found.preview("", 20)]
    wrong = examined(path, "encoding=utf-8").skipped
    assert {error.field for error in wrong if error.code == "wrong_encoding"} >= {"bad/latin.txt"}


def test_small_and_single_classes(tmp_path):
    files = {name: content for name, content in text_files().items() if name.startswith("good")}
    files |= {f"bad/{number}.txt": b"the same words again" for number in range(5)}
    error = refused(write_folder(tmp_path / "moods", files))
    assert (error.code, error.value) == ("single_class", ["good"])


def test_a_folder_of_tables_is_still_one_of_tables(tmp_path):
    table = "size,kind\n" + "\n".join(f"{row}.5,{'ab'[row % 2]}" for row in range(12))
    path = write_folder(tmp_path / "leaves", {"spring.txt": table.encode(), "autumn.txt": table.encode()})
    assert isinstance(imports.examine(path), Tables)
