"""IRM, invariant risk minimisation: features on which the same head is optimal in every domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.objectives.irm import irm_penalty
from xfer_core.strategies.base import Batch, ForwardOutput
from xfer_core.strategies.generalised.base import AnnealedPenalty


class IRM(AnnealedPenalty):
    """Learn features on which the same head is optimal in every domain: features that help only in some are penalised.

    L = mean_d L_d + λ · mean_d ‖∇_{w | w = 1} L_d(w · f)‖²: if scaling the outputs could lower the loss of a domain,
    the head is not optimal there. With λ above 1 the penalty has its full weight only after the first part of the run;
    from then on the loss is divided by λ. It needs enough domains and samples; with few it confuses chance with rule.
    Arjovsky et al. 2019, https://arxiv.org/abs/1907.02893 (IRMv1). The paper's λ is large (10,000 on coloured digits),
    so that the shortcut is given up at any price. The default of 0.1, the smallest that DomainBed tries (Gulrajani and
    Lopez-Paz 2021, https://arxiv.org/abs/2007.01434), lets the network learn where no domain has a shortcut; raise it
    where one does.
    """

    title: ClassVar = "IRM"
    formula: ClassVar = (
        r"\frac{1}{D} \sum_d \left( L_d(f) + "
        r"\lambda \left\lVert \nabla_{w | w = 1} L_d(w \cdot f) \right\rVert^2 \right)"
    )
    term_titles: ClassVar = {"penalty": "Invariance penalty"}
    line_style: ClassVar = ("lime", "solid")
    kind: Literal["irm"] = "irm"
    weight: float = Field(default=0.1, ge=0, le=1e6, title="λ of the penalty")
    """After the anneal phase."""

    def invariance_terms(
        self, views: Mapping[str, ForwardOutput], batches: Mapping[str, Batch], risks: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        penalties = [
            irm_penalty(outputs, batches[key].labels[task])
            for key, view in views.items()
            for task, outputs in view.logits.items()
        ]
        return {"penalty": torch.stack(penalties).sum() / len(views)}
