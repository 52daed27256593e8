"""Which source should knowledge come from? Sources ranked for a target before anything is trained on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from xfer_core.analysis.comparison import RunRecord
from xfer_core.analysis.paired_samples import MOST, can_compare, common_tasks
from xfer_core.domains import domain_info, domain_keys, is_available, load_domain
from xfer_core.domains.reference import key_of
from xfer_core.errors import XferError
from xfer_core.measures import h_score, leep, logme, mmd, nearest_class_mean, proxy_a_distance
from xfer_core.problems.problem import Problem, label_budget_mask, split_problem
from xfer_core.strategies.baselines.target_only import TargetOnly
from xfer_core.strategies.transfer.fine_tune import FineTune

MEASURES = ("leep", "logme", "h_score", "nearest_class_mean", "a_distance", "mmd")
LOWER_IS_BETTER = frozenset({"a_distance", "mmd"})
WIDTH = 64  # hidden units of the quick network
ROUNDS, BATCH = 60, 64  # epochs of it, at most; samples of a batch
LEAST_SOURCES = 2  # to rank
LEAST_MEASURED = 3  # of which an order can agree with gains other than wholly or not at all

Budget = int | Literal["all"]


@dataclass(frozen=True)
class SourceScore:
    """What every measure says of one source for a target.

    Attributes:
        source: its reference.
        scores: measure → value; a measure that cannot be computed is left out.
        accuracy: of the quick network on source samples that it was not trained on, a fraction.
    """

    source: str
    scores: Mapping[str, float]
    accuracy: float


@dataclass(frozen=True)
class Agreement:
    """How well a ranking agrees with measured gains.

    Attributes:
        tau: Kendall's τ_b: 1 if every pair of sources is in the right order, 0 on average for a random order, −1 if
            every pair is in the wrong one.
        p_value: probability of a τ at least as far from 0 if the order has nothing to do with the gains.
        sources: how many were ranked.
    """

    tau: float
    p_value: float
    sources: int


def compatible_sources(target: str, task: str) -> tuple[str, ...]:
    """The domains on this machine that knowledge of this task can come from. Reads no sample."""
    return tuple(
        key
        for key in domain_keys()
        if key != key_of(target)
        and can_compare(key, target)
        and task in common_tasks(key, target)
        and set(domain_info(key).tasks[task]) & set(domain_info(target).tasks[task])
        and is_available(key)
    )


def rankable_tasks(target: str) -> tuple[str, ...]:
    """The tasks with classes for which enough sources are here. Reads no sample."""
    tasks = domain_info(target).tasks
    return tuple(task for task in tasks if tasks[task] and len(compatible_sources(target, task)) >= LEAST_SOURCES)


def rank_sources(
    target: str,
    task: str,
    labels_per_class: Budget = 20,
    sources: Sequence[str] | None = None,
    progress: Callable[[float], object] | None = None,
    seed: int = 0,
) -> list[SourceScore]:
    """The scores of each source for this target.

    For each source, a quick network (one hidden layer of 64 units on a few numbers per sample, as the modality
    describes them) is trained on at most 1,000 source samples. LEEP takes its predictions, LogME, H-score and nearest
    class mean take its hidden units, all on those target samples whose labels a run with this seed and label budget
    would see; distances compare the inputs and need no label. No sample of a validation or test split is used.

    Args:
        target: a reference.
        task: with classes, of the target and of every source.
        labels_per_class: target labels that may be used; of "all", at most 1,000 samples.
        sources: references; None: all compatible ones.
        progress: called with the fraction that is done.
        seed: of the split and the quick network.

    Raises:
        XferError: as ``Problem.check_names`` and ``split_problem``; ``needs_classes`` for a regression.
    """
    if not domain_info(target).tasks.get(task, ("",)):
        raise XferError("needs_classes", "task", task, kind="ranking")
    found: list[SourceScore] = []
    wanted = compatible_sources(target, task) if sources is None else sources
    for number, source in enumerate(wanted, 1):
        found.append(score_source(source, target, task, labels_per_class, seed))
        if progress:
            progress(number / len(wanted))
    return found


def score_source(source: str, target: str, task: str, labels_per_class: Budget, seed: int = 0) -> SourceScore:
    """The scores of one source, as :func:`rank_sources`."""
    problem = Problem(source=(source,), target=(target,), tasks=(task,), labels_per_class="all")
    problem.check_names()
    data = split_problem(problem, seed, load_inputs=False)
    held_out = data.held_out[source, "test"]

    def features(key: str, ids: Tensor) -> Tensor:
        """The descriptors of the samples made from these examples: float64 (N, D)."""
        domain = load_domain(key)
        order = domain.example_ids.argsort()
        places = order[torch.searchsorted(domain.example_ids[order], ids)]
        prepared = data.encoder(domain_info(key).spec, domain.inputs[places])
        return data.input_spec.descriptors(prepared).double()

    known, wanted = data.training[source].labelled, data.training[target].labelled
    x_source, y_source = features(source, known.example_ids[:MOST]), known.labels[task][:MOST]
    x_target = features(target, wanted.example_ids[:MOST])
    seen = label_budget_mask(wanted.labels[task], labels_per_class)
    x_seen = features(target, wanted.example_ids[seen][:MOST])
    y_seen = wanted.labels[task][seen][:MOST]
    network = _QuickNetwork(x_source.numpy(), y_source.numpy(), seed)
    hidden = torch.from_numpy(network.hidden(x_seen.numpy()))
    guesses = torch.from_numpy(network.probabilities(x_seen.numpy()))
    attempts: dict[str, Callable[[], float]] = {
        "leep": lambda: leep(guesses, y_seen),
        "logme": lambda: logme(hidden, y_seen),
        "h_score": lambda: h_score(hidden, y_seen),
        "nearest_class_mean": lambda: nearest_class_mean(hidden, y_seen),
        "a_distance": lambda: proxy_a_distance(x_source, x_target, seed),
        "mmd": lambda: mmd(x_source.float(), x_target.float(), seed),
    }
    scores: dict[str, float] = {}
    for name, measure in attempts.items():
        try:
            scores[name] = measure()
        except XferError:  # too few labels, or one class only
            continue
    x_test = features(source, held_out.example_ids[:MOST]).numpy()
    right = network.probabilities(x_test).argmax(1)
    accuracy = float(np.mean(network.classes[right] == held_out.labels[task][:MOST].numpy()))
    return SourceScore(source, scores, accuracy)


class _QuickNetwork:
    """A network with one hidden layer, trained in about a second.

    Args:
        x: float64 (N, D).
        y: classes, int64 (N,).
        seed: of its weights and batches.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, seed: int) -> None:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier
        from sklearn.preprocessing import StandardScaler

        self.scaler = StandardScaler().fit(x)
        batch: Any = min(BATCH, len(x))  # the stubs know only "auto"
        self.model: Any = MLPClassifier((WIDTH,), batch_size=batch, max_iter=ROUNDS, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it stops after so many rounds by intention
            self.model.fit(self.scaler.transform(x), y)
        self.classes: np.ndarray = self.model.classes_

    def hidden(self, x: np.ndarray) -> np.ndarray:
        """The hidden units: float64 (N, 64)."""
        return np.maximum(self.scaler.transform(x) @ self.model.coefs_[0] + self.model.intercepts_[0], 0)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Of each class that it knows: float64 (N, C)."""
        return self.model.predict_proba(self.scaler.transform(x))


def order_of(ranked: Sequence[SourceScore], measure: str) -> list[str]:
    """The sources that have this score, the most promising first."""
    scored = [one for one in ranked if measure in one.scores]
    sign = 1 if measure in LOWER_IS_BETTER else -1
    return [one.source for one in sorted(scored, key=lambda one: sign * one.scores[measure])]


def measured_gains(table: Sequence[RunRecord]) -> dict[str, float]:
    """Source → mean accuracy after fine-tuning from it, minus that of training from scratch: fractions.

    Args:
        table: finished runs of the methods ``fine_tune`` and ``target_only``; only seeds with a run from scratch count.
    """
    scratch: dict[int, list[float]] = {}
    tuned: dict[str, dict[int, list[float]]] = {}
    for row in table:
        if row.kind == TargetOnly.kind_name():
            scratch.setdefault(row.seed, []).append(row.value)
        elif row.kind == FineTune.kind_name():
            tuned.setdefault(row.problem.source[0], {}).setdefault(row.seed, []).append(row.value)
    gains = {
        source: [mean(values) - mean(scratch[seed]) for seed, values in seeds.items() if seed in scratch]
        for source, seeds in tuned.items()
    }
    return {source: mean(values) for source, values in gains.items() if values}


def agreement(ranked: Sequence[SourceScore], gains: Mapping[str, float], measure: str) -> Agreement | None:
    """Kendall's τ_b between a measure and the measured gains, over the sources that have both.

    Kendall 1938, https://doi.org/10.1093/biomet/30.1-2.81, as ``scipy.stats.kendalltau`` computes it. None for fewer
    than three sources, or if all scores or all gains are equal.
    """
    from scipy.stats import kendalltau

    sign = -1 if measure in LOWER_IS_BETTER else 1
    pairs = [(sign * one.scores[measure], gains[one.source]) for one in ranked
             if measure in one.scores and one.source in gains]  # fmt: skip
    if len(pairs) < LEAST_MEASURED:
        return None
    scores, measured = zip(*pairs, strict=True)
    found: Any = kendalltau(scores, measured)
    if not math.isfinite(found.statistic):
        return None
    return Agreement(float(found.statistic), float(found.pvalue), len(pairs))
