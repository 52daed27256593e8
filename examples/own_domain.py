"""A domain of your own in a few lines: a bright left or right half, clean in one domain and noisy in the other."""

import torch

from xfer_core import Card, Domain, DomainInfo, ImageInput, Task, parse_spec, registry, train

CLASSES, COUNT = ("left", "right"), 400
CARD = Card("Halves", "Which half is bright?", "made here", "CC0 1.0", "drawn by a formula")


def build(key: str, noise: float) -> Domain:
    """Images of 3×32×32 pixels with a bright left or right half."""
    labels = torch.arange(COUNT) % 2
    inputs = torch.full((COUNT, 3, 32, 32), 80.0)
    inputs[labels == 0, :, :, :16] = 160
    inputs[labels == 1, :, :, 16:] = 160
    inputs += noise * torch.randn(inputs.shape, generator=torch.Generator().manual_seed(0))
    side = Task("side", labels, CLASSES)
    return Domain(key, CARD, key, inputs.clamp(0, 255).to(torch.uint8), torch.arange(COUNT), {"side": side})


for name, noise in (("halves.clean", 5.0), ("halves.noisy", 120.0)):
    info = DomainInfo(CARD, COUNT, ImageInput(3, 32, 32), {"side": CLASSES}, lambda n=name, s=noise: build(n, s))
    registry().add(name, info)

spec = parse_spec(
    {"problem": {"source": ["halves.clean"], "target": ["halves.noisy"]}},
    ["training.steps=60", "strategy.kind=fine_tune"],
)
print(train(spec).metrics["accuracy/halves.noisy/side/test"])
