"""The training loop: the only place where an optimiser steps, a clock is read and a network is saved."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.modalities.sampler import BatchSampler, RowSampler
from xfer_core.names import TermName
from xfer_core.networks.base import Network, NetworkConfig
from xfer_core.problems.problem import Problem, ProblemData, split_problem
from xfer_core.settings import settings
from xfer_core.strategies.base import Batch, Phase, StepContext, Strategy, SubStep
from xfer_core.training.callback import Callback, Command, NullCallback
from xfer_core.training.checkpoint import State, last_good, on_device, write_checkpoint
from xfer_core.training.collapse import collapses
from xfer_core.training.config import TrainingConfig, decays
from xfer_core.training.device import autocast_context, device_name, select_device, select_precision, synchronize
from xfer_core.training.divergence import LossWatch
from xfer_core.training.evaluation import Evaluator, predict
from xfer_core.training.finite import check_metrics, check_weights, largest_errors
from xfer_core.training.freezing import freeze, state_hash
from xfer_core.training.frozen_features import MAX_BYTES, FrozenFeatures, frozen_stages
from xfer_core.training.gradients import backward, sum_losses
from xfer_core.training.live_settings import LiveSettings
from xfer_core.training.metric_buffer import MetricBuffer
from xfer_core.training.pace import HELD_SECONDS, Pace
from xfer_core.training.phases import phase_ends, rate_factor
from xfer_core.training.selector import ModelSelector
from xfer_core.training.temperature import Temperature

REPORT_SECONDS = 0.1
DURABLE_SECONDS = 1.0  # between two checkpoints that wait for the disk, which takes 10 to 30 ms
CURVE_POINTS = 4000  # a longer run logs every second, third… step


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Attributes:
        status: finished, stopped or paused.
        step: steps done.
        metrics: every test metric, of the selected checkpoint; empty while paused.
        selection: for each rule the step that it selects and the ``value`` of the network of that step on the run's
            test samples (:meth:`ModelSelector.finalize`).
        seconds: of this attempt, from its start to its end.
        samples_per_second: over training steps only, evaluation excluded.
        frozen_unchanged: whether everything frozen is bit-identical; None if nothing was frozen.
        warnings: about the selected checkpoint, each as {code, field, value, params} of a message in
            :mod:`xfer_core.errors`; ``worker.warnings`` makes errors of them.
        temperatures: of the selected checkpoint (:meth:`Evaluator.temperatures`).
    """

    status: str
    step: int
    metrics: dict[str, float]
    selection: dict[str, dict[str, float]]
    seconds: float
    samples_per_second: float
    device: str
    precision: str
    threads: int
    frozen_unchanged: bool | None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    temperatures: dict[str, Temperature] = field(default_factory=dict[str, Temperature])


class PausedError(Exception):
    """A person paused the run while outputs of frozen stages were computed."""


class Trainer:
    """One run, from random weights (or a checkpoint) to test metrics.

    Args:
        problem, network, strategy, training, seed: as in a RunSpec.
        callback: receives metrics and events, and passes on commands.
        checkpoint: file to save to and to resume from, with the previous one kept beside it; None saves nothing.
        replay: (step, command) that a person gave in an earlier attempt of this run, applied again at their steps.
        data: the problem with its data, if the caller has split it already.

    The same spec on the same device with the same number of threads gives bit-identical weights, however often the
    run was paused or killed in between.
    """

    def __init__(
        self,
        problem: Problem,
        network: NetworkConfig,
        strategy: Strategy,
        training: TrainingConfig,
        seed: int,
        callback: Callback | None = None,
        checkpoint: Path | None = None,
        replay: Sequence[tuple[int, Command]] = (),
        data: ProblemData | None = None,
    ) -> None:
        self.strategy, self.training, self.callback = strategy, training, callback or NullCallback()
        self.roles = problem.roles()
        self.checkpoint, self.seed = checkpoint, seed
        self.device = select_device(training.device)
        self.precision = select_precision(training.precision, self.device)
        self.caches_features = network.caches_features and not training.augment
        self.deferred: list[Command] = []  # commands that came while outputs of frozen stages were computed
        self.data = data or split_problem(problem, seed)
        torch.manual_seed(seed)  # initial weights come from the global generator, on the CPU
        self.network: Network = network.build(self.data.input_spec, problem.outputs())
        network.fill(self.network, self.data.encoder)
        self.network.to(self.device, memory_format=self.data.input_spec.memory_format)  # pyright: ignore[reportCallIssue]
        training_data = self.data.training_data()
        strategy.check_network(self.network)
        self.modules = nn.ModuleDict(strategy.modules(training_data, self.network)).to(self.device)
        self.phases = strategy.phases(training_data, self.network)
        self.ends = phase_ends(self.phases, training.steps)
        planned = [(change.step, Command("set", change.name, change.value)) for change in training.live_changes]
        self.live_settings = LiveSettings(strategy.lambdas(problem), training.optimizer.lr, replay, planned)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.samplers = self._make_samplers()
        self.evaluator = Evaluator(self.data, self.device, self.precision)
        self.selector = ModelSelector(problem, training.selection)
        self.losses = LossWatch({task: len(names) for task, names in self.data.classes.items() if len(names) > 1})
        self.context = StepContext(
            self.network,
            self.phases[0],
            0.0,
            self._class_counts(),
            self.modules,
            strategy.state(training_data),
            generator=self.generator,
        )
        self.step, self.phase_index, self.samples = 0, 0, 0
        self.frozen_hashes: list[str] = []  # one per phase, of its frozen part, taken as the phase began
        self.frozen_kept: list[bool] = []  # whether it was unchanged at the end of the phase, for phases that freeze
        self.collapsed: set[tuple[str, str]] = set()  # (domain, task) already reported to the callback
        self.metrics, self.pace = MetricBuffer(), Pace()
        self.logged_scalars: dict[str, Tensor] = {}  # of this step's gradients: cosines, and λ that the method set
        self.log_every = math.ceil(training.steps / CURVE_POINTS)
        self.eval_every = max(1, training.steps // training.evaluations)
        self.train_seconds = 0.0
        self.optimizer: torch.optim.Optimizer | None = None
        self.durable, self.durable_at = True, -math.inf  # whether the current checkpoint survives a power cut

    def _make_samplers(self) -> dict[str, BatchSampler]:
        """A sampler for each domain whose labels some phase uses; one named ``key/unlabelled`` where it uses inputs."""
        samplers, augment, spec = {}, self.training.augment, self.data.input_spec
        for key, domain in self.data.training.items():
            if len(domain.labelled) and any(key in phase.domains for phase in self.phases):
                inputs, labels = domain.labelled.inputs, domain.labelled.labels
                samplers[key] = spec.sampler(inputs, labels, augment, self.generator, self.device)
            if any(key in phase.unlabelled for phase in self.phases):
                inputs = torch.cat([domain.labelled.inputs, domain.unlabelled])
                samplers[f"{key}/unlabelled"] = spec.sampler(inputs, {}, augment, self.generator, self.device)
        return samplers

    # ------------------------------------------------------------------ the run

    def run(self) -> Result:
        """Train to the end, or until a person pauses or stops.

        Raises:
            XferError: ``not_finite_loss``, ``not_finite_weights``, ``not_finite_answers`` or ``absurd_error``: the
                network broke; names the evidence, the step, and what to do.
        """
        self.started = self.reported = time.perf_counter()
        try:
            return self._run()
        except PausedError:  # what was computed is stored; nothing else is newer than the last checkpoint
            self._report()
            return self._result("paused", {}, {})

    def _run(self) -> Result:
        if self._resume():
            self._use_features()
        else:
            if self.caches_features:
                self._enter_phase()
                self._use_features()
            self._evaluate()
            self._begin_phase()
        self.first_step = self.step
        self._report()
        status = "finished"
        while self.step < self.training.steps:
            command = self._handle_commands()
            if command == "pause":
                self._report()
                self._check_weights()
                self._save(durable=True)
                return self._result("paused", {}, {})
            if command == "stop":
                status = "stopped"
                break
            if allowed := self.pace.steps(time.perf_counter()):
                self._advance(allowed)
            else:
                self._hold()
        self._check_frozen()
        self._check_weights()
        if status == "stopped" and self.step % self.eval_every:
            self._evaluate()
        self._report()
        # Before the selected checkpoint is loaded into the network: a run that fails from here on resumes at this step.
        self._save(durable=True)
        selection = self.selector.finalize(self.network, self.evaluator)
        metrics = self.evaluator.evaluate(self.network, "test")
        measured = int(selection.get(self.selector.rule, {}).get("step", self.step))
        check_metrics(metrics, largest_errors(self.data), measured, self.phases[self.phase_index].name)
        for name, value in metrics.items():
            self.metrics.log(name, self.step, value)
        self._report()
        return replace(
            self._result(status, metrics, selection),
            warnings=[*self._diverged(measured), *self._collapsed(measured)],
            temperatures=self.evaluator.temperatures(self.network),
        )

    def _hold(self) -> None:
        """Wait a moment, until more steps are allowed or a command comes; report now and then."""
        if time.perf_counter() - self.reported > HELD_SECONDS:
            self._report()
        time.sleep(self.pace.look_seconds(time.perf_counter()))

    def _advance(self, allowed: float) -> None:
        """Train up to the next validation, the next phase, or the next report, at most ``allowed`` steps."""
        until = min(self._next_evaluation(), self.ends[self.phase_index])
        begun, before = time.perf_counter(), self.step
        while self.step < min(until, before + allowed):
            self._train_step()
            if time.perf_counter() - self.reported > REPORT_SECONDS:
                break
            if self.live_settings.has_pending(self.step):
                break
        if self.step == until:
            synchronize(self.device)
        self.train_seconds += time.perf_counter() - begun
        self.pace.spend(self.step - before)
        self._report()
        if self.step == until:  # before the next phase, model selection or a checkpoint uses the weights
            self._check_weights()
        if self.step == self.ends[self.phase_index]:
            self._check_frozen()
            if self.step < self.training.steps:
                self.phase_index += 1
                self._begin_phase()
                self._use_features()
        if self.step == until:
            if self.step % self.eval_every == 0 or self.step == self.training.steps:
                self._evaluate()
            self._report()  # before the checkpoint: a run resumed there does not evaluate this step again
            self._save()

    def _train_step(self) -> None:
        phase, context, size = self.phases[self.phase_index], self.context, self.training.batch_size
        context.progress, context.lambdas = self.step / self.training.steps, self.live_settings.lambdas
        if self.training.schedule != "constant":
            self._set_rates()
        batches = {key: Batch(*self.samplers[key].next_batch(size)) for key in phase.domains}
        context.unlabelled = {key: self.samplers[f"{key}/unlabelled"].next_batch(size)[0] for key in phase.unlabelled}
        self.step += 1
        self.samples += size * (len(phase.domains) + len(phase.unlabelled))
        if not phase.trainable:
            with torch.no_grad(), autocast_context(self.device, self.precision):
                self.strategy.terms(batches, context)
            return
        logged: dict[str, tuple[Tensor, Tensor]] = {}
        for substep in phase.substeps:
            logged |= self._update(substep, batches)
        if self.step % self.log_every == 0:
            self._log(phase.name, logged)
        for name, value in self.logged_scalars.items():
            if name.startswith("cosine/") or self.step % self.log_every == 0:
                self.metrics.log_tensor(name, self.step, value, phase.name)
        self.logged_scalars = {}

    def _update(self, substep: SubStep, batches: dict[str, Batch]) -> dict[str, tuple[Tensor, Tensor]]:
        """One sub-step; returns its terms, each unweighted and weighted."""
        self.context.substep = substep.name
        with autocast_context(self.device, self.precision):
            terms = {name: term.mean() for name, term in self.strategy.terms(batches, self.context).items()}
        assert self.optimizer is not None
        self.optimizer.zero_grad(set_to_none=True)
        watched = self.step == 1 or self.step % self.eval_every == 0
        weighted, scalars = backward(self.strategy, terms, self.live_settings.lambdas, self.context, watched)
        if substep.frozen:
            for name, parameter in self._named_parameters():
                if name in substep.frozen:
                    parameter.grad = None
        self.optimizer.step()
        self.logged_scalars |= scalars
        return {name: (term, weighted[name]) for name, term in terms.items()}

    def _named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        yield from self.network.named_parameters()
        yield from self.modules.named_parameters("modules")

    def _log(self, phase: str, terms: dict[str, tuple[Tensor, Tensor]]) -> None:
        for name, (term, _) in terms.items():  # terms first: a non-finite term is the cause, not the total
            self.metrics.log_tensor(f"loss/{name}", self.step, term, phase)
        for name, (_, weighted) in terms.items():
            self.metrics.log_tensor(f"weighted/{name}", self.step, weighted, phase)
        self.metrics.log_tensor("loss/total", self.step, sum_losses(w for _, w in terms.values()), phase)

    # ------------------------------------------------------------------ phases and what is frozen

    def _begin_phase(self) -> None:
        phase = self._enter_phase()
        self.losses.begin_phase()
        self.strategy.on_phase_start(self.context)
        if phase.reset != "nothing":
            cpu_state = torch.random.get_rng_state()
            torch.manual_seed(int(torch.randint(2**31, (), generator=self.generator, device=self.device)))
            self.network.reset_parameters(phase.reset)
            torch.random.set_rng_state(cpu_state)
        before = self.phases[self.phase_index - 1].lr if self.phase_index else None
        if phase.lr is not None and phase.lr != before:  # a live change by a person stays
            self.live_settings.lr = phase.lr
        self.optimizer = self._make_optimizer()
        self._set_rates()
        self.frozen_hashes.append(state_hash(self.network, phase.frozen))
        self.callback.on_event("phase", self.step, name=phase.name, fixed=len(phase.frozen))
        self.live_settings.log(self.metrics, self.step, lambdas=not self.strategy.sets_loss_weights())

    def _enter_phase(self) -> Phase:
        """Enter the current phase: freeze its frozen part; changes no value."""
        phase = self.context.phase = self.phases[self.phase_index]
        freeze(self.network, phase.frozen)
        if phase.trainable and not any(parameter.requires_grad for parameter in self.network.parameters()):
            raise XferError("all_fixed", "strategy.frozen", sorted(phase.frozen), phase=phase.name)
        return phase

    def _use_features(self) -> None:
        """In a phase whose first stages are frozen, compute their outputs once: samplers and evaluator then give these
        in place of inputs, and a step updates the rest alone. In any other phase, give the inputs again.

        Raises:
            PausedError: a person paused the run meanwhile.
        """
        if not self.caches_features:
            return
        phase = self.phases[self.phase_index]
        count = frozen_stages(self.network, phase.frozen) if phase.reset != "network" else 0
        if self.network.given:
            orders = {key: sampler.order for key, sampler in self.samplers.items()}
            self.network.given, self.samplers = 0, self._make_samplers()
            for key, order in orders.items():
                self.samplers[key].order = order
            self.evaluator.give({name: samples.inputs for name, samples in self.data.held_out.items()}, self.data)
        if not count:
            return
        folder, spec = settings().home / "features", self.data.input_spec
        frozen = FrozenFeatures(
            *(self.network, count, self.precision, lambda x: spec.to_float(x, self.device)),
            *(folder, settings().cache_megabytes),
        )
        sampled = (*phase.domains, *(f"{key}/unlabelled" for key in phase.unlabelled))
        wanted: dict[Any, Tensor] = {key: self._inputs_of(key) for key in sampled}
        wanted |= {name: samples.inputs for name, samples in self.data.held_out.items()}
        outputs, total, done = {}, sum(map(len, wanted.values())), 0
        for name, inputs in wanted.items():
            parts: list[Tensor] = []
            for part in frozen.chunks(inputs):
                if part[0].numel() * 4 * total > MAX_BYTES:
                    return
                parts.append(part)
                done += len(part)
                self._between_chunks(done, total)
            outputs[name] = torch.cat(parts)
        frozen.store.shrink()
        for key in sampled:
            before = self.samplers[key]
            self.samplers[key] = RowSampler(outputs[key], before.labels, self.generator, self.device)
            self.samplers[key].order = before.order
        self.evaluator.give({name: outputs[name] for name in self.data.held_out})
        self.network.given = count

    def _inputs_of(self, sampler: str) -> Tensor:
        """The prepared inputs of a sampler of :meth:`_make_samplers`."""
        domain = self.data.training[sampler.removesuffix("/unlabelled")]
        if sampler.endswith("/unlabelled"):
            return torch.cat([domain.labelled.inputs, domain.unlabelled])
        return domain.labelled.inputs

    def _between_chunks(self, done: int, total: int) -> None:
        """Report how many outputs are there, and obey a person who pauses."""
        now = time.perf_counter()
        if now - self.reported < REPORT_SECONDS:
            return
        self.reported = now
        self.callback.on_metrics([], {**self._progress(now), "features": [done, total]})
        for command in self.callback.commands():
            if command.kind == "pause":
                raise PausedError
            self.deferred.append(command)

    def _check_frozen(self) -> None:
        frozen = self.phases[self.phase_index].frozen
        if frozen and len(self.frozen_kept) <= self.phase_index:
            self.frozen_kept += [True] * (self.phase_index - len(self.frozen_kept))
            self.frozen_kept.append(state_hash(self.network, frozen) == self.frozen_hashes[self.phase_index])

    def _make_optimizer(self) -> torch.optim.Optimizer:
        lr_factors, config = self.phases[self.phase_index].lr_factors, self.training.optimizer
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self._named_parameters():
            # In a phase that trains nothing the optimiser has no work, but torch accepts no empty parameter list.
            if parameter.requires_grad or not self.phases[self.phase_index].trainable:
                decay = config.weight_decay if decays(parameter) else 0.0
                groups.setdefault((lr_factors.get(name, 1.0), decay), []).append(parameter)
        given = [{"params": group, "rate": rate, "weight_decay": decay} for (rate, decay), group in groups.items()]
        return config.build(given, self.live_settings.lr, fused=self.device.type in ("cpu", "cuda"))

    # ------------------------------------------------------------------ commands

    def _handle_commands(self) -> str | None:
        """Apply the commands of a person; returns ``pause`` or ``stop`` if there was one."""
        while self.live_settings.has_pending(self.step):
            self._set(*self.live_settings.pop())
        requested = None
        deferred, self.deferred = self.deferred, []
        for command in (*deferred, *self.callback.commands()):
            if command.kind == "set":
                self._set(command, is_new=True)
            elif command.kind in ("allow", "speed"):
                self.pace.apply(command, time.perf_counter())
            else:
                requested = command.kind
        return requested

    def _set(self, command: Command, is_new: bool) -> None:
        self.live_settings.apply(command)
        if is_new:
            self.callback.on_event("set", self.step, name=command.name, value=command.value)
        self._set_rates()
        self.live_settings.log(self.metrics, self.step, lambdas=not self.strategy.sets_loss_weights())

    def _set_rates(self) -> None:
        """Set the learning rate of each parameter group for the next step."""
        begin, end = ([0, *self.ends][self.phase_index], self.ends[self.phase_index])
        self.live_settings.factor = rate_factor(self.training.schedule, self.step, begin, end)
        assert self.optimizer is not None
        for group in self.optimizer.param_groups:
            group["lr"] = self.live_settings.lr * self.live_settings.factor * group["rate"]

    # ------------------------------------------------------------------ evaluation and reports

    def _next_evaluation(self) -> int:
        return min((self.step // self.eval_every + 1) * self.eval_every, self.training.steps)

    def _check_weights(self) -> None:
        """Stop if the last update broke what it can change: no loss has been computed with it yet."""
        phase = self.phases[self.phase_index]
        changed = [(name, value) for name, value in self.network.state_dict().items() if name not in phase.frozen]
        check_weights([*changed, *self.modules.state_dict(prefix="modules.").items()], self.step, phase.name)

    def _evaluate(self) -> None:
        metrics = self.evaluator.evaluate(self.network, "validation")
        # Training may still reduce a large error, but not NaN or infinity.
        check_metrics(metrics, {}, self.step, self.phases[self.phase_index].name)
        for name, value in metrics.items():
            self.metrics.log(name, self.step, value)
        if self.step > ([0, *self.ends][len(self.phases) - 1]):  # an earlier phase is not the run's outcome
            self.selector.update(self.step, self.network, self.evaluator)
            self._report_collapses()
        self.callback.on_evaluation()
        self.live_settings.log(self.metrics, self.step, lambdas=not self.strategy.sets_loss_weights())

    def _diverged(self, step: int) -> list[dict[str, Any]]:
        """Warnings of losses that end far above the loss of guessing."""
        return [
            {
                "code": "diverged",
                "field": "loss",
                "value": found.loss,
                "params": {"domain": found.domain, "task": found.task, "guessing": found.chance_loss, "step": step},
            }
            for found in self.losses.divergences(lambda term: self.live_settings.lambdas.get(term, 1.0))
        ]

    def _collapsed(self, step: int) -> list[dict[str, Any]]:
        """Warnings of predictions of the last evaluation that collapsed onto one class."""
        return [
            {
                "code": self.strategy.on_collapse,
                "field": "network",
                "value": found.predicted,
                "params": {
                    "domain": found.domain,
                    "task": found.task,
                    "share": found.share,
                    "largest": found.largest,
                    "step": step,
                },
            }
            for found in collapses(self.evaluator.prediction_counts, self.data)
        ]

    def _report_collapses(self) -> None:
        """Report once per domain and task that its predictions collapsed; only in the second half of the last phase,
        because early in it many networks predict one class for a while."""
        begin, end = [0, *self.ends][len(self.phases) - 1], self.ends[-1]
        if 2 * (self.step - begin) < end - begin:
            return
        for warning in self._collapsed(self.step):
            where = (warning["params"]["domain"], warning["params"]["task"])
            if where not in self.collapsed:
                self.collapsed.add(where)
                self.callback.on_event("collapsed", self.step, **warning)

    def _report(self) -> None:
        points, broken = self.metrics.flush()
        self.losses.update(
            points, (term for term in self.live_settings.lambdas if TermName.parse(term).domain in self.roles)
        )
        now = time.perf_counter()
        if points or broken or now - self.reported > REPORT_SECONDS:
            if self.train_seconds > 0:
                points.append(("samples_per_second", self.step, self._speed()))
            self.callback.on_metrics(points, self._progress(now))
        self.reported = now
        if broken:
            raise broken

    def _speed(self) -> float:
        return self.samples / self.train_seconds if self.train_seconds else 0.0

    def _progress(self, now: float) -> dict[str, Any]:
        done = self.step - getattr(self, "first_step", self.step)
        elapsed = now - self.started
        return {
            "step": self.step,
            "steps": self.training.steps,
            "phase": self.phases[self.phase_index].name,
            "phase_index": self.phase_index,
            "phases": [phase.name for phase in self.phases],
            "phase_ends": self.ends,
            "seconds": elapsed,
            "seconds_left": elapsed / done * (self.training.steps - self.step) if done else None,
            "samples_per_second": self._speed(),
            "device": device_name(self.device),
            "precision": self.precision,
            "threads": torch.get_num_threads(),
            "answers": self.evaluator.preview_predictions,
            **self.live_settings.state(),
        }

    def _result(self, status: str, metrics: dict[str, float], selection: dict[str, dict[str, float]]) -> Result:
        begun = self.phases[: self.phase_index + 1]
        return Result(
            status=status,
            step=self.step,
            metrics=metrics,
            selection=selection,
            seconds=time.perf_counter() - self.started,
            samples_per_second=self._speed(),
            device=device_name(self.device),
            precision=self.precision,
            threads=torch.get_num_threads(),
            frozen_unchanged=all(self.frozen_kept) if any(phase.frozen for phase in begun) else None,
        )

    def _class_counts(self) -> dict[tuple[str, str], Tensor]:
        return {
            (key, task): torch.bincount(labels, minlength=len(self.data.classes[task])).to(self.device)
            for key, domain in self.data.training.items()
            for task, labels in domain.labelled.labels.items()
            if self.data.classes[task]
        }

    def sample_weights(self) -> dict[str, Tensor]:
        """λ_{d,i} of every labelled training sample for the current network: domain → (N_d,), summing to λ_d."""
        shares, given = {}, self.network.given
        self.network.given = 0  # whole samples
        for key, domain in self.data.training.items():
            if not len(domain.labelled) or key not in self.live_settings.lambdas:
                continue
            inputs = self.data.input_spec.to_float(domain.labelled.inputs, self.device)
            outputs = predict(self.network, inputs, self.device, self.precision)
            weights = self.strategy.sample_weights(
                {task: y.cpu() for task, y in outputs.items()}, domain, self.context.state
            )
            if weights is not None:
                shares[key] = self.live_settings.lambdas[key] * weights / len(weights)
        self.network.given = given
        return shares

    # ------------------------------------------------------------------ saving and resuming

    def _resume(self) -> bool:
        """Restore the newest good checkpoint and report the step of this attempt's start; whether there was one."""
        belongs = self._belongs_to()
        saved, unusable = None, {}
        if self.checkpoint:
            saved, unusable = last_good(self.checkpoint, lambda state: state.get("belongs_to") == belongs)
        if saved:
            self._restore(saved)
        self.callback.on_start(self.step if saved else -1)
        if unusable:
            self.callback.on_event("fallback", self.step, unusable=unusable, anew=not saved)
        return saved is not None

    def _belongs_to(self) -> str:
        """A hash of everything that a checkpoint must agree with to be restored here."""
        weights = {**self.network.state_dict(), **self.modules.state_dict(prefix="modules.")}
        facts = (
            self.seed,
            self.training.steps,
            self.strategy.kind,
            self.training.optimizer.kind,
            self.ends,
            [(name, tuple(value.shape), value.dtype) for name, value in weights.items()],
            [(key, sampler.size) for key, sampler in self.samplers.items()],
        )
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _save(self, durable: bool = False) -> None:
        if self.checkpoint is None or self.optimizer is None:
            return
        durable, keep = durable or time.monotonic() - self.durable_at > DURABLE_SECONDS, self.durable
        write_checkpoint(
            self.checkpoint,
            {
                "belongs_to": self._belongs_to(),
                "step": self.step,
                "phase_index": self.phase_index,
                "network": self.network.state_dict(),
                "modules": self.modules.state_dict(),
                "strategy": self.context.state,
                "optimizer": self.optimizer.state_dict(),
                "orders": {key: sampler.order for key, sampler in self.samplers.items()},
                "generator": self.generator.get_state(),
                "knobs": self.live_settings.state(),
                "chooser": self.selector.state(),
                "losses": self.losses.state(),
                "fixed_before": list(self.frozen_hashes),
                "fixed_kept": list(self.frozen_kept),
                "collapsed": sorted(self.collapsed),
                "samples": self.samples,
                "train_seconds": self.train_seconds,
            },
            durable,
            keep,
        )
        self.durable = durable
        if durable:
            self.durable_at = time.monotonic()

    def _restore(self, saved: State) -> None:
        self.step, self.phase_index = saved["step"], saved["phase_index"]
        self.network.load_state_dict(saved["network"])
        self.modules.load_state_dict(saved["modules"])
        self.context.state = on_device(saved["strategy"], self.device)
        self.live_settings.restore(saved["knobs"], self.step)
        self.frozen_hashes, self.frozen_kept = saved["fixed_before"], saved["fixed_kept"]
        self.collapsed = {(domain, task) for domain, task in saved.get("collapsed", [])}
        self.samples, self.train_seconds = saved.get("samples", saved.get("images", 0)), saved["train_seconds"]
        self.selector.restore(saved["chooser"])
        self.losses.restore(saved.get("losses", {}))
        self._enter_phase()
        self.optimizer = self._make_optimizer()
        self.optimizer.load_state_dict(saved["optimizer"])
        for key, sampler in self.samplers.items():
            sampler.order = saved["orders"][key].to(self.device)
        self.generator.set_state(saved["generator"])
