"""Where this installation keeps its things: environment variables, read in one place."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_HOST = r"(\*|(\*\.)?[\w.-]+|\[?[\da-fA-F]*(:[\da-fA-F]*){2,7}\]?)"  # a name, *.name, an address, or * for all
HOSTS = rf"^\s*({_HOST}(\s*,\s*{_HOST})*\s*)?$"


class Settings(BaseSettings):
    """The ``XFER_…`` environment variables."""

    model_config = SettingsConfigDict(env_prefix="XFER_")

    home: Path = Field(default_factory=lambda: user_data_path("xfer"))
    data: Path | None = None  # where downloaded data sets lie, as torchvision lays them out
    database_url: str = ""
    slots: int = Field(default=0, ge=0)  # runs at a time; 0 lets the dispatcher choose
    idle_minutes: float = Field(default=30, gt=0)  # after which a dispatcher that the app started ends
    hosts: str = Field(default="", pattern=HOSTS)  # further names of the web server, separated by commas
    run_minutes: float = Field(default=0, ge=0)  # longest time for one run; 0 is no limit

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the run store; by default a SQLite file in ``home``."""
        return self.database_url or f"sqlite:///{self.home / 'xfer.db'}"

    @property
    def data_folder(self) -> Path:
        """Folder of the downloaded data sets; by default in ``home``."""
        return self.data or self.home / "data"

    def artifacts(self, run: str) -> Path:
        """Folder of one run's files (checkpoint, weights, sample weights)."""
        return self.home / "runs" / run


def settings() -> Settings:
    """The settings as the environment has them now."""
    return Settings()
