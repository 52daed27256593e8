"""Settings of this installation: environment variables, read in one place."""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from xfer_core.errors import XferError

# The file of a SQLite URL, which SQLAlchemy reads as relative after three slashes and absolute after four.
SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///(?:file:)?)(?!:memory:)([^?]+)")

_HOST = r"(\*|(\*\.)?[\w.-]+|\[?[\da-fA-F]*(:[\da-fA-F]*){2,7}\]?)"  # a name, *.name, an address, or * for all
HOSTS = rf"^\s*({_HOST}(\s*,\s*{_HOST})*\s*)?$"


class Settings(BaseSettings):
    """The ``XFER_…`` environment variables.

    A relative path is relative to the working directory of the process that reads the settings, and is made absolute
    there, so that a process started with :meth:`environment` finds the same path from any other directory.
    """

    model_config = SettingsConfigDict(env_prefix="XFER_", env_ignore_empty=True, frozen=True)

    home: Path = Field(default_factory=lambda: user_data_path("xfer"))
    data: Path | None = None  # folder of downloaded data sets, in torchvision's layout
    glove: Path | None = None  # file of GloVe's vectors, as its authors publish them
    cache_megabytes: int = Field(default=500, ge=0)  # of outputs of frozen stages, in ``home``
    database_url: str = ""
    slots: int = Field(default=0, ge=0)  # runs at a time; 0 lets the dispatcher choose
    threads: int = Field(default=0, ge=0)  # of one run; 0: runs at a time share the cores
    warm_points: bool = False  # whether workers are warmed up for points in the plane alone, as those of the playground
    idle_minutes: float = Field(default=30, gt=0)  # after which a dispatcher that the app started ends
    hosts: str = Field(default="", pattern=HOSTS)  # further names of the web server, separated by commas
    import_megabytes: int = Field(default=4000, gt=0, le=1_000_000)  # of an import, when it is unpacked
    upload_megabytes: int = Field(default=1000, gt=0, le=1_000_000)  # of one file that a page takes, held in memory
    import_files: int = Field(default=200_000, gt=0)
    import_classes: int = Field(default=1000, gt=1)
    import_megapixels: int = Field(default=100, gt=0, le=178)  # of one picture; Pillow itself refuses more
    import_side: int = Field(default=96, ge=8, le=256)  # pixels per side that pictures are reduced to, if not asked for
    import_rows: int = Field(default=1_000_000, gt=0)
    import_columns: int = Field(default=1000, gt=0)
    import_cell: int = Field(default=131_072, ge=131_072, le=1_000_000_000)  # characters; at least Python's own limit
    run_minutes: float = Field(default=0, ge=0)  # longest time for one run; 0 is no limit

    @field_validator("home", "data", "glove")
    @classmethod
    def _absolute(cls, place: Path | None) -> Path | None:
        return place and place.absolute()

    @field_validator("database_url")
    @classmethod
    def _absolute_file(cls, url: str) -> str:
        file = SQLITE_FILE.match(url)
        return f"{file[1]}{Path(file[2]).absolute()}{url[file.end() :]}" if file else url

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the run store; by default a SQLite file in ``home``."""
        return self.database_url or f"sqlite:///{self.home / 'xfer.db'}"

    @property
    def data_folder(self) -> Path:
        """Folder of the downloaded data sets; by default in ``home``."""
        return self.data or self.home / "data"

    @property
    def largest_upload(self) -> int:
        """Megabytes of one file that a page takes: no more than an import may hold."""
        return min(self.upload_megabytes, self.import_megabytes)

    def environment(self) -> dict[str, str]:
        """The variables that give a process with another working directory the same paths, and a dispatcher the same
        limits."""
        places = {"XFER_HOME": str(self.home), "XFER_DATABASE_URL": self.database_url}
        places |= {"XFER_DATA": str(self.data or ""), "XFER_GLOVE": str(self.glove or "")}
        limits = {"XFER_SLOTS": self.slots, "XFER_THREADS": self.threads, "XFER_WARM_POINTS": self.warm_points}
        limits |= {"XFER_IDLE_MINUTES": self.idle_minutes}
        return {**places, **{name: str(value) for name, value in limits.items()}}

    def artifacts(self, run: str) -> Path:
        """Folder of one run's files (checkpoint, weights, sample weights)."""
        return self.home / "runs" / run


def settings() -> Settings:
    """The settings from the current environment; read anew only where that or the working directory changed."""
    with suppress(OSError):  # the working directory is gone
        return _read(os.getcwd(), tuple(os.environ.items()))
    return Settings()


@lru_cache(8)
def _read(_directory: str, _environment: tuple[tuple[str, str], ...]) -> Settings:
    return Settings()


def place_error(error: OSError) -> XferError | None:
    """The error to report if a file error concerns one of this installation's folders; None if it does not."""
    chosen, file = settings(), Path(os.fsdecode(error.filename or ""))
    reason = error.strerror or error
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return XferError("no_space", "XFER_HOME", chosen.home, reason=reason)
    for name, place in (("XFER_DATA", chosen.data), ("XFER_HOME", chosen.home)):
        if place and (file.is_relative_to(place) or place.is_relative_to(file)):
            return XferError("no_folder", name, place, reason=reason)
    return None
