"""Export: the files of a run, one by one or as a zip; each is made when its button is pressed."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.i18n import _, error_text
from pages.widgets.recipe_upload import recipe_uploader
from pages.widgets.store import store
from xfer_core.exports import available_files, file_content, zip_content
from xfer_core.runs.store import MEASURED, Run

TYPES = {
    "html": "text/html",
    "json": "application/json",
    "csv": "text/csv",
    "py": "text/x-python",
}  # all others: bytes
ICONS = {"html": "article", "json": "receipt_long", "csv": "table", "py": "code"}

STYLE = """<style>
.st-key-export [data-testid=stHorizontalBlock] {row-gap: .2rem}
.st-key-export [data-testid=stDownloadButton] button {justify-content: flex-start}
</style>"""


@st.fragment
def export_panel(run: Run) -> None:
    """A button for each file, and one for all of them; nothing for a run without a result."""
    if run.status not in MEASURED:
        return
    names, skipped = available_files(run)
    st.html(STYLE)
    st.markdown(f"#### {_('Export')}")
    st.markdown(_("Take this run home. Each file is made when you press its button."))
    words, place = _words(), store()
    with st.container(key="export"):
        _file(
            _("Everything (zip)"),
            _("all files below in one; packing takes a few seconds"),
            partial(zip_content, place, run),
            f"xfer-{run.id}.zip",
            icon="folder_zip",
        )
        for name in names:
            _file(name, words[name], partial(file_content, place, run, name), name)
    for error in skipped:
        st.caption(error_text(error))
    with st.expander(_("Open a recipe"), icon=":material/upload_file:"):
        recipe_uploader()


def _file(label: str, words: str, make: partial[bytes], saved_as: str, icon: str = "") -> None:
    """One row: the button and the purpose of the file."""
    left, right = st.columns([1, 3], vertical_alignment="center")
    ending = label.rpartition(".")[2]
    left.download_button(
        label,
        make,
        saved_as,
        "application/zip" if icon else TYPES.get(ending, "application/octet-stream"),
        icon=f":material/{icon or ICONS.get(ending, 'deployed_code')}:",
        on_click="ignore",
        type="primary" if icon else "secondary",
        width="stretch",
        key=f"export.{label}",
    )
    right.markdown(words)


def _words() -> dict[str, str]:
    """File → its purpose."""
    return {
        "report.html": _("what was done and how it came out; opens offline, and prints"),
        "recipe.json": _(
            "the whole setup of the run; open it below, on Train or with the command line to train it again"
        ),
        "curves.csv": _("every scalar that was logged"),
        "weights.safetensors": _("the trained network"),
        "sample_weights.csv": _("λ of each sample"),
        "network.onnx": _("the trained network for other runtimes than PyTorch; takes some seconds"),
        "script.py": _("the same run in plain PyTorch, without Xfer; save data.npz beside it, run it and compare"),
        "data.npz": _("the training and test samples of the script"),
    }
