"""What each selection rule makes of a run: the step that it would take, and the network as it was then."""

from __future__ import annotations

import math
from typing import Any

from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem
from xfer_core.selections import RULES
from xfer_core.training.evaluation import Evaluator


def applicable_rules(problem: Problem) -> tuple[str, ...]:
    """The kinds of the rules that this problem holds enough for."""
    fitting = []
    for kind, rule in RULES.items():
        try:
            rule.check(problem)
        except XferError:
            continue
        fitting.append(kind)
    return tuple(fitting)


class ModelSelector:
    """Scores the network at every look of the last phase, and keeps it as it was wherever a rule liked it best.

    Args:
        problem: which rules fit, and what they may see.
        rule: the one that decides.

    Raises:
        XferError: the rule does not fit the problem.
    """

    def __init__(self, problem: Problem, rule: str) -> None:
        RULES[rule].check(problem)
        self.rule = rule
        self.best: dict[str, tuple[int, float]] = {}  # rule → (step, score)
        self.best_states: dict[int, dict[str, Any]] = {}  # step → the network then
        self.rules = applicable_rules(problem)

    def update(self, step: int, network: Network, evaluator: Evaluator) -> None:
        """Let every rule score the network as it stands; call after ``evaluator.measure(network, "validation")``."""
        for kind in self.rules:
            score = RULES[kind].score(step, evaluator.validation_view(RULES[kind]))
            score = -math.inf if math.isnan(score) else score  # an answer that is no number is the worst of all
            if kind not in self.best or score >= self.best[kind][1]:
                self.best[kind] = (step, score)
        wanted = {when for when, _ in self.best.values()}
        if step in wanted:
            self.best_states[step] = {
                name: value.detach().cpu().clone() for name, value in network.state_dict().items()
            }
        self.best_states = {when: state for when, state in self.best_states.items() if when in wanted}

    def finalize(self, network: Network, evaluator: Evaluator) -> dict[str, dict[str, float]]:
        """Put the network back to the step that the deciding rule takes.

        Returns:
            Rule → the step that it takes and ``value``, how the network of that step does on the test samples that the
            run is judged by: a fraction of right answers, or minus the mean error. Empty if the run was stopped before
            its last phase: then the network stays as it is.
        """
        values = {}
        for step, state in self.best_states.items():
            network.load_state_dict(state)
            values[step] = evaluator.evaluate_test(network)
        if self.best:
            network.load_state_dict(self.best_states[self.best[self.rule][0]])
        return {kind: {"step": step, "value": values[step]} for kind, (step, _) in self.best.items()}

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"best": {kind: list(found) for kind, found in self.best.items()}, "kept": self.best_states}

    def restore(self, state: dict[str, Any]) -> None:
        """As it was when :meth:`state` was taken."""
        self.best = {kind: (step, score) for kind, (step, score) in state["best"].items()}
        self.best_states = state["kept"]
