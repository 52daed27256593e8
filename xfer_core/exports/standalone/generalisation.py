"""Script parts of domain generalisation, one term per domain: sample weights, and methods for invariance."""

from __future__ import annotations

from xfer_core.exports.standalone.method import StandaloneMethod
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem
from xfer_core.strategies.generalised.generalised import Generalised

_WEIGHTED = '''
def loss_terms(batches):
    """The loss of every domain: the mean over its samples of weight · loss, all tasks added up."""
    terms = {}
    for domain, view in look(batches).items():
        batch, parts = batches[domain], []
        for task, outputs in view.outputs.items():
            losses = task_loss(outputs, batch.labels[task])
            parts.append(sample_weights(domain, task, batch, losses) * losses)
        terms[domain] = sum(parts).mean()
    return terms
'''

_SCHEMES = {
    "uniform": '''
def sample_weights(domain, task, batch, losses):
    """Every sample weighs the same."""
    return 1.0
''',
    "given": '''
given = {name.split("/")[0]: tensor(name) for name in data.files if name.endswith("/labelled/weight")}


def sample_weights(domain, task, batch, losses):
    """The weight of each sample from data.npz, mean 1 over its domain; 1 if none is given."""
    return given[domain][batch.positions] if domain in given else 1.0
''',
    "class_balanced": '''
counts = {(d, t): torch.bincount(streams[d].labels[t], minlength=TASKS[t]) for d in streams for t in TASKS}


def sample_weights(domain, task, batch, losses):
    """N / (K · n_y): the sum of weights is the same for every class of the domain."""
    of_class = counts[domain, task]
    return of_class.sum() / ((of_class > 0).sum() * of_class[batch.labels[task]].float())
''',
    "hard": '''
def sample_weights(domain, task, batch, losses):
    """(1 − p)^γ, scaled to mean 1, without gradient: wrongly predicted samples weigh more."""
    weights = (1 - torch.exp(-losses.detach())).clamp_min(0) ** GAMMA
    return weights / weights.mean() if weights.sum() > 0 else torch.ones_like(weights)
''',
}
GIVEN = ("likeness", "table")
"""The schemes whose weights are computed before the first step: they are exported with the images."""


def generalised(strategy: Generalised, problem: Problem, network: Network) -> StandaloneMethod:
    """One term per domain, with the weights of the strategy's scheme."""
    scheme = "given" if strategy.scheme in GIVEN else strategy.scheme
    return StandaloneMethod(
        constants=("gamma",) if scheme == "hard" else (),
        helpers=_SCHEMES[scheme],
        terms=_WEIGHTED,
    )


_RISKS = '''
def risks_of(batches, views):
    """The loss of every domain, all tasks added up: domain → a scalar."""
    return {
        domain: sum(task_loss(outputs, batches[domain].labels[task]).mean() for task, outputs in view.outputs.items())
        for domain, view in views.items()
    }
'''

BALANCED_UPDATE = """
terms = loss_terms(batches)
factors = balance(terms)  # the method's factor on each λ
loss = sum(LAMBDA[name] * factors[name] * term for name, term in terms.items())
optimizer.zero_grad()
loss.backward()
optimizer.step()
"""

_ANNEALED = '''
def balance(terms, phase):
    """In the phase "anneal" the penalty has a λ of at most 1; afterwards a λ above 1 divides the whole loss."""
    scale = max(1.0, LAMBDA["penalty"])
    if phase == "anneal":
        return {name: 1 / scale if name == "penalty" else 1.0 for name in terms}
    return {name: 1 / scale for name in terms}
'''

ERM = StandaloneMethod(
    helpers=_RISKS,
    terms='''
def loss_terms(batches):
    """The loss of every domain."""
    return risks_of(batches, look(batches))
''',
)

GROUP_DRO = StandaloneMethod(
    constants=("eta",),
    setup="q = {name: 1 / len(LAMBDA) for name in LAMBDA}  # weight of each domain",
    helpers=_RISKS
    + '''

def balance(terms):
    """q grows where the loss is large: q · e^(η · loss), scaled to sum 1."""
    global q
    grown = {name: q[name] * math.exp(ETA * term.item()) for name, term in terms.items()}
    q = {name: value / sum(grown.values()) for name, value in grown.items()}
    return q
''',
    terms=ERM.terms,
    update=BALANCED_UPDATE,
)

IRM = StandaloneMethod(
    helpers=_RISKS
    + '''

def penalty(outputs, labels):
    """The squared derivative of the mean loss with respect to a factor on the outputs, where the factor is 1."""
    factor = torch.ones((), requires_grad=True)
    (slope,) = torch.autograd.grad(task_loss(factor * outputs, labels).mean(), factor, create_graph=True)
    return slope**2

'''
    + _ANNEALED,
    terms='''
def loss_terms(batches):
    """The loss of every domain, and the penalty for a head that is not optimal in every domain."""
    views = look(batches)
    parts = [penalty(x, batches[domain].labels[task]) for domain, v in views.items() for task, x in v.outputs.items()]
    return {**risks_of(batches, views), "penalty": sum(parts) / len(views)}
''',
    update=BALANCED_UPDATE.replace("balance(terms)", "balance(terms, name)"),
)

VREX = StandaloneMethod(
    helpers=_RISKS + "\n" + _ANNEALED,
    terms='''
def loss_terms(batches):
    """The loss of every domain, and the variance of these losses."""
    risks = risks_of(batches, look(batches))
    return {**risks, "penalty": torch.stack(list(risks.values())).var(correction=0)}
''',
    update=BALANCED_UPDATE.replace("balance(terms)", "balance(terms, name)"),
)

CORAL_ALL_PAIRS = StandaloneMethod(
    helpers=_RISKS
    + '''

def coral(one, other):
    """The squared distance of the covariances of two sets of features, ‖C_a − C_b‖² / (4d²)."""
    return (torch.cov(one.T) - torch.cov(other.T)).square().sum() / (4 * one.shape[1] ** 2)
''',
    terms='''
def loss_terms(batches):
    """The loss of every domain, and the mean distance of the covariances over all pairs of domains."""
    views = look(batches)
    pairs = itertools.combinations(views.values(), 2)
    distance = torch.stack([coral(one.features, other.features) for one, other in pairs]).mean()
    return {**risks_of(batches, views), "distance": distance}
''',
)

MIXUP = StandaloneMethod(
    constants=("alpha",),
    helpers='''
def beta_quantile(uniform):
    """Inverse distribution function (quantiles) of Beta(α, α): turns uniform numbers into Beta numbers."""
    n = torch.arange(60, dtype=torch.float64)
    factors = torch.cat([torch.ones(1, dtype=torch.float64), ((n[1:] - ALPHA) / n[1:]).cumprod(0)]) / (ALPHA + n)

    def area(x):  # ∫ t^(α−1) (1−t)^(α−1) dt from 0 to x ≤ ½, as a power series; the other half is its mirror image
        return x**ALPHA * (factors * x[:, None] ** n).sum(1)

    wanted = 2 * area(torch.full((1,), 0.5).double()) * torch.minimum(uniform, 1 - uniform)
    low, high = torch.zeros_like(uniform), torch.full_like(uniform, 0.5)
    for _ in range(60):
        middle = (low + high) / 2
        below = area(middle) < wanted
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return torch.where(uniform < 0.5, low, 1 - low)
''',
    terms='''
def loss_terms(batches):
    """The loss of every domain on images blended with another domain's, with labels in the same ratio."""
    domains = list(batches)
    order = torch.randperm(len(domains), generator=generator).tolist()
    partner = {domains[a]: domains[b] for a, b in zip(order, [*order[1:], order[0]])}
    drawn = torch.rand(len(domains), generator=generator).double()
    share = dict(zip(domains, beta_quantile(drawn).tolist()))  # of a domain's own image in the blend
    blended = {
        d: batches[d]._replace(images=share[d] * batches[d].images + (1 - share[d]) * batches[partner[d]].images)
        for d in domains
    }
    terms = {}
    for domain, view in look(blended).items():
        own, other, m = batches[domain].labels, batches[partner[domain]].labels, share[domain]
        parts = [m * task_loss(x, own[t]) + (1 - m) * task_loss(x, other[t]) for t, x in view.outputs.items()]
        terms[domain] = sum(parts).mean()
    return terms
''',
)
