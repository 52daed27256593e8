"""An import runs and unpickles nothing that was uploaded: a file that would leaves a mark if it were."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from openpyxl import Workbook

from tests.support.own_data import picture_files, write_folder, zipped
from tests.support.own_texts import review_files, text_files
from xfer_core import imports
from xfer_core.domains import load_domain
from xfer_core.errors import XferError

GOOD: dict[str, Callable[[], dict[str, bytes]]] = {
    "pictures": lambda: picture_files(("cat", "dog"), 4),
    "tables": lambda: dict.fromkeys(("north.csv", "south.csv"), rows()),
    "texts": text_files,
    "reviews": lambda: review_files(("books", "music"), 4),
}
FOLDER = {"pictures": "cat/", "tables": "", "texts": "good/", "reviews": "books/"}


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


def rows() -> bytes:
    return "\n".join(["size,kind", *(f"{row}.5,{('oak', 'elm')[row % 2]}" for row in range(8))]).encode()


def evil_files(mark: Path) -> dict[str, bytes]:
    """Ending → content that leaves the mark when it is run or unpickled."""
    tensors, array = io.BytesIO(), io.BytesIO()
    torch.save(Evil(mark), tensors)
    np.save(array, np.array([Evil(mark)], dtype=object), allow_pickle=True)
    code = f"import os\nos.mkdir({str(mark)!r})\n".encode()
    packed = pickle.dumps(Evil(mark))
    return {".pkl": packed, ".pt": tensors.getvalue(), ".npy": array.getvalue(), ".py": code, ".pth": code}


@pytest.fixture
def mark(tmp_path):
    """The folder that must not be there; that unpickling makes it is seen first."""
    mark = tmp_path / "mark"
    pickle.loads(pickle.dumps(Evil(mark)))
    mark.rmdir()
    return mark


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("is_zip", [False, True])
def test_files_that_carry_code_are_left_out_by_name_and_never_run(tmp_path, mark, kind, is_zip):
    evil = {f"{FOLDER[kind]}evil{suffix}": content for suffix, content in evil_files(mark).items()}
    files = {**GOOD[kind](), **evil}
    path = write_folder(tmp_path / "data", files)
    if is_zip:
        path = tmp_path / "data.zip"
        path.write_bytes(zipped(files))
    found = imports.examine(path)
    sentences = {error.field: str(error) for error in found.skipped}
    assert sentences.keys() == evil.keys()
    assert all("is left out, because" in sentence for sentence in sentences.values())
    for key in imports.store(found, "data"):
        load_domain(key)
    assert not mark.exists()


@pytest.mark.parametrize("suffix", [".pkl", ".pt", ".npy", ".py", ".csv", ".parquet", ".xlsx", ".jsonl", ".png"])
def test_a_pickle_alone_is_refused_whatever_its_name_says(tmp_path, mark, suffix):
    path = tmp_path / f"evil{suffix}"
    path.write_bytes(evil_files(mark).get(suffix, pickle.dumps(Evil(mark))))
    with pytest.raises(XferError):
        imports.examine(path)
    assert not mark.exists()


def test_pictures_and_texts_that_are_pickles_by_content_are_left_out(tmp_path, mark):
    for kind, name in (("pictures", "cat/evil.png"), ("texts", "good/evil.txt")):
        found = imports.examine(
            write_folder(tmp_path / kind, {**GOOD[kind](), name: torch_file(mark)}),
        )
        assert [error.field for error in found.skipped] == [name]
    assert not mark.exists()


def torch_file(mark: Path) -> bytes:
    return evil_files(mark)[".pt"]


@pytest.mark.filterwarnings("error")
def test_the_python_types_of_a_parquet_file_are_not_unpickled(tmp_path, mark):
    """Its schema can name a type whose class is a pickle; pyarrow below 14.0.1 loaded it."""
    types = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Evil(mark)),
    }
    schema = pa.schema([pa.field("size", pa.float64(), metadata=types), pa.field("kind", pa.string())])
    table = pa.table({"size": [row + 0.5 for row in range(8)], "kind": ["oak", "elm"] * 4}, schema=schema)
    pq.write_table(table, tmp_path / "leaves.parquet")
    found = imports.examine(tmp_path / "leaves.parquet")
    assert found.domains[0].tasks == {"kind": {"elm": 4, "oak": 4}}
    assert not mark.exists()


def test_macros_and_formulas_of_excel_are_not_run(tmp_path, mark):
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["size", "kind"])
    for row in range(8):
        sheet.append([row + 0.5, ("oak", "elm")[row % 2]])
    sheet.append([f"=cmd|'/C mkdir {mark}'!A0", "oak"])
    path = tmp_path / "leaves.xlsm"
    book.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", pickle.dumps(Evil(mark)))
        archive.writestr("xl/macros.py", evil_files(mark)[".py"])
    found = imports.examine(path)
    assert found.domains[0].tasks == {"kind": {"elm": 4, "oak": 5}}
    assert not mark.exists()
