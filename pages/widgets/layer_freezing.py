"""Freeze layers: the network as a row of stages, each with a lock: frozen (θ_fix) or updatable (θ_upd)."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _
from xfer_core.networks import HEAD

KEY = "stages"

# A switch becomes a block of the drawing; keyboards and screen readers find it by its own name.
STYLE = """<style>
.st-key-stages [data-testid=stHorizontalBlock] {gap: 1rem; overflow-x: auto; padding-bottom: 2px}
.st-key-stages [data-testid=stColumn] {min-width: 4.2rem; position: relative}
.st-key-stages [data-testid=stColumn]:not(:last-child)::after {content: "→"; position: absolute; right: -.95rem;
  top: 0.45rem; opacity: .6}
.st-key-stages [data-testid=stVerticalBlock] {gap: 0}
.st-key-stages [data-testid=stElementContainer], .st-key-stages [data-testid=stCheckbox] {width: 100%}
.st-key-stages [data-testid=stCheckbox] label {width: 100%; margin: 0; padding: .3rem .1rem; border-radius: .55rem;
  justify-content: center; gap: .25rem; border: 2px solid color-mix(in srgb, currentColor 35%, transparent);
  cursor: pointer; transition: background .15s}
.st-key-stages [data-testid=stCheckbox] label > div:first-of-type {display: none}
.st-key-stages [data-testid=stCheckbox] label [data-testid=stWidgetLabel] {padding: 0; font-weight: 600}
.st-key-stages [data-testid=stCheckbox] label::after {font-family: "Material Symbols Rounded"; content: "lock_open";
  font-size: 1.1rem; line-height: 1; opacity: .55}
.st-key-stages [data-testid=stCheckbox] label:has(input:checked) {background: var(--lock, #0B6E99); color: #fff;
  border-color: var(--lock, #0B6E99)}
.st-key-stages [data-testid=stCheckbox] label:has(input:checked) * {color: #fff}
.st-key-stages [data-testid=stCheckbox] label:has(input:checked)::after {content: "lock"; opacity: 1}
.st-key-stages [data-testid=stCheckbox] label:has(input:focus-visible) {outline: 3px solid var(--lock, #0B6E99);
  outline-offset: 2px}
.st-key-stages [data-testid=stCheckbox] label:has(input:disabled) {cursor: default}
.st-key-stages [data-testid=stCheckbox] label:has(input:disabled)::after {content: ""}
.st-key-stages [data-testid=stCaptionContainer] {text-align: center; line-height: 1.2; font-size: .75rem}
</style>"""


def freeze_layers(stages: list[dict], frozen: tuple[str, ...] | None, prefix: str) -> tuple[str, ...]:
    """The stages of the network with their sizes, and a lock on each.

    Args:
        stages: from ``NetworkConfig.summary``, in order; the last is the head.
        frozen: what is frozen at first. Names that are no stages (single parameters) stay in the result. None: the
            method freezes nothing, and the locks are disabled.
        prefix: starts the keys of the locks.

    Returns:
        What is frozen now; ``frozen`` itself, in its order, where no lock was changed.
    """
    names, at_first = [stage["name"] for stage in stages], frozen or ()
    chosen = [name for name in at_first if name not in names]
    title = st.container()
    with st.container(key=KEY):
        for stage, place in zip(stages, st.columns(len(stages), wrap=False), strict=True):
            with place:
                name = stage["name"]
                if st.toggle(name, value=name in at_first, key=f"{prefix}.{name}", disabled=frozen is None):
                    chosen.append(name)
                st.caption(f"{_size(stage)}  \n{stage['parameters']:,}")
    total = sum(stage["parameters"] for stage in stages)
    updatable = total - sum(stage["parameters"] for stage in stages if stage["name"] in chosen)
    words = f"**{_('Freeze layers')}** — "
    if frozen is None:
        words += _("all {total} parameters are updatable (θ_upd)").format(total=f"{total:,}")
    else:
        words += _("{updatable} of {total} parameters are updatable (θ_upd), {frozen} frozen (θ_fix)")
        words = words.format(updatable=f"{updatable:,}", total=f"{total:,}", frozen=f"{total - updatable:,}")
    title.markdown(words)
    if frozen is None:
        return ()
    return at_first if set(chosen) == set(at_first) else tuple(chosen)


def _size(stage: dict) -> str:
    size = "×".join(str(side) for side in stage["shape"])
    return _("{classes} classes").format(classes=size) if stage["name"] == HEAD else size
