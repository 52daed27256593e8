"""Inter-domain mixup: interpolates samples of two domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.strategies.base import Batch, StepContext, forward_domains, task_loss
from xfer_core.strategies.generalised.base import DomainGeneralisation


class Mixup(DomainGeneralisation):
    """Train on blends of two samples from two domains, with their labels blended in the same ratio.

    x = m · x_a + (1 − m) · x_b, L = m · L(x, y_a) + (1 − m) · L(x, y_b), with m ~ Beta(α, α) for every pair in a step;
    each domain is paired with another, in random order. The blends fill the space between the domains. But two digits
    in one picture are unnatural, and with many classes the blends leave too few real samples.
    Zhang et al. 2018, https://arxiv.org/abs/1710.09412; between domains: Yan et al. 2020,
    https://arxiv.org/abs/2001.00677; α = 0.2.
    """

    title: ClassVar = "Inter-domain mixup"
    formula: ClassVar = (
        r"L\big(m\, x_a + (1 - m)\, x_b,\ m\, y_a + (1 - m)\, y_b\big), \quad m \sim \mathrm{Beta}(\alpha, \alpha)"
    )
    needs: ClassVar = replace(DomainGeneralisation.needs, interpolation=True, alternative="erm")
    line_style: ClassVar = ("brown", "longdashdot")
    kind: Literal["mixup"] = "mixup"
    alpha: float = Field(default=0.2, gt=0, le=10, title="α")
    """Small values keep most blends close to one of the two samples; 1 makes every ratio equally likely."""

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        keys, device = list(batches), context.generator.device
        order = torch.randperm(len(keys), generator=context.generator, device=device).tolist()
        partner = {keys[a]: keys[b] for a, b in zip(order, [*order[1:], order[0]], strict=True)}
        drawn = torch.rand(len(keys), generator=context.generator, device=device)
        shares = dict(zip(keys, beta_quantile(drawn, self.alpha).tolist(), strict=True))
        blended = {key: interpolate(batches[key], batches[partner[key]], shares[key]) for key in keys}
        views, _ = forward_domains(context.network, blended)
        terms = {}
        for key, view in views.items():
            own, other, m = batches[key].labels, batches[partner[key]].labels, shares[key]
            parts = [m * task_loss(out, own[t]) + (1 - m) * task_loss(out, other[t]) for t, out in view.logits.items()]
            terms[key] = torch.stack(parts).sum(0)
        return terms


def interpolate(one: Batch, other: Batch, share: float) -> Batch:
    """share · one + (1 − share) · other, with the labels of ``one``; both have the same number of samples."""
    return Batch(share * one.inputs + (1 - share) * other.inputs, one.labels)


def beta_quantile(uniform: Tensor, alpha: float) -> Tensor:
    """Inverse distribution function (quantiles) of Beta(α, α), (N,): turns uniform numbers into Beta numbers."""
    from scipy.special import betaincinv

    return torch.from_numpy(betaincinv(alpha, alpha, uniform.cpu().double().numpy()))
