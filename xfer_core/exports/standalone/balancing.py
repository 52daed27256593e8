"""Script parts of loss balancing: λ set by the method, or gradients combined in the shared stages."""

from __future__ import annotations

from dataclasses import replace

from xfer_core.exports.standalone.generalisation import BALANCED_UPDATE
from xfer_core.exports.standalone.method import StandaloneMethod, assignment
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem
from xfer_core.strategies.base import task_loss_terms
from xfer_core.strategies.joint.uncertainty_weighting import UncertaintyWeighting


def uncertainty_weighting(strategy: UncertaintyWeighting, problem: Problem, network: Network) -> StandaloneMethod:
    """s_i is trained with the network."""
    numbers, names = problem.regressions(), task_loss_terms(problem, "source", "target")
    factors = {name: 0.5 if name.partition("/")[2] in numbers else 1.0 for name in names}
    return StandaloneMethod(
        setup=f"s = nn.Parameter(torch.zeros({len(names)}))  # log σ² of every loss\n{assignment('C', factors)}",
        helpers='''
def balance(terms):
    """c · e^(−s): a noisy loss gets less weight."""
    factors = {name: c * torch.exp(-s[i]) for i, (name, c) in enumerate(C.items())}
    return {name: factors.get(name, 1.0) for name in terms}
''',
        terms='''
def loss_terms(batches):
    """The losses, and the regularisation ½ Σ s, without which every s would grow to infinity."""
    terms = task_losses(batches, look(batches))
    counted = [s[i] if LAMBDA[name] > 0 else 0 * s[i] for i, name in enumerate(C) if name in terms]
    return {**terms, "uncertainty": sum(counted) / 2}
''',
        update=BALANCED_UPDATE,
        modules='[("uncertainty.s", s)]',
    )


DWA = StandaloneMethod(
    constants=("temperature", "window"),
    setup="history = []  # of the losses, a dictionary per step\nweights = {name: 1.0 for name in LAMBDA}",
    helpers='''
def balance(terms):
    """K · softmax(mean loss of the last window / mean loss of the one before / T); 1 in the first two windows."""
    global weights
    now = weights
    history.append({name: term.item() for name, term in terms.items()})
    if len(history) % WINDOW == 0 and len(history) >= 2 * WINDOW:
        last, before = history[-WINDOW:], history[-2 * WINDOW : -WINDOW]
        ratios = [sum(x[name] for x in last) / max(sum(x[name] for x in before), 1e-12) for name in terms]
        shares = torch.softmax(torch.tensor(ratios) / TEMPERATURE, 0)
        weights = dict(zip(terms, (len(terms) * shares).tolist()))
    return now
''',
    update=BALANCED_UPDATE,
)

_ROWS = '''
def gradient_rows(losses, parameters):
    """The Jacobian: the flat gradient of every loss, (losses, parameters)."""
    rows = []
    for loss in losses:
        found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        found = [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters)]
        rows.append(torch.cat([part.flatten() for part in found]))
    return torch.stack(rows)
'''

GRADNORM = StandaloneMethod(
    constants=("alpha", "rate"),
    setup="first, weights = None, None  # the losses of the first step, and the factor of each",
    helpers=_ROWS
    + '''

def balance(terms):
    """Weights for similar gradient norms of all losses in the last stage, larger ones for slowly falling losses."""
    global first, weights
    losses = torch.stack([term.detach() for term in terms.values()])
    if first is None:
        first, weights = losses, torch.ones_like(losses)
    last_stage = list(net.stages.children())[-1]
    rows = gradient_rows([LAMBDA[name] * term for name, term in terms.items()], list(last_stage.parameters()))
    norms, now = rows.norm(dim=1), weights
    on = norms > 0  # a loss with λ = 0 is left out
    if on.any():
        strength, lag = (weights * norms)[on], (losses / first.clamp_min(1e-12))[on]
        mean = strength.mean().clamp_min(1e-12)
        wanted = mean * (lag / lag.mean().clamp_min(1e-12)) ** ALPHA
        moved = weights[on] * torch.exp(-RATE * strength / mean * torch.sign(strength - wanted))
        weights = weights.clone()
        weights[on] = moved * len(moved) / moved.sum()
    return dict(zip(terms, now))
''',
    update=BALANCED_UPDATE,
)

_STEERED_UPDATE = """
terms = loss_terms(batches)
weighted = [LAMBDA[name] * term for name, term in terms.items()]
stages = list(net.stages.parameters())
rows = gradient_rows(weighted, stages)
optimizer.zero_grad()
loss = sum(weighted)
loss.backward(inputs=list(net.heads.parameters()))  # each head gets the gradient of its own losses unchanged
steered = weights_of(rows @ rows.T).to(rows) @ rows
for part, parameter in zip(steered.split([p.numel() for p in stages]), stages):
    parameter.grad = torch.empty_like(parameter).copy_(part.view_as(parameter))
optimizer.step()
"""

_COUNTED = '''

def weights_of(products):
    """The weight of every gradient, from their inner products; a loss with λ = 0 is left out."""
    products = products.double()
    weights, on = torch.ones(len(products), dtype=torch.float64), products.diagonal() > 0
    if products.isfinite().all() and on.any():
        some = products[on][:, on]
        weights[on] = solve(some * len(some) / some.trace())
    return weights
'''


def _steered(solve: str) -> StandaloneMethod:
    """A method that weights the gradients in the shared stages; ``solve`` defines how."""
    return StandaloneMethod(helpers=_ROWS + "\n" + solve + _COUNTED, update=_STEERED_UPDATE)


PCGRAD = _steered('''
def solve(products):
    """Remove from every gradient the part against another one, in random order, then add them up."""
    torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
    total = torch.zeros(len(products), dtype=torch.float64)
    for i in range(len(products)):
        own = torch.zeros_like(total)
        own[i] = 1
        for j in torch.randperm(len(products)):
            against = products[j] @ own
            if j != i and against < 0:
                own[j] -= against / products[j, j]
        total += own
    return total
''')

MGDA = _steered('''
def solve(products):
    """The shortest vector in the convex hull of the gradients (Frank–Wolfe)."""
    w = torch.full((len(products),), 1 / len(products), dtype=torch.float64)
    for _ in range(100):
        towards = torch.zeros_like(w)
        towards[torch.argmin(products @ w)] = 1
        a, b, c = towards @ products @ w, w @ products @ w, towards @ products @ towards
        step = 1.0 if c <= a else 0.0 if b <= a else (b - a) / (b + c - 2 * a)
        w = (1 - step) * w + step * towards
        if step < 0.001:
            break
    return w
''')

IMTL_G = _steered('''
def solve(products):
    """The direction whose projection on every gradient has the same length."""
    v = torch.linalg.pinv(products) @ products.diagonal().sqrt()
    return torch.zeros_like(v) if v.sum().abs() < 1e-12 else v / v.sum()
''')

UPGRAD = _steered('''
def shortest(products, least):
    """The v ≥ least with the smallest vᵀ G v: tries every set of components at their bound."""
    for resting in itertools.product([False, True], repeat=len(least)):
        on, v = torch.tensor(resting), least.clone()
        if not on.all():
            v[~on] = torch.linalg.solve(products[~on][:, ~on], -products[~on][:, on] @ least[on])
        if (v >= least - 1e-9).all() and ((products @ v)[on] >= -1e-9).all():
            return v
    raise ArithmeticError("no direction was found")


def solve(products):
    """Change every gradient as little as possible so that it harms no other, then take the mean."""
    each = torch.eye(len(products), dtype=torch.float64)
    products = products / products.trace() + 1e-4 * each
    return sum(shortest(products, one) for one in each / len(products))
''')

CAGRAD = replace(
    _steered('''
def lowest(products, slope, radius):
    """The w ≥ 0 of sum 1 with the smallest slope · w + radius · √(wᵀ G w): tries every set of zero components."""
    found = []
    for chosen in itertools.product([False, True], repeat=len(slope)):
        on = torch.tensor(chosen)
        if not on.any():
            continue
        inverse, ones = torch.linalg.pinv(products[on][:, on], hermitian=True), torch.ones(int(on.sum())).double()
        p, q = inverse @ ones, inverse @ slope[on]  # at the lowest point G w / √(wᵀ G w) = (μ − slope) / radius
        a, b, c = ones @ p, slope[on] @ p, slope[on] @ q - radius**2
        if a <= 0 or b**2 < a * c:
            continue
        w = torch.zeros_like(slope)
        w[on] = (b + (b**2 - a * c).sqrt()) / a * p - q
        if w.min() >= -1e-9 * w.sum() and w.sum() > 0:
            w = w / w.sum()
            found.append((float(slope @ w + radius * (w @ products @ w).clamp_min(0).sqrt()), w))
    return min(found, key=lambda one: one[0])[1]


def solve(products):
    """The direction near the mean gradient that helps the worst-off loss most."""
    products = products / products.trace()
    mean = torch.full((len(products),), 1 / len(products), dtype=torch.float64)
    radius = C * (mean @ products @ mean).clamp_min(0).sqrt()
    if not radius:
        return mean
    w = lowest(products, products @ mean, radius)
    length = (w @ products @ w).clamp_min(0).sqrt()
    return mean + radius / length * w if length >= 1e-4 else torch.zeros_like(w)
'''),
    constants=("c",),
)
