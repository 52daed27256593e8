"""One run: watch it, see what it was asked, take it home."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path

import streamlit as st

from pages.parts.live_panel import baselines_of, live_panel
from pages.parts.store import store
from pages.parts.text import _
from xfer_core.errors import XferError, say
from xfer_core.exports import export_run
from xfer_core.runs.spec import RunSpec, spec_settings
from xfer_core.runs.store import FINISHED, STOPPED


def _archive(run: str) -> bytes:
    """Everything that the run exports, as one zip file."""
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in export_run(store(), run, Path(folder)):
            archive.write(path, path.name)
    return packed.getvalue()


def main() -> None:
    """The page."""
    run_id = st.query_params.get("run") or st.session_state.get("run.shown", "")
    if not run_id:
        st.info(_("No run is chosen. Pick one in Compare."))
        st.page_link("compare.py", label=_("To the list of runs"), icon=":material/stacked_line_chart:")
        return
    try:
        run = store().get(run_id)
    except XferError as error:
        st.error(say(error, _), icon=":material/error:")
        st.page_link("compare.py", label=_("To the list of runs"), icon=":material/stacked_line_chart:")
        return
    st.session_state["run.shown"] = st.query_params["run"] = run_id
    spec = RunSpec.model_validate(run.spec)
    st.subheader(run.name)
    live_panel(run, baselines_of(run))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            "train.py",
            label=_("Duplicate into Train"),
            icon=":material/content_copy:",
            query_params=spec_settings(spec),
        )
        if run.status in (FINISHED, STOPPED):
            st.download_button(
                _("Take home: recipe, curves, weights"),
                lambda: _archive(run_id),
                f"xfer-{run_id}.zip",
                "application/zip",
                icon=":material/download:",
                on_click="ignore",
            )
    with st.expander(_("The recipe: everything that decides this run"), icon=":material/receipt_long:"):
        st.code(json.dumps(run.spec, indent=2), language="json")


main()
