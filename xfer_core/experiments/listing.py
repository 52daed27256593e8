"""Lists of runs: filtering, sorting, and the runs of an experiment as one entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from xfer_core.names import is_error
from xfer_core.runs.store import Run


@dataclass(frozen=True)
class ListEntry:
    """A run by itself, or the runs of an experiment.

    Attributes:
        experiment: its id; empty for a run by itself.
        runs: at least one, in the given order.
    """

    experiment: str
    runs: list[Run]


@dataclass(frozen=True)
class RunFilter:
    """A filter of runs; an empty field matches all.

    Attributes:
        text: words that must all be found, ignoring case; numbers as whole words.
        methods: ``kind`` of strategies.
        domains: keys, as source, target or unseen.
        outcomes: such as ``finished``.
    """

    text: str = ""
    methods: Collection[str] = ()
    domains: Collection[str] = ()
    outcomes: Collection[str] = ()

    def matches(self, run: Run, words: Callable[[Run], str]) -> bool:
        """Whether this run matches.

        Args:
            run: to check.
            words: gives the searchable text of a run, for ``text``; called last.
        """
        if self.methods and run.spec["strategy"]["kind"] not in self.methods:
            return False
        if self.outcomes and run.outcome not in self.outcomes:
            return False
        if self.domains and not set(self.domains) & domains_of(run):
            return False
        if not (wanted := self.text.casefold().split()):
            return True
        searched = words(run).casefold()
        whole = searched.split()  # numbers match whole words: 1 is not found in 2026-11-27
        return all(word in (whole if word.isdigit() else searched) for word in wanted)


def domains_of(run: Run) -> set[str]:
    """The keys of all domains of a run."""
    problem = run.spec["problem"]
    return {key for role in ("source", "target", "unseen") for key in problem.get(role, ())}


def entries(runs: Sequence[Run], experiments: Collection[str]) -> list[ListEntry]:
    """The runs in the given order, those of each of these experiments together at the place of its first one."""
    found: dict[str, ListEntry] = {}
    for run in runs:
        experiment = run.experiment if run.experiment in experiments else ""
        found.setdefault(experiment or f"run {run.id}", ListEntry(experiment, [])).runs.append(run)
    return list(found.values())


def best_first(runs: Sequence[Run]) -> list[Run]:
    """Sorted by result: accuracies from the highest, then errors from the lowest, then runs without a result."""

    def place(run: Run) -> tuple[int, float]:
        metric = run.target_metric
        if metric is None or run.broke:
            return 2, 0.0
        return (1, metric["value"]) if is_error(metric["name"]) else (0, -metric["value"])

    return sorted(runs, key=place)
