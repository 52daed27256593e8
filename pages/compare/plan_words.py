"""A plan in words: number of runs, shared settings, and methods that are not tuned."""

from __future__ import annotations

from collections.abc import Sequence

from pages.i18n import _, counted, plain
from xfer_core.analysis.spec_diff import diff_specs
from xfer_core.experiments.experiment import Experiment
from xfer_core.experiments.plan import untuned
from xfer_core.experiments.presets import PRESETS
from xfer_core.runs.spec import RunSpec
from xfer_core.selections import RULES
from xfer_core.strategies import TITLES


def count_words(asked: Experiment) -> str:
    """Such as "4 methods × 3 label budgets × 1 seed"; "variants" where a preset compares those of one method."""
    one, many = _("1 method"), _("{count} methods")
    if PRESETS[asked.preset].conditions or PRESETS[asked.preset].multiplies:
        one, many = _("1 variant"), _("{count} variants")
    return " × ".join((
        counted(len(asked.conditions), one, many),
        counted(len(asked.budgets), _("1 label budget"), _("{count} label budgets")),
        counted(len(asked.seeds), _("1 seed"), _("{count} seeds")),
    ))  # fmt: skip


def run_words(count: int) -> str:
    """Such as "12 runs"."""
    return counted(count, _("1 run"), _("{count} runs"))


def held_equal(specs: Sequence[RunSpec]) -> str:
    """The settings that these runs share, and a learning rate that differs between them.

    Args:
        specs: of one seed, at least one.
    """
    training, network = specs[0].training, specs[0].network
    facts = {
        "network": _("network {kind}").format(kind=network.kind),
        "training.steps": _("{steps} steps").format(steps=f"{training.steps:,}"),
        "training.batch_size": _("batches of {size}").format(size=training.batch_size),
        "training.optimizer.kind": _("optimiser {kind}").format(kind=training.optimizer.kind),
        "training.optimizer.lr": _("learning rate {rate}").format(rate=f"{training.optimizer.lr:g}"),
        "training.selection": _("model selection: {rule}").format(rule=_(RULES[training.selection].title).lower()),
    }
    apart = diff_specs([spec.model_dump(mode="json") for spec in specs])
    equal = [fact for path, fact in facts.items() if not any(name.startswith(path) for name in apart)]
    text = _("**Held equal** for all runs: the splits of the data, {facts}.").format(facts=plain(", ".join(equal)))
    if "training.optimizer.lr" in apart:
        rates = sorted({spec.training.optimizer.lr for spec in specs})
        text += " " + _("The learning rate differs by method: {rates}.").format(
            rates=", ".join(f"{rate:g}" for rate in rates)
        )
    return text


def untuned_words(specs: Sequence[RunSpec]) -> str:
    """The methods that run at their defaults, because a verdict on them is one on the defaults. Empty where there are
    none."""
    kinds = untuned(specs)
    if not kinds:
        return ""
    names = ", ".join(plain(_(TITLES[kind])) for kind in kinds)
    return _("**Defaults, not tuned** for this problem: {methods}.").format(methods=names)
