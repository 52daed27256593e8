"""How far knowledge travels: results against the size of the shift between source and target."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

import torch

from xfer_core.analysis.accuracy import mean_std
from xfer_core.analysis.comparison import RunRecord
from xfer_core.analysis.intervals import MIN_SEEDS
from xfer_core.analysis.measure import Measure, Translate
from xfer_core.analysis.sentences import Sentence
from xfer_core.domains import domain_info
from xfer_core.domains.reference import key_of
from xfer_core.errors import XferError
from xfer_core.measures import mmd
from xfer_core.problems.problem import Problem, TrainingDomain, split_problem
from xfer_core.runs.spec import canonical
from xfer_core.strategies import TITLES


@dataclass(frozen=True)
class ShiftSweep:
    """Runs that differ in one parameter of their first target.

    Attributes:
        parameter: its title, such as "Angle in degrees".
        sizes: condition → its value.
        lines: condition → the same text for the conditions of one method.
        methods: line → title of its method.
    """

    parameter: str
    sizes: Mapping[str, float]
    lines: Mapping[str, str]
    methods: Mapping[str, str]

    def at(self, condition: str, reference: str) -> str:
        """The condition with the method of ``reference`` at the size of ``condition``; empty if there is none."""
        wanted = (self.sizes[condition], self.lines[reference])
        return next((one for one in self.sizes if (self.sizes[one], self.lines[one]) == wanted), "")


def find_shift(table: Sequence[RunRecord]) -> ShiftSweep | None:
    """The sweep that these runs make; None if it is not exactly one number of the first target that differs."""
    firsts = {row.condition: next(iter(row.targets)) for row in table}
    try:
        parameters = {condition: domain_info(key).parameters for condition, key in firsts.items()}
    except XferError:  # an own domain that was forgotten
        return None
    first = next(iter(parameters.values()), None)
    if first is None or len({key_of(key) for key in firsts.values()}) != 1:
        return None
    values = {condition: one.model_dump() for condition, one in parameters.items() if one}
    moved = [name for name in first.model_dump() if len({one[name] for one in values.values()}) > 1]
    if len(moved) != 1 or isinstance(first.model_dump()[moved[0]], str):
        return None
    sizes = {condition: float(one[moved[0]]) for condition, one in values.items()}
    lines = {condition: _without_target(condition) for condition in sizes}
    methods = {lines[row.condition]: TITLES[row.kind] for row in table}
    return ShiftSweep(str(type(first).model_fields[moved[0]].title), sizes, lines, methods)


def _without_target(condition: str) -> str:
    spec = json.loads(condition)
    return canonical({**spec, "problem": {**spec["problem"], "target": spec["problem"]["target"][1:]}})


def measured_distance(problem: Problem) -> float:
    """The squared MK-MMD between the inputs of the first source and the first target of a problem: about 0 if both
    have the same distribution. Only training samples are measured, and no label.

    Raises:
        XferError: as ``split_problem`` and ``mmd``.
    """
    data = split_problem(problem, 0)
    source, target = (
        data.input_spec.descriptors(_inputs(data.training[key])) for key in (problem.source[0], problem.target[0])
    )
    return mmd(source, target)


def _inputs(domain: TrainingDomain) -> torch.Tensor:
    return torch.cat([domain.labelled.inputs, domain.unlabelled])


def shift_sentences(
    table: Sequence[RunRecord],
    shift: ShiftSweep,
    titles: Mapping[str, str],
    measure: Measure,
    _: Translate = str,
) -> list[Sentence]:
    """For each label budget, from the smallest to the largest shift: the method that ended best, and the one that ended
    worst.

    Args:
        table: finished runs.
        shift: the sweep that they make.
        titles: line → title of its method, escaped for Markdown.
        measure: of the values.
        _: translates one English text.
    """
    found: list[Sentence] = []
    for budget in dict.fromkeys(row.budget for row in table):
        values: dict[tuple[str, float], list[float]] = {}
        for row in table:
            if row.budget == budget:
                values.setdefault((shift.lines[row.condition], shift.sizes[row.condition]), []).append(row.value)
        sizes = sorted({size for _line, size in values}, key=abs)
        first, last = sizes[0], sizes[-1]
        named = dict.fromkeys(line for line, _size in values)
        lines = [line for line in named if {(line, first), (line, last)} <= values.keys()]
        if len(sizes) < 2 or not lines:
            continue
        order = sorted(lines, key=lambda line: mean(values[line, last]), reverse=not measure.is_error)
        seeds = min(len(one) for one in values.values())
        text = _("{parameter} from {first} to {last}: ").format(
            parameter=shift.parameter, first=f"{first:g}", last=f"{last:g}"
        )
        parts = [
            _("**{method}** went from {before} to {after}").format(
                method=titles[line],
                before=measure.mean_text(mean_std(values[line, first])),
                after=measure.mean_text(mean_std(values[line, last])),
            )
            for line in dict.fromkeys((order[0], order[-1]))
        ]
        text += _(" and ").join(parts)
        if len(order) > 2:
            more = _("; 1 more method ended between") if len(order) == 3 else _("; {count} more methods ended between")
            text += more.format(count=len(order) - 2)
        text += " (" + (_("1 seed") if seeds == 1 else _("{count} seeds").format(count=seeds)) + ")."
        if seeds < MIN_SEEDS:
            text += " " + _("A difference is called clear from {least} seeds on.").format(least=MIN_SEEDS)
        found.append(Sentence(text, False))
    return found
