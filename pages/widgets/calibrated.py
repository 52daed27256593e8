"""Calibrated probabilities in words: the temperature of a network, and where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.i18n import _
from pages.widgets.domains import domain_title

TEMPERATURE_HELP = (
    "Divides the logits by one number, the temperature, which was fitted on validation labels that the run may use "
    "(Guo et al. 2017). The predicted class stays; how sure the network says it is changes."
)


def temperature_words(known: Mapping[str, Any], domain: str) -> str:
    """Where a temperature, {value, domain, labels}, is from and whether that is the domain where it is used; text, not
    Markdown."""
    sentence = _("Temperature {value}, fitted on {labels} validation labels of {domain}.")
    text = sentence.format(value=f"{known['value']:.2f}", labels=known["labels"], domain=domain_title(known["domain"]))
    if known["domain"] != domain:
        text += " " + _(
            "Of {domain} the run may use too few labels, so after a shift these probabilities may still be wrong."
        ).format(domain=domain_title(domain))
    return text
