"""Parses a command, runs it, and reports errors. Invalid input ends with exit code 2 and one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from xfer_core.cli import catalogue, own, running, stored
from xfer_core.cli.experiment import experiment
from xfer_core.errors import XferError, format_error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except XferError as error:
        print(format_error(error), file=sys.stderr)
        return 2
    except ValidationError as error:  # errors of recipes are translated where they are read: this is an XFER_… variable
        from xfer_core.runs.spec import translate_error

        broken = translate_error(error)
        broken.field = f"XFER_{broken.field.upper()}"
        print(format_error(broken), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        from xfer_core.settings import place_error

        misplaced = place_error(error)
        if misplaced is None:
            raise
        print(format_error(misplaced), file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line and refers to ``--help``."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{' '.join(message.split())}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("xfer_core", description="Train and compare transfer-learning methods.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, text: str, *flags: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        if "--json" in flags:
            sub.add_argument("--json", action="store_true", help="print JSON")
        if "recipe" in flags:
            sub.add_argument("recipe", nargs="?", type=Path, help="a file with a spec; else the default problem")
        if {"recipe", "preset"} & set(flags):
            sub.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one field")
        if "run" in flags:
            sub.add_argument("run", help="the id of a run" + (" or of an experiment" if name == "export" else ""))
        return sub

    listing = add(
        "list", catalogue.list_entries, "list the available domains, networks, strategies or selection rules", "--json"
    )
    listing.add_argument("what", choices=("domains", "networks", "strategies", "selections"))
    add("train", running.train, "train in the foreground", "recipe", "--json")
    add("submit", running.submit, "queue a run and print its id", "recipe")
    text = "run an experiment in the foreground and print its table"
    planned = add("experiment", experiment, text, "preset", "--json")
    planned.add_argument("preset", help="its question, such as help, freeze, lambda or race")
    planned.add_argument(
        "--budgets", metavar="1,5,20", help='labels per class, numbers or "all"; else the preset\'s own'
    )
    planned.add_argument("--seeds", default="5", metavar="COUNT", help="5 by default, the least for a verdict")
    add("runs", stored.runs, "all runs, the newest first", "--json")
    add("show", stored.show, "one run", "run", "--json")
    add("stop", stored.stop, "stop a run", "run")
    add("export", stored.export, "write a run, or an experiment, as report, tables and files", "run").add_argument(
        "folder", type=Path
    )
    imported = add("import", own.import_data, "make domains of your own data, and store them", "preset", "--json")
    imported.add_argument("path", type=Path, help="zip or folder of pictures in class folders, or a file with a table")
    imported.add_argument("--name", help="shown on pages; the key is made of it")
    imported.add_argument("--check", action="store_true", help="say what was understood, and store nothing")
    forgotten = add("forget", own.forget_data, "remove the domains of an import")
    forgotten.add_argument("name", help="as it was given to import")
    dispatcher = add("dispatcher", running.dispatcher, "serve queued runs")
    dispatcher.add_argument("--until-idle", action="store_true", help="end after a long time without runs")
    return parser
