"""Script parts of unsupervised adaptation: each method's terms from source features and target features."""

from __future__ import annotations

from dataclasses import replace

from xfer_core.exports.standalone.method import StandaloneMethod
from xfer_core.networks.base import Network
from xfer_core.objectives.multilinear import LARGEST_MAP
from xfer_core.problems.problem import Problem
from xfer_core.strategies.adaptation.base import width_of
from xfer_core.strategies.adaptation.cdan import CDAN, RANDOM_WIDTH
from xfer_core.strategies.adaptation.dann import DANN

ALIGNED = '''
def join(views):
    """The views of several domains concatenated along the batch."""
    features = torch.cat([view.features for view in views])
    return View(features, {task: torch.cat([view.outputs[task] for view in views]) for task in TASKS})


def loss_terms(batches):
    """The losses on the labels, and the method's own terms if there are target images without labels."""
    views = look(batches)
    terms = task_losses(batches, views)
    target = [view for name, view in views.items() if name.endswith("/unlabelled")]
    if target:
        terms |= align(join([views[domain] for domain in SOURCES]), join(target))
    return terms
'''

CORAL = StandaloneMethod(
    terms=ALIGNED,
    helpers='''
def align(source, target):
    """The squared distance of the covariances, ‖C_s − C_t‖² / (4d²)."""
    difference = torch.cov(source.features.T) - torch.cov(target.features.T)
    return {"distance": difference.square().sum() / (4 * source.features.shape[1] ** 2)}
''',
)

MMD = StandaloneMethod(
    terms=ALIGNED,
    helpers='''
def align(source, target):
    """Maximum mean discrepancy with five Gaussian kernels, their widths from the mean squared distance."""
    both = torch.cat([source.features, target.features])
    squared = torch.cdist(both, both, compute_mode="donot_use_mm_for_euclid_dist").square()
    width = (squared.detach().sum() / (len(both) * (len(both) - 1))).clamp_min(1e-30)
    kernel = torch.stack([torch.exp(-squared / (m * width)) for m in (0.25, 0.5, 1, 2, 4)]).mean(0)
    n = len(source.features)
    mmd = kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()
    return {"distance": mmd.clamp_min(0)}
''',
)

MCC = StandaloneMethod(
    constants=("temperature",),
    terms=ALIGNED,
    helpers='''
def align(source, target):
    """How often two classes get probability for the same target image."""
    parts = []
    for outputs in target.outputs.values():
        p = torch.softmax(outputs / TEMPERATURE, 1)
        certainty = 1 + torch.exp(-torch.special.entr(p.detach()).sum(1))
        confusion = (p * (certainty / certainty.mean())[:, None]).T @ p
        rows = confusion / confusion.sum(1, keepdim=True).clamp_min(1e-30)
        parts.append((rows.sum() - rows.trace()) / p.shape[1])
    return {"confusion": torch.stack(parts).mean()}
''',
)

PSEUDO_LABELS = StandaloneMethod(
    constants=("threshold",),
    terms=ALIGNED,
    helpers='''
def align(source, target):
    """Cross-entropy against the network's own predictions, where they are confident enough."""
    parts = []
    for outputs in target.outputs.values():
        certainty, answer = torch.softmax(outputs.detach(), 1).max(1)
        parts.append((F.cross_entropy(outputs, answer, reduction="none") * (certainty >= THRESHOLD)).mean())
    return {"pseudo": torch.stack(parts).mean()}
''',
)

_REVERSED = '''
class Reversed(torch.autograd.Function):
    """The identity; in the backward pass the gradient is multiplied by −``strength``."""

    @staticmethod
    def forward(context, x, strength):
        context.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(context, gradient):
        return -context.strength * gradient, None
'''

_DANN = '''
def align(source, target):
    """The discriminator learns to tell the domains apart; the features learn the opposite, with growing strength."""
    strength = 2 / (1 + math.exp(-10 * done / STEPS)) - 1
    of_source, of_target = (discriminator(Reversed.apply(view.features, strength)) for view in (source, target))
    error = F.binary_cross_entropy_with_logits
    halves = error(of_source, torch.ones_like(of_source)), error(of_target, torch.zeros_like(of_target))
    return {"domain": (halves[0] + halves[1]) / 2}
'''

_CDAN = '''
def align(source, target):
    """The loss of a discriminator on features and predictions, with its gradient reversed before the features."""
    strength = 2 / (1 + math.exp(-10 * done / STEPS)) - 1
    halves = []
    for view, truth in ((source, 1.0), (target, 0.0)):
        answers = torch.cat([torch.softmax(outputs.detach(), 1) for outputs in view.outputs.values()], 1)
        z = discriminator(Reversed.apply(both(view.features, answers), strength)).flatten()
        weights = None
        if ENTROPY:  # confident predictions count up to twice as much
            weights = 1 + torch.exp(-torch.special.entr(answers).sum(1))
            weights = weights / weights.mean()
        halves.append(F.binary_cross_entropy_with_logits(z, torch.full_like(z, truth), weights))
    return {"domain": (halves[0] + halves[1]) / 2}
'''

_OUTER = '''
def both(features, answers):
    """Features and predictions: the outer product, flattened."""
    return torch.einsum("bd,bk->bdk", features, answers).flatten(1)
'''

_RANDOM = '''
def both(features, answers):
    """Features and predictions: a random map that replaces their outer product, which is too large."""
    return (features @ features_map) * (answers @ answers_map) / math.sqrt(features_map.shape[1])
'''


def _discriminator(width: int, hidden: int) -> str:
    layers = (
        f"nn.Linear({width}, {hidden}), nn.ReLU(), nn.Linear({hidden}, {hidden}), nn.ReLU(), nn.Linear({hidden}, 1)"
    )
    return f"discriminator = nn.Sequential(\n    {layers}\n)\n"


def dann(strategy: DANN, problem: Problem, network: Network) -> StandaloneMethod:
    """Gradient reversal and a discriminator."""
    return StandaloneMethod(
        setup=_discriminator(width_of(network), strategy.hidden),
        helpers=_REVERSED + "\n" + _DANN,
        terms=ALIGNED,
        modules='discriminator.named_parameters("discriminator")',
    )


def cdan(strategy: CDAN, problem: Problem, network: Network) -> StandaloneMethod:
    """As DANN, on features and predictions; with a random map if their product would be too large."""
    width, classes = width_of(network), sum(problem.outputs().values())
    plain = dann(DANN(hidden=strategy.hidden), problem, network)
    if width * classes <= LARGEST_MAP:
        setup, joined = _discriminator(width * classes, strategy.hidden), _OUTER
    else:
        maps = (
            f"features_map, answers_map = torch.randn({width}, {RANDOM_WIDTH}), torch.randn({classes}, {RANDOM_WIDTH})"
        )
        setup, joined = f"{maps}\n{_discriminator(RANDOM_WIDTH, strategy.hidden)}", _RANDOM
    helpers = "\n".join([_REVERSED, joined, _CDAN])
    return replace(plain, constants=("entropy",), setup=setup, helpers=helpers)


MCD = StandaloneMethod(
    constants=("repeats",),
    setup="""
second = copy.deepcopy(net.heads)  # the second classifier of every task
for head in second.values():
    head.reset_parameters()
""",
    helpers='''
def disagreement(views):
    """Mean over target images and classes of |softmax(first) − softmax(second)|."""
    parts = []
    for domain in TARGETS:
        view = views[f"{domain}/unlabelled"]
        for task, head in second.items():
            one, other = torch.softmax(view.outputs[task], 1), torch.softmax(head(view.features), 1)
            parts.append((one - other).abs().mean())
    return torch.stack(parts).mean()
''',
    terms='''
def loss_terms(batches, move):
    """The loss terms of one update: both classifiers on the labels, their disagreement, or its negative."""
    if move == "features":
        return {"discrepancy": disagreement(look({n: b for n, b in batches.items() if not b.labels}))}
    views = look(batches)
    terms = task_losses(batches, views)
    labelled = [(views[name].features, batch.labels) for name, batch in batches.items() if batch.labels]
    both = [task_loss(head(x), labels[task]).mean() for x, labels in labelled for task, head in second.items()]
    terms["second"] = torch.stack(both).mean()
    if move == "heads":
        terms["discrepancy"] = -disagreement(views)
    return terms
''',
    update="""
for move in ["learn", "heads"] + ["features"] * REPEATS:
    terms = loss_terms(batches, move)
    loss = sum(LAMBDA[name] * term for name, term in terms.items())
    optimizer.zero_grad()
    loss.backward()
    still = {"learn": [], "heads": [net.stages], "features": [net.heads, second]}[move]
    for part in still:
        part.zero_grad()  # without a gradient the optimiser does not change it
    optimizer.step()
""",
    modules='second.named_parameters("second")',
)

ADABN = StandaloneMethod(
    silent="measure_statistics",
    helpers='''
def measure_statistics(name, steps, domains):
    """Re-estimate the means and variances of batch norm as the mean over target batches. No weight changes."""
    global done
    layers = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    net.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch: cumulative mean
    for _ in range(steps):
        batches = {domain: streams[domain].draw() for domain in domains}
        with torch.no_grad():
            for batch in batches.values():
                net.features(batch.images)
        done += 1
    print(f"{name}: step {done} of {STEPS}")
''',
)
