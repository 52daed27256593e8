"""The script's training loop: contains only the code that this run's phases need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

from torch import nn

from xfer_core.exports.standalone.method import WIDTH, StandaloneMethod
from xfer_core.strategies.base import Phase
from xfer_core.training.config import SGD, TrainingConfig
from xfer_core.training.phases import phase_ends

Turned = Mapping[int, Sequence[tuple[str, float]]]

_HOLD = '''
def hold(fixed):
    """Freeze everything whose name begins with one of ``fixed``, batch-norm statistics included; train the rest."""
    net.train()
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(not name.startswith(fixed))
    for name, module in net.named_modules():
        own = [f"{name}.{buffer}" for buffer, _ in module.named_buffers(recurse=False)]
        below = [f"{name}.{key}" for key in module.state_dict()]
        if any(key.startswith(fixed) for key in own) or (below and all(key.startswith(fixed) for key in below)):
            module.eval()
'''

_RATE_OF = '''
def rate_of(name, rates):
    """The factor on the learning rate of one parameter, by the beginning of its name; else 1."""
    return next((rate for begin, rate in rates.items() if name.startswith(begin)), 1.0)

'''

_TRAIN = '''
def train({arguments}):
    """Train for ``steps`` steps; each draws one batch from every domain."""
    global done
{begin}
    for step in range(steps):
{before}        batches = {{domain: streams[domain].draw() for domain in domains}}
{update}
        done += 1
        if done % 50 == 0 or done == STEPS:
            print(f"{{name}}: step {{done}} of {{STEPS}}, loss {{loss.item():.4f}}")
'''

_TURN = '''
def turn():
    """Apply the live changes at this step of the run."""
    global learning_rate
    for knob, value in TURNED.get(done, []):
        if knob == "lr":
            learning_rate = value
        else:
            LAMBDA[knob.removeprefix("lambda/")] = value

'''

_STOP = """
if done == STOP:
    return
"""


@dataclass(frozen=True)
class Piece:
    """Code that only some runs need in their loop. A piece defines every name that its lines use, unless the script
    always has it, so that no piece lacks a name.

    Attributes:
        constants: name, value and comment of each, for the settings.
        functions: code before ``train``.
        argument: of ``train``.
        begin: code at the start of a phase.
        step: code at the start of every step.
    """

    constants: tuple[tuple[str, object, str], ...] = ()
    functions: str = ""
    argument: str = ""
    begin: str = ""
    step: str = ""


_RENEW = {
    "heads": "for head in net.heads.values():\n    head.reset_parameters()",
    "network": """for layer in net.modules():
    if hasattr(layer, "reset_parameters"):
        layer.reset_parameters()""",
}


@dataclass(frozen=True)
class Plan:
    """The phases of a run, for the script.

    Attributes:
        phases: those that began.
        lengths: steps of each, as planned.
        training: the run's settings of training.
        turned: live changes by step.
        stop: the step at which a person stopped the run; None if it finished.
    """

    phases: tuple[Phase, ...]
    lengths: tuple[int, ...]
    training: TrainingConfig
    turned: Turned
    stop: int | None

    @property
    def fixes(self) -> bool:
        """Whether any trainable phase freezes something."""
        return any(phase.frozen for phase in self.phases if phase.trainable)

    @property
    def rates(self) -> bool:
        """Whether some parameters have their own learning rate."""
        return any(phase.lr_factors for phase in self.phases if phase.trainable)

    @property
    def pieces(self) -> list[Piece]:
        """The pieces that these phases and the live changes need in the loop."""
        found = []
        if self.fixes:
            found.append(Piece(functions=_HOLD, argument="fixed=()", begin="hold(tuple(fixed))"))
        if self.rates:
            found.append(Piece(functions=_RATE_OF, argument="rates={}"))  # the script never changes them
        if self.stop is not None:
            stop = ("STOP", self.stop, "the step at which a person stopped the run")
            found.append(Piece(constants=(stop,), step=_STOP))
        if self.turned:
            changes = {step: list(settings) for step, settings in self.turned.items()}
            words = "live changes by a person, by step"
            found.append(Piece(constants=(("TURNED", changes, words),), functions=_TURN, step="turn()\n"))
        return found


def plan_of(phases: tuple[Phase, ...], training: TrainingConfig, turned: Turned, stop: int | None) -> Plan:
    """The plan of these phases, without those after the stop."""
    ends = phase_ends(phases, training.steps)
    begins = [0, *ends][: len(phases)]
    begun = sum(stop is None or begin <= stop for begin in begins)
    lengths = []
    for phase, begin, end in zip(phases[:begun], begins, ends, strict=False):
        # A trainable phase keeps its planned length, because the learning-rate schedule depends on it.
        lengths.append(end - begin if phase.trainable or stop is None else min(end, stop) - begin)
    return Plan(phases[:begun], tuple(lengths), training, turned, stop)


def loop_code(plan: Plan, method: StandaloneMethod) -> str:
    """The function ``train``; before it the functions of the plan's pieces."""
    pieces = plan.pieces
    arguments = ["name", "steps", "domains", *(piece.argument for piece in pieces if piece.argument)]
    begin = [piece.begin for piece in pieces if piece.begin] or ["net.train()"]
    before = [*(piece.step for piece in pieces), *_set_rates(plan)]
    text = _TRAIN.format(
        arguments=", ".join(arguments),
        begin=indent("\n".join([*begin, *_optimizer(plan, method)]), " " * 4),
        before="".join(indent(part.lstrip("\n"), " " * 8) for part in before),
        update=indent(method.update.strip("\n"), " " * 8),
    )
    return "\n".join([*(piece.functions.rstrip("\n") + "\n" for piece in pieces if piece.functions), text])


def _optimizer(plan: Plan, method: StandaloneMethod) -> list[str]:
    form = plan.training.optimizer
    named = f"[*net.named_parameters(), *{method.modules}]" if method.modules else "net.named_parameters()"
    own = ['"rate": rate_of(name, rates)'] * plan.rates
    if form.weight_decay:  # of matrices and kernels alone (xfer_core.training.config.decays)
        own.append(f'"weight_decay": {form.weight_decay!r} if p.ndim > 1 else 0.0')
    one = f'{{"params": [p], {", ".join(own)}}}' if own else "p"
    maker = (
        f"torch.optim.SGD(learning, learning_rate, {form.momentum!r}, weight_decay={form.weight_decay!r}, fused=True)"
        if isinstance(form, SGD)
        else f"torch.optim.AdamW(learning, learning_rate, weight_decay={form.weight_decay!r}, fused=True)"
    )
    return [f"named = {named}", f"learning = [{one} for name, p in named if p.requires_grad]", f"optimizer = {maker}"]


def _set_rates(plan: Plan) -> list[str]:
    factors = ["learning_rate"]
    factors += ['group["rate"]'] * plan.rates
    if plan.training.schedule == "cosine":
        factors.append("0.5 * (1 + math.cos(math.pi * step / steps))")
    if len(factors) == 1 and not plan.turned:
        return []
    return [f'for group in optimizer.param_groups:\n    group["lr"] = {" * ".join(factors)}\n']


def phase_calls(plan: Plan, method: StandaloneMethod, network: nn.Module) -> str:
    """The phases in order: code at the start of each, then its steps."""
    lines, before = [], None
    for phase, steps in zip(plan.phases, plan.lengths, strict=True):
        lines += [method.before[phase.name]] if phase.name in method.before else []
        if phase.reset != "nothing":
            lines.append("torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))")
            lines.append(_RENEW[phase.reset])
        if phase.lr is not None and phase.lr != before:
            lines.append(f"learning_rate = {phase.lr!r}")
        before = phase.lr
        domains = [*phase.domains, *(f"{key}/unlabelled" for key in phase.unlabelled)]
        given = [repr(phase.name), str(steps), repr(domains)]
        if phase.frozen and phase.trainable:
            given.append(f"fixed={_short(network, phase.frozen)!r}")
        if phase.lr_factors and phase.trainable:
            rates = {name.removeprefix("modules."): rate for name, rate in phase.lr_factors.items()}
            given.append(f"rates={_short_rates(network, rates)!r}")
        call = f"{'train' if phase.trainable else method.silent}({', '.join(given)})"
        if len(call) > WIDTH:
            call = call.partition("(")[0] + "(\n" + "".join(f"    {part},\n" for part in given) + ")"
        lines.append(call)
    return "\n".join(lines) + "\n"


def _short(network: nn.Module, names: Collection[str], prefix: str = "") -> list[str]:
    """Name prefixes that match exactly these parameters and buffers: a layer's name if it matches as a whole."""
    wanted = set(names)
    found = [prefix + name for name, _ in network.named_parameters(recurse=False) if prefix + name in wanted]
    found += [prefix + name for name, _ in network.named_buffers(recurse=False) if prefix + name in wanted]
    for name, child in network.named_children():
        below = [f"{prefix}{name}.{key}" for key in child.state_dict()]
        if below and wanted.issuperset(below):
            found.append(f"{prefix}{name}.")
        else:
            found += _short(child, wanted, f"{prefix}{name}.")
    return found


def _short_rates(network: nn.Module, rates: Mapping[str, float]) -> dict[str, float]:
    """The same rates by name prefixes."""
    known = set(network.state_dict())
    short = {name: rate for name, rate in rates.items() if name not in known}
    for rate in dict.fromkeys(rates.values()):
        alike = [name for name in rates if rates[name] == rate and name in known]
        short |= dict.fromkeys(_short(network, alike), rate)
    return short
