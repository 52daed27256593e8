"""Claims about methods: their showcases and counterexamples, tested over seeds against a baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xfer_core.analysis.accuracy import mean_std
from xfer_core.analysis.intervals import Difference, adjust_for_multiple, paired_difference
from xfer_core.analysis.task_gain import task_gains
from xfer_core.runs.spec import RunSpec
from xfer_core.showcases.catalogue import Showcase, examples_of
from xfer_core.showcases.measured import Known, recipes, values
from xfer_core.strategies import STRATEGIES, Strategy

SEEDS = 10  # of a row that carries a claim
POINTS = 8.0  # by which adaptation must beat source only where it shines
NEW_SEEDS = (101, 102)
WITHIN = 2.5  # standard deviations of a row that a new seed may lie from its mean


@dataclass(frozen=True)
class Claim:
    """A method on the problem of its showcase or counterexample.

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
        """Whether the method is significantly better than its baseline; adaptation by at least 8 points."""
        least = POINTS / 100 if self.form.needs.unlabelled else 0.0
        return self.difference.is_significant and self.difference.mean > 0 and self.difference.mean >= least

    @property
    def fails(self) -> bool:
        """Whether it is significantly worse than its baseline."""
        return self.difference.is_significant and self.difference.mean < 0


def claimed(specs: dict[str, RunSpec], measured: Known) -> list[Claim]:
    """The claims of every method that were measured."""
    found: list[Claim] = []
    for form in STRATEGIES:
        for example in examples_of(form.kind_name()):
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
    """Seed → headline value of a recipe: its accuracy, or Δ_m with several tasks."""
    name = f"{problem}.{kind}"
    if name not in specs or name not in measured:
        return {}
    if len(specs[name].problem.tasks) > 1:
        return {int(seed): gain for seed, gain in task_gains(problem, kind, specs, measured).items()}
    return {int(seed): run["value"] for seed, run in measured[name]["seeds"].items()}


def claims() -> set[str]:
    """The recipes that carry a claim: showcases and counterexamples, their baselines, the single-task networks that Δ_m
    needs, and IRM and V-REx with their default λ on domains without a shortcut."""
    named = recipes()
    found = {"three_domains.irm", "three_domains.vrex", "three_domains.erm"}
    for form in STRATEGIES:
        for example in examples_of(form.kind_name()):
            kinds = [example.recipe(form.kind_name()), baseline_of(form, example)]
            tasks = named[f"{example.problem}.{kinds[0]}"].problem.tasks
            kinds += [f"joint-{task}" for task in tasks] if len(tasks) > 1 else []
            found |= {f"{example.problem}.{kind}" for kind in kinds}
    return found & named.keys()


def holding(measured: Known) -> tuple[int, int]:
    """Of the rows that carry a claim and have new seeds: the number whose new seeds all lie within ``WITHIN`` standard
    deviations of the row's mean, and the number of rows."""
    wanted = claims()
    rows = [found for name, found in measured.items() if name in wanted and found.get("new_seeds")]
    held = 0
    for found in rows:
        over = mean_std(values(found))
        far = [abs(run["value"] - over.mean) for run in found["new_seeds"].values()]
        held += max(far) <= WITHIN * (over.deviation or 0)
    return held, len(rows)


def baseline_of(form: type[Strategy], example: Showcase) -> str:
    """The kind of the baseline that the method is compared with in this example."""
    return example.baseline or form.simpler
