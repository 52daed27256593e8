"""The same core on a GPU; skipped where there is none.

``CUDA_VISIBLE_DEVICES=0 python -m pytest tests/test_gpu.py``: the other tests hide GPUs from themselves.
"""

from __future__ import annotations

import pytest
import torch

from xfer_core.runs.spec import parse_spec
from xfer_core.runs.train import train, trainer_for
from xfer_core.strategies import STRATEGIES

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


@pytest.mark.parametrize("kind", [form.kind_name() for form in STRATEGIES])
@pytest.mark.parametrize("network", ["small_cnn", "article_net"])
def test_every_strategy_learns_on_the_gpu(kind, network):
    settings = ["training.device=cuda", "training.steps=150", f"strategy.kind={kind}", f"network.kind={network}"]
    spec = parse_spec({}, [*settings, 'training.augment=["flip","crop","shift","rotation"]'])
    result = train(spec)
    taught = "digits.photo" if kind == "target_only" else "digits.handwritten"
    assert result.device == torch.cuda.get_device_name()
    assert result.metrics[f"accuracy/{taught}/digit/test"] > 0.2


def test_what_is_fixed_is_bit_identical_on_the_gpu():
    spec = parse_spec({}, ["training.device=cuda", "training.steps=40", 'strategy.frozen=["conv1","conv2"]'])
    result = train(spec)
    assert result.frozen_unchanged is True


def test_a_resumed_run_goes_on_from_its_checkpoint_on_the_gpu(tmp_path):
    spec = parse_spec({}, ["training.device=cuda", "training.steps=40"])
    trainer_for(spec, checkpoint=tmp_path / "c.pt").run()
    again = trainer_for(spec, checkpoint=tmp_path / "c.pt")
    assert again.run().step == 40
    assert again.first_step == 40
