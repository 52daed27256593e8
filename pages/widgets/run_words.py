"""A run in words: its setup and its result, for lists and headings."""

from __future__ import annotations

from typing import Any

from pages.i18n import _, format_time
from pages.widgets.domains import domain_title
from pages.widgets.field_words import field_title, field_words
from xfer_core.analysis.measure import metric_text
from xfer_core.analysis.sentences import budget_word
from xfer_core.runs.spec import RunSpec, spec_settings
from xfer_core.runs.store import Run

# Settings that the line of facts shows already, or that change no result.
SAID = ("problem.source", "problem.target", "problem.labels_per_class", "strategy.kind", "seed", "training.device")
LONGEST = 80  # characters of a changed setting's value: a table of weights may be longer


def transfer_words(spec: RunSpec) -> str:
    """From which domains to which, such as "Handwritten digits → Photographed digits"; text, not Markdown."""
    source, target = (" + ".join(map(domain_title, keys)) for keys in (spec.problem.source, spec.problem.target))
    return f"{source} → {target}" if source else f"→ {target}"


def result_words(run: Run) -> str:
    """The test result, such as "77.4 %"; empty before there is one."""
    metric = run.target_metric
    if metric is None or run.broke:
        return ""
    return metric_text(metric["name"], metric["value"])


def changed_words(spec: RunSpec) -> list[str]:
    """Every setting that is not at its default and that :func:`facts` does not show, such as "Steps: 600"."""
    values = spec.model_dump(mode="json")
    changed = []
    for path in spec_settings(spec):
        if path in SAID:
            continue
        value: Any = values
        for name in path.split("."):
            value = value[name]
        words = field_words(path, value, spec)
        words = words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
        changed.append(f"λ: {words}" if path == "strategy.weights" else f"{field_title(path)}: {words}")
    return changed


def facts(run: Run) -> list[str]:
    """The setup, the time and the id of a run, the domains first; text, not Markdown."""
    spec = run.typed_spec
    title = _(type(spec.strategy).title)
    return [
        transfer_words(spec),
        *([title] if title != run.name else []),
        budget_word(spec.problem.labels_per_class, _),
        _("seed {seed}").format(seed=spec.seed),
        format_time(run.created),
        run.id,
    ]


def run_title(run: Run) -> str:
    """A title that distinguishes runs of one name; text, not Markdown."""
    spec = run.typed_spec
    seed = _("seed {seed}").format(seed=spec.seed)
    parts = (run.name, budget_word(spec.problem.labels_per_class, _), seed, result_words(run), run.id)
    return " · ".join(filter(None, parts))
