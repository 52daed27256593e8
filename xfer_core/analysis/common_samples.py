"""What source and target of a problem have in common: the same training examples, the same labels, the same pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from xfer_core.domains import load_domain
from xfer_core.problems.problem import Problem, split_problem


@dataclass(frozen=True)
class CommonSamples:
    """The training data of the first source and the first target, compared.

    Attributes:
        source: labelled training samples of the source.
        target: labelled training samples of the target.
        common: those labelled examples of the target that are labelled in the source too.
        difference: mean absolute difference of the pixels of both domains, of 255, over the common examples; over the
            means of all training samples of each where there is none in common.
        tested: test samples of the target.
        leaked: test examples of the target that any training saw; 0 always.
    """

    source: int
    target: int
    common: int
    difference: float
    tested: int
    leaked: int

    @property
    def new_labels(self) -> int:
        """Labelled examples that the source adds to those of the target."""
        return self.source - self.common


def common_samples(problem: Problem, seed: int = 0) -> CommonSamples:
    """The counts of a split of a problem of images with at least one source.

    Raises:
        XferError: as ``split_problem``.
    """
    data = split_problem(problem, seed)
    source, target = (data.training[keys[0]] for keys in (problem.source, problem.target))
    ours, theirs = source.labelled.example_ids, target.labelled.example_ids
    in_source, in_target = torch.isin(ours, theirs), torch.isin(theirs, ours)
    same_pool = _one_pool(problem)
    if same_pool and in_target.any():
        first = source.labelled.inputs[in_source][ours[in_source].argsort()]
        second = target.labelled.inputs[in_target][theirs[in_target].argsort()]
        difference = (first.float() - second.float()).abs().mean()
    else:
        means = [torch.cat([part.labelled.inputs, part.unlabelled]).float().mean(0) for part in (source, target)]
        difference = (means[0] - means[1]).abs().mean()
    tested = data.held_out[target.key, "test"].example_ids
    seen = torch.cat([ours, theirs]) if same_pool else theirs
    common = int(in_target.sum()) if same_pool else 0
    return CommonSamples(
        len(ours), len(theirs), common, float(difference), len(tested), int(torch.isin(tested, seen).sum())
    )


def _one_pool(problem: Problem) -> bool:
    """Whether both domains are made from the same examples, whose numbers can be compared."""
    first, second = (load_domain(keys[0]) for keys in (problem.source, problem.target))
    return first.pool == second.pool
