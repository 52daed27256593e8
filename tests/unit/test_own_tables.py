"""Own tables: what is found out about them, and what is refused, each with the file and the rule."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.support.data import SHARED_DATA, needs_data
from tests.support.full_disk import fill_after_one
from xfer_core import imports
from xfer_core.domains import domain_info, domain_keys, load_domain, own
from xfer_core.errors import XferError
from xfer_core.imports.columns import read_column
from xfer_core.imports.tables import Tables

HEART = (
    "names=age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,num",
    "classes=0:healthy,1:ill,2:ill,3:ill,4:ill",
    "categories=cp,restecg,slope,thal",
)


def rows(count: int = 24) -> list[list[str]]:
    """Size, colour and kind of leaves; the kind follows from the size."""
    made = [["size", "colour", "kind"]]
    for row in range(count):
        made.append([f"{row + 0.25:.2f}", ("green", "red", "Gelb ä")[row % 3], "oak" if row < count // 2 else "elm"])
    return made


def written(path: Path, cells: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    path.write_bytes("\r\n".join(delimiter.join(row) for row in cells).encode(encoding))
    return path


def examined(path: Path, *settings: str) -> Tables:
    found = imports.examine(path, dict(setting.split("=", 1) for setting in settings))
    assert isinstance(found, Tables)
    return found


def codes(errors: tuple[XferError, ...]) -> list[str]:
    return [error.code for error in errors]


def refused(path: Path, *settings: str) -> XferError:
    with pytest.raises(XferError) as caught:
        examined(path, *settings)
    assert str(caught.value)
    return caught.value


def columns_of(key: str) -> dict[str, tuple[str, ...]]:
    return {column.name: column.categories for column in domain_info(key).spec.columns}


# ---------------------------------------------------------------------- found out


def test_a_table_is_understood_without_being_asked(tmp_path):
    found = examined(written(tmp_path / "leaves.csv", rows()))
    assert [(one.name, one.samples, one.tasks) for one in found.domains] == [("", 24, {"kind": {"elm": 12, "oak": 12}})]
    assert (found.choices.label, found.choices.header, found.choices.delimiter) == ("kind", "yes", ",")
    assert codes(found.notes) == ["found_label"]
    assert found.options["label"] == ("size", "colour", "kind")
    shown = found.preview("", 4)
    assert [one.label for one in shown] == ["elm", "oak", "elm", "oak"]
    assert shown[1].content == {"size": "0.25", "colour": "green"}
    assert imports.store(found, "My leaves") == ("own.my_leaves",)
    domain = load_domain("own.my_leaves")
    assert columns_of("own.my_leaves") == {"size": (), "colour": ("Gelb ä", "green", "red")}
    assert domain.inputs[:3].tolist() == [[0.25, 1], [1.25, 2], [2.25, 0]]
    assert domain.tasks["kind"].labels.tolist() == [1] * 12 + [0] * 12
    assert domain.tasks["kind"].classes == ("elm", "oak")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encoding_and_delimiter_are_found_out(tmp_path, delimiter, encoding):
    found = examined(written(tmp_path / "leaves.csv", rows(), delimiter, encoding))
    assert found.choices.delimiter == delimiter
    assert found.choices.encoding == encoding
    assert {one.content["colour"] for one in found.preview("", 24)} == {"green", "red", "Gelb ä"}
    assert ("found_encoding" in codes(found.notes)) == (encoding == "cp1252")


def test_an_encoding_can_be_chosen_and_a_wrong_one_is_refused(tmp_path):
    path = written(tmp_path / "leaves.csv", rows(), encoding="cp1252")
    assert refused(path, "encoding=utf-8").code == "wrong_encoding"
    assert refused(path, "encoding=klingon").code == "wrong_encoding"
    assert examined(path, "encoding=latin-1").choices.encoding == "latin-1"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_decimal_comma_is_found_out(tmp_path, delimiter):
    cells = [[row[0].replace(".", ","), *row[1:]] for row in rows()]
    cells[1][0] = "1.234.567,5"
    found = examined(written(tmp_path / "leaves.csv", cells, delimiter))
    assert found.choices.decimal == ","
    imports.store(found, "leaves")
    assert load_domain("own.leaves").inputs[:3, 0].tolist() == [1234567.5, 1.25, 2.25]


def test_quotes_and_line_breaks_in_cells(tmp_path):
    cells = rows()
    for row in cells[1::4]:
        row[1] = '"a ""big"" one,\nand green"'
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert found.domains[0].samples == 24
    assert any(one.content["colour"] == 'a "big" one,\nand green' for one in found.preview("", 24))
    (tmp_path / "open.csv").write_text('size,kind\n1,"oak\n2,elm\n')
    error = refused(tmp_path / "open.csv")
    assert (error.code, error.field) == ("open_quote", "open.csv, row 2")


def test_rows_without_label_or_with_too_few_cells_are_left_out_with_their_number(tmp_path):
    cells = rows()
    cells[3][2], cells[7][2] = "", " NA "
    cells[5] = cells[5][:2]
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert found.domains[0].samples == 21
    assert [(error.code, error.field) for error in found.skipped] == [
        ("row_cells", "leaves.csv, row 6"),
        ("row_label", "leaves.csv, row 4"),
        ("row_label", "leaves.csv, row 8"),
    ]


def test_missing_values_are_missing(tmp_path):
    cells = rows()
    cells[1][0], cells[2][0], cells[3][1] = "?", "", "n/a"
    imports.store(examined(written(tmp_path / "leaves.csv", cells)), "leaves")
    inputs = load_domain("own.leaves").inputs
    assert inputs.isnan().nonzero().tolist() == [[0, 0], [1, 0], [2, 1]]


def test_columns_of_one_name_get_names_of_their_own(tmp_path):
    cells = [[*row[:2], row[0], row[2]] for row in rows()]
    cells[0] = ["size", "", "size", "kind"]
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert found.options["label"] == ("size", "column 2", "size (2)", "kind")
    assert "column_twice" in codes(found.notes)


def test_dates_become_years(tmp_path):
    cells = rows()
    cells[0] += ["iso", "german", "american", "unclear"]
    for number, row in enumerate(cells[1:], 1):
        row += [f"2024-{number % 12 + 1:02}-01", f"{number}.7.2024", f"7/{number}/2024", f"{number % 12 + 1}/7/2024"]
    label = [[*row[:2], *row[3:], row[2]] for row in cells]
    found = examined(written(tmp_path / "leaves.csv", label))
    assert sorted(codes(found.notes)) == ["column_dates"] * 3 + ["column_days", "found_label"]
    imports.store(found, "leaves")
    columns = list(columns_of("own.leaves"))
    assert columns == ["size", "colour", "iso", "german", "american"]
    inputs = load_domain("own.leaves").inputs
    assert torch.allclose(inputs[:, 3], inputs[:, 4])
    assert torch.allclose(inputs[0, 2:4], torch.tensor([2024 + 31 / 366, 2024 + 182 / 366]))


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["b", "c", "d", "a", *map(str, range(60))], "column_names"),
        (["b", "c", "a", *map(str, range(60))], "column_words"),
        ([*(f"{1900 + year}-01-01" for year in range(64)), ""], "column_dates"),
        ([*"abcd" * 16, ""], None),
    ],
)
def test_words_are_told_from_numbers_dates_and_categories(cells, code):
    notes: list[XferError] = []
    values = read_column("size", np.array(cells, dtype=object), ".", False, notes)
    assert [note.code for note in notes] == ([code] if code else [])
    assert (values is None) == (code == "column_names")
    if values is None:
        assert notes[0].value == ["0", "1", "10"]


def test_formulas_stay_text(tmp_path):
    cells = rows()
    for row in cells[1::2]:
        row[1] = '"=HYPERLINK(""http://example.org"")"'
    found = examined(written(tmp_path / "leaves.csv", cells))
    imports.store(found, "leaves")
    assert '=HYPERLINK("http://example.org")' in columns_of("own.leaves")["colour"]


def test_classes_that_differ_in_case_or_blanks_are_one(tmp_path):
    cells = rows()
    cells[1][2], cells[2][2], cells[-1][2] = "OAK", " oak ", "Elm"
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert found.domains[0].tasks == {"kind": {"elm": 12, "oak": 12}}
    assert [error.value for error in found.notes if error.code == "joined_classes"] == [["OAK", "oak"], ["Elm", "elm"]]


def test_a_class_with_one_sample_is_left_out(tmp_path):
    cells = rows()
    cells[5][2] = "fir"
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert found.domains[0].tasks == {"kind": {"elm": 12, "oak": 11}}
    assert [(error.code, error.field) for error in found.skipped] == [("small_class", "fir")]


def test_one_class_only_is_refused(tmp_path):
    cells = [[*row[:2], "oak" if number else "kind"] for number, row in enumerate(rows())]
    error = refused(written(tmp_path / "leaves.csv", cells), "label=kind")
    assert (error.code, error.field, error.value) == ("single_class", "kind", ["oak"])


@pytest.mark.parametrize("third", ["oak", "yew"])
def test_domains_without_a_common_class_are_refused(tmp_path, third):
    kinds = ["oak", "elm", "fir", "pine", third, "ash"]
    cells = [["size", "kind", "site"], *([str(row), kinds[row % 6], "abc"[row % 6 // 2]] for row in range(48))]
    path, choices = written(tmp_path / "leaves.csv", cells), ("label=kind", "domain=site")
    if third == "oak":
        assert len(examined(path, *choices).domains) == 3, "two of them share one"
        return
    error = refused(path, *choices)
    assert (error.code, error.field) == ("no_class_in_two", "kind")
    assert error.value == "a: elm, oak; b: fir, pine; c: ash, yew"


def test_numbers_are_predicted_as_numbers(tmp_path):
    found = examined(written(tmp_path / "leaves.csv", rows()), "label=size")
    assert found.domains[0].tasks == {"size": {}}
    imports.store(found, "leaves")
    task = load_domain("own.leaves").tasks["size"]
    assert (task.classes, task.labels.dtype, task.labels[3].item()) == ((), torch.float32, 3.25)
    assert refused(tmp_path / "leaves.csv", "label=kind", "kind=number").code == "not_numbers"


# ---------------------------------------------------------------------- domains and examples


def test_a_column_of_hospitals_makes_domains_and_patients_stay_together(tmp_path):
    cells = rows(48)
    for number, row in enumerate(cells):
        row += (
            ["hospital", "patient_id"] if not number else [("North", "S. <b>", "north")[number % 3], f"p{number // 5}"]
        )
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert [(one.name, one.samples) for one in found.domains] == [("s_b", 16), ("north", 32)]
    assert (found.choices.domain, found.choices.group, found.choices.label) == ("hospital", "patient_id", "kind")
    assert imports.store(found, "leaves") == ("own.leaves.s_b", "own.leaves.north")
    north, south = load_domain("own.leaves.north"), load_domain("own.leaves.s_b")
    assert north.pool == south.pool
    assert domain_info("own.leaves.north").card.title == "leaves, north"
    patients = {(number // 5) for number in range(1, 49)}
    assert len(set(north.example_ids.tolist()) | set(south.example_ids.tolist())) == len(patients)
    assert "patient_id" not in columns_of("own.leaves.north")
    alone = examined(tmp_path / "leaves.csv", "domain=", "group=")
    assert [one.name for one in alone.domains] == [""]


def test_equal_rows_are_one_example_unless_they_are_the_rule(tmp_path):
    cells = rows()
    found = examined(written(tmp_path / "leaves.csv", [*cells, cells[1], cells[1], cells[20]]))
    assert [error.value for error in found.notes if error.code == "equal_rows"] == [3]
    imports.store(found, "leaves")
    ids = load_domain("own.leaves").example_ids
    assert len(ids.unique()) == 24
    assert ids[0] == ids[24] == ids[25] != ids[26] == ids[19]
    few = [cells[0], *([str(number % 2), "red", "oak" if number % 4 < 2 else "elm"] for number in range(40))]
    assert "equal_rows" not in codes(examined(written(tmp_path / "few.csv", few), "categories=size").notes)


def test_files_of_a_folder_are_domains(tmp_path):
    (tmp_path / "leaves").mkdir()
    written(tmp_path / "leaves" / "leaves_spring.csv", rows(24))
    written(tmp_path / "leaves" / "leaves_autumn.csv", rows(28))
    found = examined(tmp_path / "leaves")
    assert [(one.name, one.samples) for one in found.domains] == [("autumn", 28), ("spring", 24)]


@needs_data
def test_heart_disease_of_four_hospitals():
    found = examined(SHARED_DATA / "heart_disease", *HEART)
    counts = {one.name: (one.samples, one.tasks["num"]["ill"]) for one in found.domains}
    assert counts == {"cleveland": (303, 139), "hungarian": (294, 106), "switzerland": (123, 115), "va": (200, 149)}
    imports.store(found, "heart")
    columns = columns_of("own.heart.cleveland")
    assert columns["thal"] == ("3", "6", "7")
    assert columns["age"] == ()
    missing = load_domain("own.heart.hungarian").inputs.isnan().sum(0)
    assert missing.sum() == 782


# ---------------------------------------------------------------------- other formats


def frame() -> pd.DataFrame:
    table = pd.DataFrame(rows()[1:], columns=rows()[0])
    return table.assign(size=table["size"].astype(float), day=pd.date_range("2024-01-01", periods=24))


@pytest.mark.parametrize("suffix", ["parquet", "xlsx", "jsonl"])
def test_other_formats_hold_the_same(tmp_path, suffix):
    path = tmp_path / f"leaves.{suffix}"
    table = frame()[["size", "colour", "day", "kind"]]
    if suffix == "parquet":
        table.to_parquet(path)
    elif suffix == "xlsx":
        table.to_excel(path, index=False)
    else:
        path.write_text("\n".join(json.dumps(row, default=str) for row in table.to_dict("records")))
    found = examined(path)
    assert found.domains[0].tasks == {"kind": {"elm": 12, "oak": 12}}
    imports.store(found, "leaves")
    inputs = load_domain("own.leaves").inputs
    assert inputs[:3, :2].tolist() == [[0.25, 1], [1.25, 2], [2.25, 0]]
    assert np.isclose(inputs[1, 2], 2024 + 1 / 366)


@pytest.mark.parametrize("suffix", ["parquet", "xlsx"])
def test_a_damaged_file_is_refused(tmp_path, suffix):
    (tmp_path / f"leaves.{suffix}").write_bytes(b"PAR1 this is not what its name says" * 9)
    error = refused(tmp_path / f"leaves.{suffix}")
    assert (error.code, error.field) == ("broken_table", f"leaves.{suffix}")


# ---------------------------------------------------------------------- limits and names


def test_a_million_columns_are_refused_at_once(tmp_path):
    (tmp_path / "wide.csv").write_text(
        ",".join(f"c{number}" for number in range(10**6)) + "\n" + "1," * 999_999 + "1\n"
    )
    error = refused(tmp_path / "wide.csv")
    assert (error.code, error.field, error.value, error.params["limit"]) == ("import_columns", "wide.csv", 10**6, 1000)


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [("ROWS", "20", "import_rows"), ("COLUMNS", "2", "import_columns"), ("CLASSES", "2", "import_classes")],
)
def test_limits_are_settings(tmp_path, monkeypatch, variable, value, code):
    path = written(tmp_path / "leaves.csv", rows())
    frame().to_parquet(tmp_path / "leaves.parquet")
    examined(path, "label=colour")
    monkeypatch.setenv(f"XFER_IMPORT_{variable}", value)
    for name in ("leaves.csv", "leaves.parquet"):
        assert refused(tmp_path / name, "label=colour").code == code


def test_a_large_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XFER_IMPORT_MEGABYTES", "1")
    path = tmp_path / "leaves.csv"
    with path.open("wb") as file:
        file.truncate(1_000_001)
    assert refused(path).code == "import_bytes"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty_table"), (b"a,b\n", "empty_table"), (b"\x7fELF\0\0\1\2", "not_text"), (b"\n\n , \n", "empty_table"),
     (b"a\n1.5\n2.5\n3.5\n", "no_columns"), (b"a,b\nx y,u v\n", "no_label")],
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path, content, code):
    (tmp_path / "odd.csv").write_bytes(content)
    error = refused(tmp_path / "odd.csv")
    assert error.code == code
    assert error.field.startswith("odd.csv")


@pytest.mark.parametrize(
    ("setting", "code"),
    [("label=sort", "unknown_column"), ("domain=sort", "unknown_column"), ("leave_out=sort", "unknown_column"),
     ("names=a,b", "column_count"), ("classes=fir:pine", "unknown_choice"), ("colour=red", "unknown_field")],
)  # fmt: skip
def test_a_choice_that_does_not_fit_is_refused(tmp_path, setting, code):
    assert refused(written(tmp_path / "leaves.csv", rows()), setting).code == code


def test_names_are_text_and_nothing_else(tmp_path):
    cells = [["<b>size</b>", "<script>alert(1)</script>", "**kind**"], *rows()[1:]]
    cells[1][2] = cells[2][2] = cells[3][2] = cells[4][2] = "<img src=x>"
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert set(found.domains[0].tasks["**kind**"]) == {"<img src=x>", "elm", "oak"}
    assert imports.store(found, "<i>leaves</i>") == ("own.i_leaves_i",)
    assert domain_info("own.i_leaves_i").card.title == "<i>leaves</i>"
    assert "<script>alert(1)</script>" in columns_of("own.i_leaves_i")


def test_a_name_that_exists_is_refused_and_the_data_stays(tmp_path):
    found = examined(written(tmp_path / "leaves.csv", rows()))
    imports.store(found, "leaves")
    with pytest.raises(XferError, match="no other data of yours has"):
        imports.store(found, "Leaves ")
    assert len(load_domain("own.leaves")) == 24


def test_nothing_remains_of_a_table_when_the_disk_is_full_halfway(tmp_path, monkeypatch):
    cells = rows(48)
    for number, row in enumerate(cells):
        row.append("site" if not number else "ab"[number % 2])
    found = examined(written(tmp_path / "leaves.csv", cells))
    assert len(found.domains) == 2
    fill_after_one(monkeypatch, own, "save_file")
    with pytest.raises(OSError, match="No space left"):
        imports.store(found, "leaves")
    assert not [key for key in domain_keys() if key.startswith("own.")]


def test_progress_goes_from_nothing_to_all(tmp_path):
    seen: list[float] = []
    written(tmp_path / "leaves.csv", rows(12_000))
    found = imports.examine(tmp_path / "leaves.csv", {}, seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 3
    assert seen[-1] == 1.0
    assert seen.count(1.0) == 1, "a shell ends the line there"
    assert max(np.diff(seen)) <= 0.25
    assert found.domains[0].samples == 12_000
    seen.clear()
    imports.store(found, "leaves", seen.append)
    assert seen == sorted(seen)
    assert seen.count(1.0) == 1


def test_a_zip_of_tables(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "leaves.zip", "w") as archive:
        for name, count in (("leaves/spring.csv", 24), ("leaves/autumn.csv", 28)):
            buffer = io.StringIO()
            pd.DataFrame(rows(count)[1:], columns=rows()[0]).to_csv(buffer, index=False)
            archive.writestr(name, buffer.getvalue())
    found = examined(tmp_path / "leaves.zip")
    assert [(one.name, one.samples) for one in found.domains] == [("autumn", 28), ("spring", 24)]
