"""An experiment and its table: three methods, two label budgets, two seeds, trained one after the other."""

from collections import defaultdict

from xfer_core import plan_for, train

SEEDS = 2
plan = plan_for("compare", SEEDS)
plan = type(plan)(**{**vars(plan), "methods": ("target_only", "fine_tune", "joint"), "budgets": (1, 5)})
found = defaultdict(list)
for spec, condition in plan.experiment().specs():
    short = spec.model_copy(update={"training": spec.training.model_copy(update={"steps": 60})})
    found[condition.title, spec.problem.labels_per_class].append(train(short).metrics[spec.target_metric()])
print(f"{'method':<20}{'labels per class':>18}{'accuracy, mean of ' + str(SEEDS):>22}")
for (title, budget), values in found.items():
    print(f"{title:<20}{budget:>18}{sum(values) / len(values):>22.3f}")
