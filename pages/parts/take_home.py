"""Take a run home: everything about it in one file, packed when asked for."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.parts.store import store
from pages.parts.text import _, error_text
from xfer_core.exports import export_run
from xfer_core.runs.store import FINISHED, STOPPED, Run

PACKED = "take_home.packed"


@dataclass(frozen=True)
class Packed:
    """A run as a zip file.

    Attributes:
        run: its id.
        content: the file.
        names: of the files in it.
        left_out: why others are not, one sentence each.
    """

    run: str
    content: bytes
    names: list[str]
    left_out: list[str]


def pack(run: str) -> Packed:
    """Everything that the run exports, as one zip file."""
    content = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        exported = export_run(store(), run, Path(folder))
        for path in exported.files:
            archive.write(path, f"xfer-{run}/{path.name}")
    names, left_out = [path.name for path in exported.files], [error_text(error) for error in exported.left_out]
    return Packed(run, content.getvalue(), names, left_out)


@st.fragment
def take_home(run: Run) -> None:
    """A button that packs the run, and then one that saves the file; nothing for a run that has no result yet."""
    if run.status not in (FINISHED, STOPPED):
        return
    packed = st.session_state.get(PACKED)
    if packed is None or packed.run != run.id:
        tip = _("Report, recipe, curves, trained weights, and the run as a plain PyTorch script with its data")
        asking = st.empty()
        if not asking.button(_("Take home"), icon=":material/inventory_2:", help=tip, key="take_home.pack"):
            return
        asking.empty()
        with st.spinner(_("Packing the report, the weights and the script with its data. This takes a few seconds.")):
            packed = st.session_state[PACKED] = pack(run.id)
    megabytes = f"{len(packed.content) / 1e6:.1f}"
    st.download_button(
        _("Save everything ({megabytes} MB)").format(megabytes=megabytes),
        packed.content,
        f"xfer-{run.id}.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
        key="take_home.save",
    )
    words = _words()
    st.markdown("\n".join(f"- `{name}`: {words[name]}" for name in packed.names))
    for sentence in packed.left_out:
        st.caption(sentence)


def _words() -> dict[str, str]:
    """File → what it is for."""
    return {
        "report.html": _("what was done and how it came out; opens offline, and prints"),
        "recipe.json": _("everything that decides the run; Compare and the command line take it"),
        "curves.csv": _("every number that was measured"),
        "weights.safetensors": _("the trained network"),
        "sample_weights.csv": _("how much each sample counted"),
        "network.onnx": _("the trained network for programs that are not PyTorch"),
        "script.py": _("the same run in plain PyTorch, without Xfer; run it and compare"),
        "data.npz": _("the samples that the script learns from and is tested on"),
    }
