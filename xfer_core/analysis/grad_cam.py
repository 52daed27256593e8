"""Grad-CAM: which image regions support a class?"""

from __future__ import annotations

import warnings

import numpy as np
from torch import Tensor, nn

from xfer_core.analysis.predictions import Predictions
from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.training.device import CPU


def last_convolution(network: Network) -> nn.Conv2d:
    """The last convolution of the last stage that has one.

    Raises:
        XferError: ``no_convolution``.
    """
    found = [module for module in network.stages.modules() if isinstance(module, nn.Conv2d)]
    if not found:
        raise XferError("no_convolution", "network.kind", "a network without one")
    return found[-1]


def grad_cam(network: Network, images: Tensor, task: str, classes: Tensor) -> np.ndarray:
    """Grad-CAM: ReLU(Σ_k α_k A_k), where A_k is map k of the last convolution and α_k the mean over positions of the
    gradient of the class's logit. Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391, as captum computes it.

    It shows which regions support the class, at the resolution of the maps.

    Args:
        network: in eval mode, on the CPU.
        images: uint8 (N, C, H, W).
        task: of the head.
        classes: int64 (N,), the class to explain for each image.

    Returns:
        float32 (N, H, W), enlarged to the image (bilinear), each scaled to a maximum of 1; all 0 if nothing supports
        the class.

    Raises:
        XferError: ``no_convolution``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum's own, on import and on hooks
        from captum.attr import LayerAttribution, LayerGradCam

        head = LayerGradCam(lambda x: network(x)[task], last_convolution(network))
        x = network.spec.to_float(images, CPU)
        maps = head.attribute(x, target=classes, relu_attributions=True)
        assert isinstance(maps, Tensor)
        large = LayerAttribution.interpolate(maps, tuple(images.shape[2:]), "bilinear")
    heat = large.detach()[:, 0].numpy()  # (N, H, W)
    peaks = heat.max((1, 2), keepdims=True)
    return np.divide(heat, peaks, out=np.zeros_like(heat), where=peaks > 0)


def select_examples(answers: Predictions, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of at most ``count`` wrong predictions, the most confident first; and of as many correct ones, the most
    confident of each class first."""
    surest = np.argsort(-answers.confidence, kind="stable")
    wrong = surest[~answers.correct[surest]][:count]
    right = surest[answers.correct[surest]]
    first_of_class = np.sort(np.unique(answers.labels[right], return_index=True)[1])
    return wrong, right[first_of_class][np.argsort(answers.labels[right[first_of_class]])][:count]
