"""A place that a setting names is one place, whichever process reads it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.serving import end_dispatchers
from tests.support.runs import wait_for_end
from xfer_core.cli import main
from xfer_core.runs.store import open_store
from xfer_core.settings import settings

QUICK = ("training.steps=2", "training.batch_size=8", "training.evaluations=1", "network.width=4")


@pytest.fixture
def shell(tmp_path, monkeypatch) -> Path:
    """The folder that a person works in; whatever dispatcher was started from there ends with the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XFER_HOME", "home")
    monkeypatch.setenv("XFER_IDLE_MINUTES", "0.02")
    yield tmp_path
    end_dispatchers(tmp_path / "home")


def submitted(capsys, *changes: str) -> str:
    given = [part for change in (*QUICK, *changes) for part in ("--set", change)]
    assert main(["submit", *given]) == 0
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("sqlite:///my.db", "sqlite:///{here}/my.db"),
        ("sqlite:///a/../b.db?timeout=5", "sqlite:///{here}/a/../b.db?timeout=5"),
        ("sqlite+pysqlite:///my.db", "sqlite+pysqlite:///{here}/my.db"),
        ("sqlite:///file:my.db?uri=true", "sqlite:///file:{here}/my.db?uri=true"),
        ("sqlite:////var/my.db", "sqlite:////var/my.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://me:secret@host/my.db", "postgresql://me:secret@host/my.db"),
        ("hello", "hello"),
        ("", "sqlite:///{here}/home/xfer.db"),
    ],
)
def test_a_relative_database_lies_where_the_settings_are_read(monkeypatch, tmp_path, given, found):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XFER_HOME", "home")
    monkeypatch.setenv("XFER_DATABASE_URL", given)
    assert settings().database == found.format(here=tmp_path)


def test_a_process_elsewhere_is_led_to_the_same_places(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in {"HOME": "home", "DATA": "data", "DATABASE_URL": "sqlite:///my.db"}.items():
        monkeypatch.setenv(f"XFER_{name}", value)
    here = settings()
    assert (here.home, here.data_folder) == (tmp_path / "home", tmp_path / "data")
    for name, value in here.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir("/")
    assert settings() == here


def test_settings_are_read_anew_only_where_a_variable_or_the_directory_changed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XFER_HOME", "home")
    assert settings() is settings()
    assert settings().home == tmp_path / "home"
    monkeypatch.setenv("XFER_HOME", "other")
    assert settings().home == tmp_path / "other"
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert settings().home == tmp_path / "below" / "other"


def test_settings_are_read_where_the_directory_is_gone(monkeypatch, tmp_path):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert settings().home == tmp_path / "home"


def test_an_empty_variable_is_as_good_as_none(monkeypatch):
    for name in ("HOME", "DATA", "DATABASE_URL", "SLOTS"):
        monkeypatch.setenv(f"XFER_{name}", "")
    empty = settings()
    for name in ("HOME", "DATA", "DATABASE_URL", "SLOTS"):
        monkeypatch.delenv(f"XFER_{name}")
    assert empty == settings()


real_dispatcher = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux alone")


@real_dispatcher
def test_what_is_submitted_with_relative_places_is_trained(shell, monkeypatch, capsys, data_folder):
    (shell / "data").symlink_to(data_folder)
    monkeypatch.setenv("XFER_DATABASE_URL", "sqlite:///my.db")
    monkeypatch.setenv("XFER_DATA", "data")
    downloaded = ('problem.source=["mnist"]', 'problem.target=["usps"]') if (data_folder / "MNIST").exists() else ()
    wait_for_end(open_store(), submitted(capsys, *downloaded))
    assert (shell / "my.db").exists()
    assert not (shell / "home" / "my.db").exists()


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("XFER_SLOTS", "many", "must be a whole number"),
        ("XFER_SLOTS", "-1", "must be at least 0"),
        ("XFER_IDLE_MINUTES", "0", "must be above 0.0"),
        ("XFER_HOSTS", "!!", "must be names of hosts, separated by commas"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(variable, value, rule, monkeypatch, capsys):
    monkeypatch.setenv(variable, value)
    assert main(["runs"]) == 2
    assert capsys.readouterr().err == f"{variable} {rule}; found {value}.\n"
