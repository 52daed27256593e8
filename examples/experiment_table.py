"""An experiment and its table: three methods, two label budgets, two seeds, trained one after the other on points."""

from collections import defaultdict

from xfer_core import Plan, Problem, parse_spec, train

SEEDS = 2
moons = Problem(source=("planar.moons",), target=("planar.moons?rotate=40",), tasks=("class",))
base = parse_spec({"problem": moons.model_dump(mode="json")})  # network and augmentation follow the domains
plan = Plan("compare", base, ("target_only", "fine_tune", "joint"), (1, 5), SEEDS)
found = defaultdict(list)
for spec, condition in plan.experiment().specs():
    short = spec.model_copy(update={"training": spec.training.model_copy(update={"steps": 60})})
    found[condition.title, spec.problem.labels_per_class].append(train(short).metrics[spec.target_metric()])
print(f"{'method':<20}{'labels per class':>18}{'accuracy, mean of ' + str(SEEDS):>22}")
for (title, budget), values in found.items():
    print(f"{title:<20}{budget:>18}{sum(values) / len(values):>22.3f}")
