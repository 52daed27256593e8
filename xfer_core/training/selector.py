"""Model selection: at every evaluation of the last phase, stores the best checkpoint of each selection rule."""

from __future__ import annotations

import math
from typing import Any

from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem
from xfer_core.selections import RULES
from xfer_core.training.evaluation import Evaluator


def applicable_rules(problem: Problem) -> tuple[str, ...]:
    """The kinds of the rules for which this problem has the required data."""
    fitting = []
    for kind, rule in RULES.items():
        try:
            rule.check(problem)
        except XferError:
            continue
        fitting.append(kind)
    return tuple(fitting)


class ModelSelector:
    """Scores the network at every evaluation of the last phase, and stores its state where a rule's score is best.

    Args:
        problem: decides which rules apply.
        rule: the one whose checkpoint is selected.

    Raises:
        XferError: the rule does not apply to the problem.
    """

    def __init__(self, problem: Problem, rule: str) -> None:
        RULES[rule].check(problem)
        self.rule = rule
        self.best: dict[str, tuple[int, float]] = {}  # rule → (step, score)
        self.best_states: dict[int, dict[str, Any]] = {}  # step → the network then
        self.rules = applicable_rules(problem)

    def update(self, step: int, network: Network, evaluator: Evaluator) -> None:
        """Score the current network by every rule; call after ``evaluator.evaluate(network, "validation")``."""
        for kind in self.rules:
            score = RULES[kind].score(step, evaluator.validation_view(RULES[kind]))
            score = -math.inf if math.isnan(score) else score  # NaN counts as the worst score
            if kind not in self.best or score >= self.best[kind][1]:
                self.best[kind] = (step, score)
        wanted = {when for when, _ in self.best.values()}
        if step in wanted:
            self.best_states[step] = {
                name: value.detach().cpu().clone() for name, value in network.state_dict().items()
            }
        self.best_states = {when: state for when, state in self.best_states.items() if when in wanted}

    def finalize(self, network: Network, evaluator: Evaluator) -> dict[str, dict[str, float]]:
        """Load the checkpoint that the deciding rule selects into the network.

        Returns:
            Rule → the step that it selects and ``value``, the score of that step's network on the run's test samples:
            accuracy as a fraction, or minus the mean error. Empty if the run was stopped before its last phase: then
            the network stays as it is.
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
        """Restore what :meth:`state` returned."""
        self.best = {kind: (step, score) for kind, (step, score) in state["best"].items()}
        self.best_states = state["kept"]
