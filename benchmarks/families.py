"""Tables of ``docs/RESULTS.md`` for problems with several tasks or several domains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from xfer_core.analysis.accuracy import format_mean_std, mean_std
from xfer_core.analysis.intervals import Difference, adjust_for_multiple, paired_difference
from xfer_core.analysis.task_gain import task_gains
from xfer_core.domains import domain_info
from xfer_core.runs.spec import RunSpec, metric_name

Found = Mapping[str, Any]
REMARKS = {
    "three_domains": (
        "`generalised-pooled` gives every sample the same weight (λ of the source 0.83), `erm` every domain (1/3), "
        "`generalised-targets` more to the targets (source 0.2), `generalised-worst` most to the photographs (0.6). No "
        "choice of λ raises the worst target by 3 points over equal pooling, and this is why: in training every "
        "network here answers all 50 labelled samples of each target rightly, so that a larger λ of a target only "
        "repeats what is known of it, while the 479 samples of the source, which teach what the test asks for, count "
        "less. The less the source weighs, the worse the worst target."
    ),
}
EQUAL = ("erm", "generalised-pooled")  # every domain weighs the same; every sample weighs the same
RULES = ("last", "source_validation", "target_validation", "entropy", "information_maximisation",
         "soft_neighbourhood_density", "oracle")  # fmt: skip


def differences(gains: Mapping[str, Mapping[str, float]], versus: str) -> dict[str, Difference]:
    """Kind → the paired difference of its values to those of ``versus``, p adjusted for all of them.

    Args:
        gains: kind → seed → value; kinds without values, or without a seed in common, get no difference.
        versus: the kind that all others are compared with.
    """
    values = {kind: {int(seed): value for seed, value in own.items()} for kind, own in gains.items()}
    found = {kind: paired_difference(own, values[versus]) for kind, own in values.items() if kind != versus}
    together = adjust_for_multiple(list(found.values()))
    return {kind: one for kind, one in zip(found, together, strict=True) if one is not None}


def ends_shown(ends: tuple[float, float] | None, scale: float = 100, sign: bool = False) -> str:
    """An interval, both ends times ``scale``; empty where there is none. Without a sign it is of an accuracy and
    clipped to 0…1."""
    if ends is not None and not sign:
        ends = max(0.0, ends[0]), min(1.0, ends[1])
    return "" if ends is None else " to ".join(f"{scale * end:{'+' if sign else ''}.1f}" for end in ends)


def joint_table(problem: str, specs: Mapping[str, RunSpec], measured: Mapping[str, Found]) -> Iterator[str]:
    """Every task's result, Δ_m, and its paired difference to equal λ."""
    rows = {name.partition(".")[2]: name for name in specs if name.startswith(f"{problem}.")}
    spec = specs[f"{problem}.joint"]
    gains = {kind: task_gains(problem, kind, specs, measured) for kind in rows}
    over_joint = differences(gains, "joint")
    names = {task: metric_name(spec.problem, spec.problem.target[0], task, "test") for task in spec.problem.tasks}
    yield (
        "Δ_m is the mean over the tasks of the relative gain over a network that learned the task alone "
        "(`joint-<task>`), in per cent; behind it the difference to equal λ (`joint`), seed by seed, with the 95 % "
        "interval of its mean. It is called better or worse where it is clear with the level of 5 % held over all rows "
        "(Holm), from five seeds on.\n"
    )
    heads = [f"{task}, {'mean error in degrees' if name.startswith('error') else '%'}" for task, name in names.items()]
    yield f"| method | {' | '.join(heads)} | Δ_m, % | against equal λ | | seeds | seconds a seed |"
    yield "|---" * (6 + len(heads)) + "|"
    for kind in sorted(rows, key=lambda kind: -mean_std(list(gains[kind].values())).mean if gains[kind] else 0):
        seeds = measured[rows[kind]]["seeds"]
        taught = [kind.partition("-")[2]] if kind.startswith("joint-") else names
        cells = [
            format_mean_std(
                mean_std([run["metrics"][name] for run in seeds.values()]), 1 if name.startswith("error") else 100
            )
            if task in taught
            else ""
            for task, name in names.items()
        ]
        own = gains[kind]
        versus, mark = "", ""
        difference = over_joint.get(kind)
        if difference:
            spare = mean_std([own[seed] - gains["joint"][seed] for seed in own if seed in gains["joint"]])
            versus = f"{format_mean_std(spare, sign=True)} ({ends_shown(spare.interval, sign=True)})"
            mark = ("better" if difference.mean > 0 else "worse") if difference.is_significant else "not clear"
        delta = format_mean_std(mean_std(list(own.values())), sign=True) if own else ""
        seconds = mean_std([run["seconds"] for run in seeds.values()]).mean
        yield f"| `{kind}` | {' | '.join(cells)} | {delta} | {versus} | {mark} | {len(seeds)} | {seconds:.0f} |"


def domains_table(problem: str, specs: Mapping[str, RunSpec], measured: Mapping[str, Found]) -> Iterator[str]:
    """Test accuracy of each selection rule's choice on the unseen domain, or the accuracy on every target."""
    rows = {name.partition(".")[2]: name for name in specs if name.startswith(f"{problem}.")}
    spec = next(specs[name] for name in rows.values())
    if spec.problem.unseen:
        unseen = " + ".join(domain_info(key).card.title for key in spec.problem.unseen)
        rules = [rule for rule in RULES if rule in next(iter(_seeds(measured, rows).values()))[0]["selection"]]
        yield f"Accuracy on the unseen domain ({unseen}), in per cent, of the network that each selection rule takes:\n"
        columns: dict[str, Callable[[Any], float]] = {
            rule: partial(lambda rule, run: run["selection"][rule]["value"], rule) for rule in rules
        }
    else:
        yield "Accuracy on each target, and on the worse of them in each seed, in per cent, after the last step:\n"
        names = [metric_name(spec.problem, key, spec.problem.tasks[0], "test") for key in spec.problem.target]
        columns = {
            domain_info(key).card.title: partial(lambda name, run: run["metrics"][name], name)
            for key, name in zip(spec.problem.target, names, strict=True)
        }
        columns["worst target"] = lambda run: min(run["metrics"][name] for name in names)
    last = list(columns)[-1]
    runs = _seeds(measured, rows)
    equals = [kind for kind in EQUAL if kind in runs]
    versus = "".join(f"{last}, against `{kind}` | " for kind in equals)
    yield f"| method | {' | '.join(columns)} | {versus}seeds | seconds a seed |"
    yield "|---" * (3 + len(columns) + len(equals)) + "|"
    for kind in sorted(rows, key=lambda kind: -mean_std([columns[last](run) for run in runs[kind]]).mean):
        cells = [format_mean_std(mean_std([read(run) for run in runs[kind]])) for read in columns.values()]
        for equal in equals:
            pairs = zip(runs[kind], runs[equal], strict=False)
            gains = [columns[last](own) - columns[last](other) for own, other in pairs]
            gained = mean_std(gains)
            ends = f" ({ends_shown(gained.interval, sign=True)})" if gained.interval else ""
            cells.append("" if kind == equal else format_mean_std(gained, sign=True) + ends)
        seconds = mean_std([run["seconds"] for run in runs[kind]]).mean
        yield f"| `{kind}` | {' | '.join(cells)} | {len(runs[kind])} | {seconds:.0f} |"
    if problem in REMARKS:
        yield f"\n{REMARKS[problem]}"


def _seeds(measured: Mapping[str, Found], rows: Mapping[str, str]) -> dict[str, list[Any]]:
    """Kind → its runs in the order of the seeds."""
    return {kind: [measured[name]["seeds"][seed] for seed in sorted(measured[name]["seeds"], key=int)]
            for kind, name in rows.items()}  # fmt: skip
