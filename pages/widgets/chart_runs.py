"""Charts of a run and the styles of their curves, derived from its spec, so that they exist before the run does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from pages.components.live_chart.view import Chart, LiveRun, Trace
from pages.i18n import _, error_words
from pages.widgets.domains import domain_title, task_word
from xfer_core.analysis.accuracy import unit_words
from xfer_core.analysis.comparison import condition_of
from xfer_core.charts.palette import SOURCE, TARGET, TOTAL, LineStyle, domain_style, method_style, method_styles
from xfer_core.errors import MESSAGES, XferError
from xfer_core.names import TermName, is_accuracy, is_auc, is_error, lambda_name
from xfer_core.runs.spec import RunSpec, metric_name
from xfer_core.runs.store import COLLAPSED, DIVERGED, Run
from xfer_core.strategies import CLASSES, Strategy


def reason_text(run: Run) -> str:
    """Why a run failed, in the viewer's language."""
    if run.broke:
        return _("The network broke: a result of it is no finite number. Train again with a lower learning rate.")
    reason = run.reason
    if not reason:
        return ""
    if reason.get("code") not in MESSAGES:
        return reason["text"]
    return error_words(XferError(reason["code"], reason["field"], reason["value"], **reason["params"]))


def live_run(run: Run, look: LineStyle, title: str = "", auc: bool = False) -> LiveRun:
    """A run as the live view shows it; its number is the metric of the first target on validation samples; ``auc``: its
    AUC, where the task has two classes."""
    spec = run.typed_spec
    return LiveRun(
        id=run.id,
        title=title or run.name,
        colour=look.pair,
        dash=look.dash,
        number_scalar=_number_scalar(spec, auc),
        final_scalar=spec.target_metric(auc),
        status=run.status,
        progress=run.progress,
        reason=reason_text(run),
        caveat=_(run.outcome) if run.outcome in (DIVERGED, COLLAPSED) else "",
    )


def _number_scalar(spec: RunSpec, auc: bool = False) -> str:
    return spec.target_metric(auc).removesuffix("test") + "validation"


def term_titles(strategy: Strategy, terms: Iterable[str]) -> dict[str, str]:
    """Legend titles of loss terms: ``digits.photo/digit`` by the domain's title, with the task if there are several;
    a method's own terms by the strategy's titles."""
    own = {term: _(title) for term, title in strategy.term_titles.items()}
    parts = {term: TermName.parse(term) for term in terms if term not in own}
    several = len({name.task for name in parts.values()}) > 1
    return {
        **{
            term: domain_title(name.domain) + (f" · {task_word(name.task)}" if several and name.task else "")
            for term, name in parts.items()
        },
        **{term: title for term, title in own.items() if term in terms},
    }


def term_styles(spec: RunSpec) -> dict[str, LineStyle]:
    """The line style of every loss term: the colour of its domain's role, another dash for each further task, and a
    neutral style for a method's own terms."""
    looks: dict[str, LineStyle] = {}
    used: dict[str, int] = {}
    for term in spec.strategy.lambdas(spec.problem):
        role = spec.problem.roles().get(TermName.parse(term).domain, "none")
        looks[term] = domain_style(role, used.get(role, 0))
        used[role] = used.get(role, 0) + 1
    return looks


@dataclass(frozen=True)
class ChartRun:
    """What the charts need to know of a run, whether it exists yet or not."""

    id: str
    name: str
    spec: RunSpec


def chart_run(run: Run) -> ChartRun:
    """A run of the store."""
    return ChartRun(run.id, run.name, run.typed_spec)


def planned_run(spec: RunSpec, name: str = "") -> ChartRun:
    """The run that pressing Start would make; named by its method, unless it has a name."""
    return ChartRun(spec.strategy.kind, _(name or type(spec.strategy).title), spec)


def panel_charts(run: ChartRun, baselines: Sequence[ChartRun] = (), auc: bool = False) -> list[Chart]:
    """Accuracy with the baselines (``auc``: AUC in its place), unweighted and weighted losses, learning rate."""
    looks = term_styles(run.spec)
    titles = term_titles(run.spec.strategy, list(looks))
    waiting = _("The curves appear here as the network learns.")
    measures, numbers = _measure_traces(run.id, run.spec, auc), run.spec.problem.regressions()
    charts = [
        Chart(
            _("AUC on validation samples") if auc else _("Accuracy on validation samples"),
            "AUC" if auc else _("accuracy"),
            [
                *(trace for trace in measures if (is_auc if auc else is_accuracy)(trace.scalar)),
                *(_baseline_trace(base, auc) for base in baselines),
            ],
            y_range=(0, 1),
            percent=not auc,
            story=run.id,
            empty_text=waiting,
        ),
        Chart(
            _("Loss of each term"),
            _("cross-entropy (nats)") if not numbers else _("loss"),
            [
                Trace(run.id, f"loss/{term}", titles[term], look.pair, look.dash, width=2)
                for term, look in looks.items()
            ],
            log=True,
            empty_text=waiting,
        ),
        Chart(
            _("Weighted loss: λ × term"),
            _("part of the total loss"),
            [
                *(
                    Trace(run.id, f"weighted/{term}", f"λ · {titles[term]}", look.pair, look.dash, width=2)
                    for term, look in looks.items()
                ),
                Trace(run.id, "loss/total", _("total"), TOTAL.pair, width=2),
            ],
            log=True,
            empty_text=waiting,
        ),
        Chart(
            _("Learning rate"),
            _("learning rate"),
            [Trace(run.id, "lr", _("learning rate"), TOTAL.pair)],
            step_shape=True,
            empty_text=waiting,
        ),
    ]
    if run.spec.strategy.logs_gradient_conflict and len(_shared_terms(run.spec)) > 1:
        charts.append(_conflict_matrix(run, titles))
    if run.spec.strategy.sets_loss_weights():
        set_by_method = [
            Trace(run.id, lambda_name(term), f"λ · {titles[term]}", look.pair, look.dash, width=2)
            for term, look in looks.items()
        ]
        charts.insert(2, Chart(_("λ as the method sets it"), "λ", set_by_method, empty_text=waiting))
    errors = [trace for trace in measures if is_error(trace.scalar)]
    if errors:
        title, units = _("Error on validation samples"), unit_words(run.spec.problem)
        axis = _("mean error, in {units}").format(units=_(units)) if units else _("mean error")
        charts.insert(1, Chart(title, axis, errors, story=run.id, empty_text=waiting))
    if len(numbers) == len(run.spec.problem.tasks):
        del charts[0]
    return charts


def setting_titles(spec: RunSpec) -> dict[str, str]:
    """Titles of the live settings, for the marks on a chart."""
    titles = term_titles(spec.strategy, list(spec.strategy.lambdas(spec.problem)))
    return {"lr": _("learning rate"), **{lambda_name(term): f"λ {title}" for term, title in titles.items()}}


def _shared_terms(spec: RunSpec) -> list[str]:
    """The supervised terms; a method's own terms are left out."""
    return [term for term in spec.strategy.lambdas(spec.problem) if term not in spec.strategy.term_titles]


def _conflict_matrix(run: ChartRun, titles: Mapping[str, str]) -> Chart:
    """Gradient conflict: the latest cosine similarity between the gradients of every two losses."""
    terms = _shared_terms(run.spec)
    pairs = [
        Trace(run.id, f"cosine/{a}|{b}", f"{i},{j}", TOTAL.pair) for (i, a), (j, b) in combinations(enumerate(terms), 2)
    ]
    return Chart(
        _("Gradient conflict: do the losses pull together?"),
        _("Cosine between their gradients in the shared stages: 1 same direction, 0 unrelated, −1 opposite."),
        pairs,
        lines=[(-1, "", TARGET.pair), (1, "", SOURCE.pair)],
        empty_text=_("Measured from the first step on."),
        matrix=[titles[term] for term in terms],
    )


def _measure_traces(run: str, spec: RunSpec, auc: bool) -> list[Trace]:
    traces, used = [], {"source": 0, "target": 0, "unseen": 0}
    for key, role in spec.problem.roles().items():
        for task in spec.problem.tasks:
            look = domain_style(role, used[role])
            used[role] += 1
            label = domain_title(key) + (f" · {task_word(task)}" if len(spec.problem.tasks) > 1 else "")
            scalar = metric_name(spec.problem, key, task, "validation", auc)
            traces.append(Trace(run, scalar, label, look.pair, look.dash))
    return traces


def _baseline_trace(run: ChartRun, auc: bool) -> Trace:
    look = method_style(run.spec.strategy.kind)
    return Trace(run.id, _number_scalar(run.spec, auc), run.name, look.pair, look.dash, width=2)


def overlay_charts(
    runs: Sequence[Run], looks: Mapping[str, LineStyle] | None = None, auc: bool = False
) -> tuple[list[LiveRun], list[Chart]]:
    """Several runs in one chart: their accuracy (``auc``: their AUC) on the target while they trained.

    Args:
        runs: to be drawn.
        looks: condition → line style, where an experiment has chosen them; else each run has its method's.
    """
    dress = method_styles([run.spec["strategy"]["kind"] for run in runs])
    if looks is not None:
        dress = [looks[condition_of(run.spec)] for run in runs]
    lives = [live_run(run, look, auc=auc) for run, look in zip(runs, dress, strict=True)]
    traces = [Trace(live.id, live.number_scalar, live.title, live.colour, live.dash) for live in lives]
    title, axis = (_("AUC on the target"), "AUC") if auc else (_("Accuracy on the target"), _("accuracy"))
    chart = Chart(title, axis, traces, y_range=(0, 1), percent=not auc)
    return lives, [chart]


def race_charts(runs: Sequence[Run]) -> tuple[list[LiveRun], list[Chart]]:
    """The strategies of a race in one chart, each in its own colour."""
    lives = [live_run(run, method_style(run.spec["strategy"]["kind"])) for run in runs]
    traces = [Trace(live.id, live.number_scalar, live.title, live.colour, live.dash, width=4) for live in lives]
    return lives, [
        Chart(
            _("Accuracy: how many photographed digits each network reads right"),
            _("accuracy"),
            traces,
            y_range=(0, 1),
            percent=True,
            story=next((run.id for run in runs if CLASSES[run.spec["strategy"]["kind"]].family == "transfer"), ""),
            empty_text=_("The networks are about to start."),
        )
    ]
