"""Command line: ``python -m xfer_core``. One group of commands per file."""

from xfer_core.cli.parser import main

__all__ = ["main"]
