"""The loop: the one place where an optimiser steps, a clock is read and a network is saved."""

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

from xfer_core.domains.problem import Problem, ProblemData, split_problem
from xfer_core.errors import XferError
from xfer_core.networks.base import Network, NetworkForm
from xfer_core.strategies.base import Batch, Context, Move, Phase, Strategy
from xfer_core.training.batches import Stream
from xfer_core.training.checkpoint import State, last_good, on_device, write_checkpoint
from xfer_core.training.chooser import Chooser
from xfer_core.training.collapse import collapses
from xfer_core.training.device import arithmetic, choose_device, choose_precision, device_name, synchronize
from xfer_core.training.divergence import Losses
from xfer_core.training.evaluation import Evaluator, predict, to_input
from xfer_core.training.finite import check_metrics, check_weights, largest_errors
from xfer_core.training.fixing import fingerprint, fix
from xfer_core.training.form import TrainingForm, decays
from xfer_core.training.gradients import backward, total_of
from xfer_core.training.journal import Journal
from xfer_core.training.knobs import Knobs
from xfer_core.training.observer import Command, Observer, Silent
from xfer_core.training.phases import phase_ends, rate_factor

REPORT_SECONDS = 0.1
DURABLE_SECONDS = 1.0  # between two checkpoints that wait for the disk: that takes it 10 to 30 ms
CURVE_POINTS = 4000  # a longer run logs every second, third… step


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        status: finished, stopped or paused.
        step: steps done.
        metrics: every test metric, of the network that the selection rule takes; empty while paused.
        selection: for each rule the step that it takes and the ``value`` of the network of that step on the test
            samples that the run is judged by (:meth:`Chooser.settle`).
        seconds: from the start of this process's part to its end.
        images_per_second: over training steps only, evaluation excluded.
        fixed_unchanged: whether all that was fixed is bit-identical; None where nothing was.
        warnings: what a person should know of the network that is reported, each as {code, field, value, params} of a
            rule in :mod:`xfer_core.errors`; ``runs.worker.warnings`` makes errors of them.
    """

    status: str
    step: int
    metrics: dict[str, float]
    selection: dict[str, dict[str, float]]
    seconds: float
    images_per_second: float
    device: str
    precision: str
    threads: int
    fixed_unchanged: bool | None
    warnings: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """One run, from random weights (or a checkpoint) to test metrics.

    Args:
        problem, network, strategy, training, seed: what to do, as in a RunSpec.
        observer: hears of it, and hands in commands.
        checkpoint: file to save to and to go on from, with the one before kept beside it; None saves nothing.
        replay: (step, command) that a person gave in an earlier life of this run, applied again at their steps.
        dealt: the problem with its data, if the caller has dealt it.

    After the same spec on the same device with the same number of threads, every weight is the same to the last bit,
    however often the run was paused or killed in between.
    """

    def __init__(
        self,
        problem: Problem,
        network: NetworkForm,
        strategy: Strategy,
        training: TrainingForm,
        seed: int,
        observer: Observer | None = None,
        checkpoint: Path | None = None,
        replay: Sequence[tuple[int, Command]] = (),
        dealt: ProblemData | None = None,
    ) -> None:
        self.strategy, self.training, self.observer = strategy, training, observer or Silent()
        self.roles = problem.roles()
        self.checkpoint, self.seed = checkpoint, seed
        self.device = choose_device(training.device)
        self.precision = choose_precision(training.precision, self.device)
        self.dealt = dealt or split_problem(problem, seed)
        torch.manual_seed(seed)  # initial weights come from the global generator, on the CPU
        self.network: Network = network.build(self.dealt.input_shape, problem.outputs())
        self.network.to(self.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        seen = self.dealt.training_data()
        self.modules = nn.ModuleDict(strategy.modules(seen, self.network)).to(self.device)
        self.phases = strategy.phases(seen, self.network)
        self.ends = phase_ends(self.phases, training.steps)
        planned = [(change.step, Command("set", change.name, change.value)) for change in training.live_changes]
        self.knobs = Knobs(strategy.lambdas(problem), training.optimizer.lr, replay, planned)
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.streams = self._make_streams()
        self.evaluator = Evaluator(self.dealt, self.device, self.precision)
        self.chooser = Chooser(problem, training.selection)
        self.losses = Losses({task: len(names) for task, names in self.dealt.classes.items() if len(names) > 1})
        self.context = Context(
            self.network,
            self.phases[0],
            0.0,
            self._class_counts(),
            self.modules,
            strategy.state(seen),
            generator=self.generator,
        )
        self.step, self.phase_index, self.images = 0, 0, 0
        self.fixed_before: list[str] = []  # a fingerprint a phase, taken as it began
        self.fixed_kept: list[bool] = []  # whether it still held, for phases that fix something
        self.collapsed: set[tuple[str, str]] = set()  # (domain, task) that the observer has been told of
        self.journal = Journal()
        self.seen: dict[str, Tensor] = {}  # what this step's gradients showed: cosines, and λ that the method set
        self.log_every = math.ceil(training.steps / CURVE_POINTS)
        self.look_every = max(1, training.steps // training.evaluations)
        self.train_seconds = 0.0
        self.optimizer: torch.optim.Optimizer | None = None
        self.durable, self.durable_at = True, -math.inf  # whether the checkpoint that is there survives a power cut

    def _make_streams(self) -> dict[str, Stream]:
        """A stream for each domain whose labels some phase uses, and one named ``key/unlabelled`` without labels."""
        streams, augment = {}, self.training.augment
        for key, domain in self.dealt.training.items():
            if len(domain.labelled) and any(key in phase.domains for phase in self.phases):
                images, labels = domain.labelled.inputs, domain.labelled.labels
                streams[key] = Stream(images, labels, augment, self.generator, self.device)
            if any(key in phase.unlabelled for phase in self.phases):
                images = torch.cat([domain.labelled.inputs, domain.unlabelled])
                streams[f"{key}/unlabelled"] = Stream(images, {}, augment, self.generator, self.device)
        return streams

    # ------------------------------------------------------------------ the run

    def run(self) -> Result:
        """Train to the end, or until a person pauses or stops.

        Raises:
            XferError: ``not_finite_loss``, ``not_finite_weights``, ``not_finite_answers`` or ``absurd_error``: the
                network broke; names what shows it, the step, and what to do.
        """
        self.started = self.reported = time.perf_counter()
        if not self._go_on():
            self._look()
            self._begin_phase()
        self.first_step = self.step
        self._report()
        status = "finished"
        while self.step < self.training.steps:
            asked = self._obey()
            if asked == "pause":
                self._report()
                self._check_weights()
                self._save(durable=True)
                return self._result("paused", {}, {})
            if asked == "stop":
                status = "stopped"
                break
            self._advance()
        self._check_fixed()
        self._check_weights()
        if status == "stopped" and self.step % self.look_every:
            self._look()
        self._report()
        # Before the network goes back to the step that counts: a run that ends badly goes on from here.
        self._save(durable=True)
        selection = self.chooser.settle(self.network, self.evaluator)
        metrics = self.evaluator.measure(self.network, "test")
        measured = int(selection.get(self.chooser.rule, {}).get("step", self.step))
        check_metrics(metrics, largest_errors(self.dealt), measured, self.phases[self.phase_index].name)
        for name, value in metrics.items():
            self.journal.add(name, self.step, value)
        self._report()
        return replace(
            self._result(status, metrics, selection), warnings=[*self._diverged(measured), *self._collapsed(measured)]
        )

    def _advance(self) -> None:
        """Steps up to the next look at validation, the next phase, or the next report."""
        until = min(self._next_look(), self.ends[self.phase_index])
        begun = time.perf_counter()
        while self.step < until:
            self._train_step()
            if time.perf_counter() - self.reported > REPORT_SECONDS:
                break
            if self.knobs.is_due(self.step):
                break
        if self.step == until:
            synchronize(self.device)
        self.train_seconds += time.perf_counter() - begun
        self._report()
        if self.step == until:  # before a phase begins with it, a rule takes it or a checkpoint keeps it
            self._check_weights()
        if self.step == self.ends[self.phase_index]:
            self._check_fixed()
            if self.step < self.training.steps:
                self.phase_index += 1
                self._begin_phase()
        if self.step == until:
            if self.step % self.look_every == 0 or self.step == self.training.steps:
                self._look()
            self._report()  # before the checkpoint: a run resumed there does not measure this step again
            self._save()

    def _train_step(self) -> None:
        phase, context, size = self.phases[self.phase_index], self.context, self.training.batch_size
        context.progress, context.lambdas = self.step / self.training.steps, self.knobs.lambdas
        if self.training.schedule != "constant":
            self._set_rates()
        batches = {key: Batch(*self.streams[key].draw(size)) for key in phase.domains}
        context.unlabelled = {key: self.streams[f"{key}/unlabelled"].draw(size)[0] for key in phase.unlabelled}
        self.step += 1
        self.images += size * (len(phase.domains) + len(phase.unlabelled))
        if not phase.learns:
            with torch.no_grad(), arithmetic(self.device, self.precision):
                self.strategy.terms(batches, context)
            return
        logged: dict[str, tuple[Tensor, Tensor]] = {}
        for move in phase.moves:
            logged |= self._update(move, batches)
        if self.step % self.log_every == 0:
            self._log(phase.name, logged)
        for name, value in self.seen.items():
            if name.startswith("cosine/") or self.step % self.log_every == 0:
                self.journal.add_tensor(name, self.step, value, phase.name)
        self.seen = {}

    def _update(self, move: Move, batches: dict[str, Batch]) -> dict[str, tuple[Tensor, Tensor]]:
        """One sub-step; returns its terms, each plain and weighted."""
        self.context.move = move.name
        with arithmetic(self.device, self.precision):
            terms = {name: term.mean() for name, term in self.strategy.terms(batches, self.context).items()}
        assert self.optimizer is not None
        self.optimizer.zero_grad(set_to_none=True)
        watched = self.step == 1 or self.step % self.look_every == 0
        weighted, seen = backward(self.strategy, terms, self.knobs.lambdas, self.context, watched)
        if move.still:
            for name, parameter in self._named_parameters():
                if name in move.still:
                    parameter.grad = None
        self.optimizer.step()
        self.seen |= seen
        return {name: (term, weighted[name]) for name, term in terms.items()}

    def _named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        yield from self.network.named_parameters()
        yield from self.modules.named_parameters("modules")

    def _log(self, phase: str, terms: dict[str, tuple[Tensor, Tensor]]) -> None:
        for name, (term, _) in terms.items():  # first of all: a loss that is no longer finite is what broke
            self.journal.add_tensor(f"loss/{name}", self.step, term, phase)
        for name, (_, weighted) in terms.items():
            self.journal.add_tensor(f"weighted/{name}", self.step, weighted, phase)
        self.journal.add_tensor("loss/total", self.step, total_of(w for _, w in terms.values()), phase)

    # ------------------------------------------------------------------ phases and what is fixed

    def _begin_phase(self) -> None:
        phase = self._enter_phase()
        self.losses.begin_phase()
        self.strategy.begin(self.context)
        if phase.renewed != "nothing":
            cpu_state = torch.random.get_rng_state()
            torch.manual_seed(int(torch.randint(2**31, (), generator=self.generator, device=self.device)))
            self.network.renew(phase.renewed)
            torch.random.set_rng_state(cpu_state)
        before = self.phases[self.phase_index - 1].lr if self.phase_index else None
        if phase.lr is not None and phase.lr != before:  # what a person turned meanwhile stays
            self.knobs.lr = phase.lr
        self.optimizer = self._make_optimizer()
        self._set_rates()
        self.fixed_before.append(fingerprint(self.network, phase.fixed))
        self.observer.event("phase", self.step, name=phase.name, fixed=len(phase.fixed))
        self.knobs.log(self.journal, self.step, lambdas=not self.strategy.balances())

    def _enter_phase(self) -> Phase:
        """Make the current phase the one that steps belong to; changes no value."""
        phase = self.context.phase = self.phases[self.phase_index]
        fix(self.network, phase.fixed)
        if phase.learns and not any(parameter.requires_grad for parameter in self.network.parameters()):
            raise XferError("all_fixed", "strategy.frozen", sorted(phase.fixed), phase=phase.name)
        return phase

    def _check_fixed(self) -> None:
        fixed = self.phases[self.phase_index].fixed
        if fixed and len(self.fixed_kept) <= self.phase_index:
            self.fixed_kept += [True] * (self.phase_index - len(self.fixed_kept))
            self.fixed_kept.append(fingerprint(self.network, fixed) == self.fixed_before[self.phase_index])

    def _make_optimizer(self) -> torch.optim.Optimizer:
        rates, form = self.phases[self.phase_index].rates, self.training.optimizer
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self._named_parameters():
            # Where nothing learns the optimiser has nothing to do, but torch makes none of no parameters.
            if parameter.requires_grad or not self.phases[self.phase_index].learns:
                decay = form.weight_decay if decays(parameter) else 0.0
                groups.setdefault((rates.get(name, 1.0), decay), []).append(parameter)
        given = [{"params": group, "rate": rate, "weight_decay": decay} for (rate, decay), group in groups.items()]
        return form.build(given, self.knobs.lr, fused=self.device.type in ("cpu", "cuda"))

    # ------------------------------------------------------------------ commands

    def _obey(self) -> str | None:
        """Apply what a person asked for; pause or stop if that was it."""
        while self.knobs.is_due(self.step):
            self._set(*self.knobs.next_due())
        asked = None
        for command in self.observer.commands():
            if command.kind == "set":
                self._set(command, is_new=True)
            else:
                asked = command.kind
        return asked

    def _set(self, command: Command, is_new: bool) -> None:
        self.knobs.turn(command)
        if is_new:
            self.observer.event("set", self.step, name=command.name, value=command.value)
        self._set_rates()
        self.knobs.log(self.journal, self.step, lambdas=not self.strategy.balances())

    def _set_rates(self) -> None:
        """Give each group of parameters the rate of the next step."""
        begin, end = ([0, *self.ends][self.phase_index], self.ends[self.phase_index])
        self.knobs.factor = rate_factor(self.training.schedule, self.step, begin, end)
        assert self.optimizer is not None
        for group in self.optimizer.param_groups:
            group["lr"] = self.knobs.lr * self.knobs.factor * group["rate"]

    # ------------------------------------------------------------------ looking and telling

    def _next_look(self) -> int:
        return min((self.step // self.look_every + 1) * self.look_every, self.training.steps)

    def _check_weights(self) -> None:
        """Refuse to go on with a network that the last update broke: no loss has seen it yet."""
        weights = [*self.network.state_dict().items(), *self.modules.state_dict(prefix="modules.").items()]
        check_weights(weights, self.step, self.phases[self.phase_index].name)

    def _look(self) -> None:
        metrics = self.evaluator.measure(self.network, "validation")
        # A large error may still be learned away, NaN and infinity may not.
        check_metrics(metrics, {}, self.step, self.phases[self.phase_index].name)
        for name, value in metrics.items():
            self.journal.add(name, self.step, value)
        if self.step > ([0, *self.ends][len(self.phases) - 1]):  # what an earlier phase made is not the run's outcome
            self.chooser.look(self.step, self.network, self.evaluator)
            self._tell_collapses()
        self.observer.look()
        self.knobs.log(self.journal, self.step, lambdas=not self.strategy.balances())

    def _diverged(self, step: int) -> list[dict[str, Any]]:
        """Losses that end far above what guessing would give."""
        return [
            {
                "code": "diverged",
                "field": "loss",
                "value": found.loss,
                "params": {"domain": found.domain, "task": found.task, "guessing": found.guessing, "step": step},
            }
            for found in self.losses.divergences(lambda term: self.knobs.lambdas.get(term, 1.0))
        ]

    def _collapsed(self, step: int) -> list[dict[str, Any]]:
        """Answers of the last measurement that collapsed onto one class."""
        return [
            {
                "code": self.strategy.on_collapse,
                "field": "network",
                "value": found.answer,
                "params": {
                    "domain": found.domain,
                    "task": found.task,
                    "share": found.share,
                    "largest": found.largest,
                    "step": step,
                },
            }
            for found in collapses(self.evaluator.answered, self.dealt)
        ]

    def _tell_collapses(self) -> None:
        """Say once of each domain and task that its answers collapsed; in the second half of the last phase, for many a
        network gives one answer for a while early in it."""
        begin, end = [0, *self.ends][len(self.phases) - 1], self.ends[-1]
        if 2 * (self.step - begin) < end - begin:
            return
        for warning in self._collapsed(self.step):
            where = (warning["params"]["domain"], warning["params"]["task"])
            if where not in self.collapsed:
                self.collapsed.add(where)
                self.observer.event("collapsed", self.step, **warning)

    def _report(self) -> None:
        points, broken = self.journal.drain()
        self.losses.see(points, (term for term in self.knobs.lambdas if term.partition("/")[0] in self.roles))
        now = time.perf_counter()
        if points or broken or now - self.reported > REPORT_SECONDS:
            if self.train_seconds > 0:
                points.append(("images_per_second", self.step, self._speed()))
            self.observer.report(points, self._progress(now))
        self.reported = now
        if broken:
            raise broken

    def _speed(self) -> float:
        return self.images / self.train_seconds if self.train_seconds else 0.0

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
            "images_per_second": self._speed(),
            "device": device_name(self.device),
            "precision": self.precision,
            "threads": torch.get_num_threads(),
            "answers": self.evaluator.shown_answers,
            **self.knobs.state(),
        }

    def _result(self, status: str, metrics: dict[str, float], selection: dict[str, dict[str, float]]) -> Result:
        begun = self.phases[: self.phase_index + 1]
        return Result(
            status=status,
            step=self.step,
            metrics=metrics,
            selection=selection,
            seconds=time.perf_counter() - self.started,
            images_per_second=self._speed(),
            device=device_name(self.device),
            precision=self.precision,
            threads=torch.get_num_threads(),
            fixed_unchanged=all(self.fixed_kept) if any(phase.fixed for phase in begun) else None,
        )

    def _class_counts(self) -> dict[tuple[str, str], Tensor]:
        return {
            (key, task): torch.bincount(labels, minlength=len(self.dealt.classes[task])).to(self.device)
            for key, domain in self.dealt.training.items()
            for task, labels in domain.labelled.labels.items()
            if self.dealt.classes[task]
        }

    def sample_weights(self) -> dict[str, Tensor]:
        """λ_{d,i} of every labelled training sample as the network stands now: domain → (N_d,), summing to λ_d."""
        shares = {}
        for key, domain in self.dealt.training.items():
            if not len(domain.labelled) or key not in self.knobs.lambdas:
                continue
            images = to_input(domain.labelled.inputs, self.device)
            outputs = predict(self.network, images, self.device, self.precision)
            weights = self.strategy.sample_weights(
                {task: y.cpu() for task, y in outputs.items()}, domain, self.context.state
            )
            if weights is not None:
                shares[key] = self.knobs.lambdas[key] * weights / len(weights)
        return shares

    # ------------------------------------------------------------------ saving and going on

    def _go_on(self) -> bool:
        """Restore the newest good checkpoint and tell from which step this life goes on; whether there was one."""
        belongs = self._belongs_to()
        saved, unusable = None, {}
        if self.checkpoint:
            saved, unusable = last_good(self.checkpoint, lambda state: state.get("belongs_to") == belongs)
        if saved:
            self._restore(saved)
        self.observer.begin(self.step if saved else -1)
        if unusable:
            self.observer.event("fallback", self.step, unusable=unusable, anew=not saved)
        return saved is not None

    def _belongs_to(self) -> str:
        """What a checkpoint must have been made for, so that it can be restored here."""
        weights = {**self.network.state_dict(), **self.modules.state_dict(prefix="modules.")}
        facts = (
            self.seed,
            self.training.steps,
            self.strategy.kind,
            self.training.optimizer.kind,
            self.ends,
            [(name, tuple(value.shape), value.dtype) for name, value in weights.items()],
            [(key, stream.size) for key, stream in self.streams.items()],
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
                "orders": {key: stream.order for key, stream in self.streams.items()},
                "generator": self.generator.get_state(),
                "knobs": self.knobs.state(),
                "chooser": self.chooser.state(),
                "losses": self.losses.state(),
                "fixed_before": list(self.fixed_before),
                "fixed_kept": list(self.fixed_kept),
                "collapsed": sorted(self.collapsed),
                "images": self.images,
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
        self.knobs.restore(saved["knobs"], self.step)
        self.fixed_before, self.fixed_kept = saved["fixed_before"], saved["fixed_kept"]
        self.collapsed = {(domain, task) for domain, task in saved.get("collapsed", [])}
        self.images, self.train_seconds = saved["images"], saved["train_seconds"]
        self.chooser.restore(saved["chooser"])
        self.losses.restore(saved.get("losses", {}))
        self._enter_phase()
        self.optimizer = self._make_optimizer()
        self.optimizer.load_state_dict(saved["optimizer"])
        for key, stream in self.streams.items():
            stream.order = saved["orders"][key].to(self.device)
        self.generator.set_state(saved["generator"])
