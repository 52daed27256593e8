"""From loss terms to gradients: of the weighted sum, or combined by a balancer from the gradient of every term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, combinations

import torch
from torch import Tensor, nn

from xfer_core.names import lambda_name
from xfer_core.networks.base import Network
from xfer_core.strategies.base import StepContext, Strategy


def backward(
    strategy: Strategy,
    terms: Mapping[str, Tensor],
    lambdas: Mapping[str, float],
    context: StepContext,
    watched: bool,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Compute the gradient of every parameter.

    Args:
        strategy: may balance the terms, and names the parameters for which it needs each term's own gradient.
        terms: a scalar each.
        lambdas: λ by term.
        context: of this step; its ``gramian`` is set here.
        watched: whether to measure the gradient conflict between terms in this step, if the strategy logs it.

    Returns:
        The weighted terms, and scalars to log: ``cosine/<term>|<term>`` and, where the strategy sets λ,
        ``lambda/<term>``.
    """
    plain = apply_weights(terms, lambdas, {})
    shared = shared_parameters(context.network, strategy.gramian_parameters)
    rows = jacobian(list(plain.values()), shared) if shared else None
    context.gramian = None if rows is None else rows @ rows.T
    scalars = _gradient_cosines(strategy, terms, context) if watched and strategy.logs_gradient_conflict else {}
    if not strategy.sets_loss_weights():
        sum_losses(plain.values()).backward()
        return plain, scalars
    factors = strategy.loss_weights(terms, context)
    weighted = apply_weights(terms, lambdas, factors)
    if rows is not None and strategy.gradient_scope == "stages":
        stages = {id(p) for p in shared}
        everything = chain(context.network.parameters(), context.modules.parameters())
        heads = [p for p in everything if p.requires_grad and id(p) not in stages]
        if heads:
            sum_losses(plain.values()).backward(inputs=heads)
        set_gradients(torch.stack([factors[name] for name in terms]).to(rows) @ rows, shared)
    else:
        sum_losses(weighted.values()).backward()
    one = torch.ones((), device=next(iter(terms.values())).device)
    return weighted, scalars | {lambda_name(name): lambdas[name] * factors.get(name, one).float() for name in terms}


def sum_losses(weighted: Iterable[Tensor]) -> Tensor:
    """The sum of weighted terms, a scalar each."""
    parts = list(weighted)
    return torch.stack(parts).sum() if len(parts) > 1 else parts[0]


def apply_weights(
    terms: Mapping[str, Tensor], lambdas: Mapping[str, float], factors: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Each term times its λ and, if there is one, the factor from a balancer."""
    return {name: lambdas[name] * (factors[name] * term if name in factors else term) for name, term in terms.items()}


def shared_parameters(network: Network, which: str) -> list[nn.Parameter]:
    """The updatable parameters of all stages, or of the last one; none for ``nothing``."""
    stages = list(network.stages.values())
    chosen = {"nothing": [], "stages": stages, "last stage": stages[-1:]}[which]
    return [p for stage in chosen for p in stage.parameters() if p.requires_grad]


def jacobian(terms: Sequence[Tensor], parameters: Sequence[nn.Parameter]) -> Tensor:
    """The Jacobian of the terms: one flat gradient per row, zero where a term does not use it; (T, P) float32.

    The graph is kept, so that the terms can be differentiated again.
    """
    rows = []
    for term in terms:
        found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
        parts = [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters, strict=True)]
        rows.append(torch.cat([part.flatten() for part in parts]))
    return torch.stack(rows)


def set_gradients(gradient: Tensor, parameters: Sequence[nn.Parameter]) -> None:
    """Set the ``.grad`` of the parameters from a flat gradient (P,), split as :func:`jacobian` joined them."""
    for part, parameter in zip(gradient.split([p.numel() for p in parameters]), parameters, strict=True):
        parameter.grad = torch.empty_like(parameter).copy_(part.view(parameter.shape))


def cosines(names: Sequence[str], gramian: Tensor) -> dict[str, Tensor]:
    """``cosine/<term>|<term>`` → cosine between the gradients of two terms, a scalar; 0 where one has none.

    Args:
        names: of the terms, T.
        gramian: inner products of their gradients, (T, T).
    """
    norms = gramian.diagonal().clamp_min(0).sqrt().clamp_min(1e-30)
    return {
        # A non-finite loss is reported as the cause, not the cosine that becomes NaN with it.
        f"cosine/{a}|{b}": torch.nan_to_num(gramian[i, j] / norms[i] / norms[j], 0.0, 0.0, 0.0)
        for (i, a), (j, b) in combinations(enumerate(names), 2)
    }


def _gradient_cosines(strategy: Strategy, terms: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
    """The cosines between the gradients of the labelled terms, in the shared stages; empty if nothing is shared."""
    names = [name for name in terms if name not in strategy.term_titles]
    shared = shared_parameters(context.network, "stages")
    if not shared or len(names) < 2:
        return {}
    rows = jacobian([terms[name] for name in names], shared)
    return cosines(names, rows @ rows.T)
