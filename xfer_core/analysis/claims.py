"""What this project claims of its methods: where each shines and where it fails, and whether the seeds bear it out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xfer_core.analysis.accuracy import mean_std
from xfer_core.analysis.intervals import Difference, adjust_for_multiple, paired_difference
from xfer_core.analysis.task_gain import task_gains
from xfer_core.runs.spec import RunSpec
from xfer_core.showcases.measured import Known, recipes, values
from xfer_core.strategies import STRATEGIES, Showcase, Strategy

SEEDS = 10  # of a row that carries a claim
POINTS = 8.0  # by which adaptation must beat source only where it shines
NEW_SEEDS = (101, 102)
WITHIN = 2.5  # standard deviations of a row that a new seed may lie from its mean


@dataclass(frozen=True)
class Claim:
    """A method on the problem where it shines or fails.

    Attributes:
        form: the method.
        example: the problem and why.
        values: seed → accuracy, or Δ_m where there are several tasks.
        several: whether it is Δ_m.
        differences: to the baseline, one for each seed that both have.
        difference: their mean and interval, with p adjusted for all claims.
    """

    form: type[Strategy]
    example: Showcase
    values: dict[int, float]
    several: bool
    differences: tuple[float, ...]
    difference: Difference

    @property
    def shows(self) -> bool:
        """Whether the method is better than its baseline as a showcase must be: clearly; adaptation by 8 points."""
        least = POINTS / 100 if self.form.is_unsupervised_adaptation else 0.0
        return self.difference.is_significant and self.difference.mean > 0 and self.difference.mean >= least

    @property
    def fails(self) -> bool:
        """Whether it is clearly worse than its baseline."""
        return self.difference.is_significant and self.difference.mean < 0


def claimed(specs: dict[str, RunSpec], measured: Known) -> list[Claim]:
    """Every method where it shines and where it fails, as far as that was measured."""
    found: list[Claim] = []
    for form in STRATEGIES:
        for example in filter(None, (form.showcase, form.counterexample)):
            kind, versus = example.recipe(form.kind_name()), baseline_of(form, example)
            own, other = (_judged(example.problem, each, specs, measured) for each in (kind, versus))
            difference = paired_difference(own, other)
            if difference is not None:
                shared = tuple(own[seed] - other[seed] for seed in sorted(own.keys() & other.keys()))
                several = len(specs[f"{example.problem}.{kind}"].problem.tasks) > 1
                found.append(Claim(form, example, own, several, shared, difference))
    together = adjust_for_multiple([claim.difference for claim in found])
    return [replace(claim, difference=one) for claim, one in zip(found, together, strict=True) if one is not None]


def _judged(problem: str, kind: str, specs: dict[str, RunSpec], measured: Known) -> dict[int, float]:
    """Seed → what a recipe is judged by: its accuracy, or Δ_m where it has several tasks."""
    name = f"{problem}.{kind}"
    if name not in specs or name not in measured:
        return {}
    if len(specs[name].problem.tasks) > 1:
        return {int(seed): gain for seed, gain in task_gains(problem, kind, specs, measured).items()}
    return {int(seed): run["value"] for seed, run in measured[name]["seeds"].items()}


def claims() -> set[str]:
    """The recipes that carry a claim: every method where it shines and where it fails, what it is compared with there,
    the networks of one task that Δ_m is taken against, and IRM and V-REx with their default λ where no domain misleads.
    """
    named = recipes()
    found = {"three_domains.irm", "three_domains.vrex", "three_domains.erm"}
    for form in STRATEGIES:
        for example in filter(None, (form.showcase, form.counterexample)):
            kinds = [example.recipe(form.kind_name()), baseline_of(form, example)]
            tasks = named[f"{example.problem}.{kinds[0]}"].problem.tasks
            kinds += [f"joint-{task}" for task in tasks] if len(tasks) > 1 else []
            found |= {f"{example.problem}.{kind}" for kind in kinds}
    return found & named.keys()


def holding(measured: Known) -> tuple[int, int]:
    """Of the rows that carry a claim and whose new seeds were trained: in how many all of them lie within ``WITHIN``
    standard deviations of the row's mean; and how many such rows there are."""
    wanted = claims()
    rows = [found for name, found in measured.items() if name in wanted and found.get("new_seeds")]
    held = 0
    for found in rows:
        over = mean_std(values(found))
        far = [abs(run["value"] - over.mean) for run in found["new_seeds"].values()]
        held += max(far) <= WITHIN * (over.deviation or 0)
    return held, len(rows)


def baseline_of(form: type[Strategy], example: Showcase) -> str:
    """The kind that the method is compared with in this example."""
    usual = {"joint": "joint", "generalised": "erm"}.get(form.family, "fine_tune")
    return example.baseline or ("source_only" if form.is_unsupervised_adaptation else usual)
