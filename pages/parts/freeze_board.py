"""The freeze board: each stage with its shape, its parameters and a lock."""

from __future__ import annotations

import streamlit as st

from pages.parts.text import _
from xfer_core.networks import HEAD

WIDTHS = (4, 3, 3)


def freeze_board(stages: list[dict], frozen: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    """Locks for the stages, and what is left to update.

    Args:
        stages: from ``NetworkForm.describe``, in order; the last is the head.
        frozen: what is fixed at first. Names that are no stages (single parameters) are kept as they are.
        prefix: starts the keys of the locks.

    Returns:
        What is fixed now: ``frozen`` itself, in its order, where no lock says otherwise.
    """
    names = [stage["name"] for stage in stages]
    chosen = [name for name in frozen if name not in names]
    st.markdown(f"**{_('Freeze board')}** — " + _("lock the stages that stay as the source left them"))
    with st.container(border=True, gap="small", key="freeze-board"):
        for column, words in zip(
            st.columns(WIDTHS, wrap=False), (_("stage"), _("output"), _("parameters")), strict=True
        ):
            column.caption(words)
        for stage in stages:
            lock, shape, count = st.columns(WIDTHS, vertical_alignment="center", wrap=False)
            name = stage["name"]
            fixed = lock.toggle(f"**{name}**", value=name in frozen, key=f"{prefix}.{name}")
            size = "×".join(str(side) for side in stage["shape"])
            shape.caption(_("{classes} classes").format(classes=size) if name == HEAD else size)
            count.caption(f"{stage['parameters']:,}" + (" :material/lock:" if fixed else ""))
            if fixed:
                chosen.append(name)
        total = sum(stage["parameters"] for stage in stages)
        updatable = sum(stage["parameters"] for stage in stages if stage["name"] not in chosen)
        st.progress(
            updatable / total,
            text=_("{updatable} of {total} parameters are updated on the target").format(
                updatable=f"{updatable:,}", total=f"{total:,}"
            ),
        )
    return frozen if set(chosen) == set(frozen) else tuple(chosen)
