"""Your own data: upload it, see what was understood of it, keep it, train on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st

from pages.domains.own_check import ask_choices, show_finding
from pages.domains.own_list import free_name, own_keys, own_list, train_button
from pages.domains.uploads import put_on_disk, remove_upload
from pages.i18n import _, error_text, plain
from pages.widgets.progress import shown_progress
from xfer_core import imports
from xfer_core.domains import domain_info
from xfer_core.errors import XferError
from xfer_core.settings import place_error, settings

FILES = ["zip", "csv", "tsv", "txt", "data", "parquet", "xlsx", "jsonl", "ndjson"]
PICTURES = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"]
TEXTS = ["txt", "review"]
UPLOAD, KEPT, COUNT, REFUSED, NAME = "own.upload", "own.kept", "own.count", "own.refused", "own.name"
state = st.session_state

STYLE = """<style>
.st-key-own [data-testid=stFileUploaderDropzone] {min-height: 6rem; align-items: center}
.st-key-own-check h4 {padding: 0}
[class*=st-key-own-previews] > * {max-width: 12rem}
</style>"""


@dataclass
class Upload:
    """What lies on the disk and is not stored yet.

    Attributes:
        path: the file or folder.
        choices: fields of the reader's ``Choices`` that a person has chosen.
        finding: what was understood of it with these choices; while they are wrong, with the last ones.
        error: why nothing could be understood with these choices.
        not_stored: why it could not be stored.
        is_examined: whether ``finding`` or ``error`` is of these choices.
        keep: whether it is to be stored now.
    """

    path: Path
    choices: dict[str, Any] = field(default_factory=dict[str, Any])
    finding: imports.Finding | None = None
    error: XferError | None = None
    not_stored: XferError | None = None
    is_examined: bool = False
    keep: bool = False

    def choose(self, changes: dict[str, Any]) -> None:
        """Take these choices; what was understood is to be found out again."""
        self.choices |= changes
        self.is_examined = False


def own_data() -> dict[str, str]:
    """The view. Returns the parameters of the address: none."""
    st.html(STYLE)
    upload: Upload | None = state.get(UPLOAD)
    with st.container(key="own"):
        if state.get(KEPT):
            _show_kept(state[KEPT])
        elif upload is None:
            _ask_for_data()
        else:
            with st.container(border=True, key="own-check"):
                _check(upload)
    own_list()
    return {}


# ---------------------------------------------------------------------- 1. upload


def _ask_for_data() -> None:
    """The two ways to bring data: one file, or a folder of pictures or texts."""
    st.markdown(
        _(
            "Bring pictures, texts or a table. You first see what was understood of them; nothing is stored before you "
            "say so, and everything stays on the machine that this page runs on."
        )
    )
    refused: XferError | None = state.get(REFUSED)
    if refused is not None:
        st.error(error_text(refused), icon=":material/error:")
    number, limit = state.get(COUNT, 0), settings().largest_upload
    left, right = st.columns(2, gap="medium")
    with left:
        st.file_uploader(
            _("A folder of pictures or texts"),
            [*PICTURES, *TEXTS],
            accept_multiple_files="directory",
            key=f"own.folder.{number}",
            max_upload_size=limit,
            on_change=_take,
            args=(f"own.folder.{number}",),
        )
        st.caption(
            _(
                "With a folder for each class in it; or with the folders train and test, or source and target, each "
                "with a folder for each class."
            )
        )
    with right:
        st.file_uploader(
            _("A file"),
            FILES,
            key=f"own.file.{number}",
            max_upload_size=limit,
            on_change=_take,
            args=(f"own.file.{number}",),
        )
        st.caption(
            _(
                "A zip of such a folder, or a table of values or texts (CSV, Parquet, Excel, JSON Lines). A larger "
                "file is read from a shell: {command}"
            ).format(command="python -m xfer_core import FILE --name NAME")
        )


def _take(key: str) -> None:
    """Write what was uploaded to the disk. The control then gets a new key, so the server lets go of its own copy."""
    given = state[key]
    files = [one for one in (given if isinstance(given, list) else [given]) if hasattr(one, "name")]
    if not files:
        return
    state[COUNT] = state.get(COUNT, 0) + 1
    state[REFUSED] = None
    try:
        state[UPLOAD] = Upload(put_on_disk(files))
    except OSError as error:
        state[REFUSED] = place_error(error)
        if state[REFUSED] is None:
            raise


# ---------------------------------------------------------------------- 2. check


def _check(upload: Upload) -> None:
    """What was understood of the upload, or why nothing could be; then keep it or take other data."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"#### {plain(upload.path.name)}", width="content")
        st.button(_("Take other data"), icon=":material/close:", on_click=_drop, key="own-drop")
    if not upload.is_examined:
        _examine(upload)
    if upload.error is not None:
        st.error(error_text(upload.error), icon=":material/error:")
        st.button(_("Try again"), icon=":material/replay:", on_click=upload.choose, args=({},), key="own-again")
    finding = upload.finding
    if finding is not None:
        ask_choices(finding, upload.choices, upload.choose, f"own.choice.{state.get(COUNT, 0)}")
    if finding is not None and upload.error is None:
        _ask_to_keep(upload)
        show_finding(finding)


def _examine(upload: Upload) -> None:
    with shown_progress(_("Looking at it: nothing is stored yet.")) as progress:
        try:
            upload.finding, upload.error = imports.examine(upload.path, upload.choices, progress), None
        except XferError as error:
            upload.error = error
        except OSError as error:
            upload.error = place_error(error) or XferError(
                "no_file", upload.path.name, upload.path.name, reason=error.strerror or error
            )
    upload.is_examined = True


def _drop() -> None:
    """Remove the upload, of which nothing was stored; or leave what was just stored."""
    upload: Upload | None = state.pop(UPLOAD, None)
    if upload is not None:
        remove_upload(upload.path)
    for key in (KEPT, NAME, REFUSED):
        state.pop(key, None)


# ---------------------------------------------------------------------- 3. keep


def _ask_to_keep(upload: Upload) -> None:
    """The name and the button; once pressed, the progress of storing."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.setdefault(NAME, free_name(upload.path.stem))
        name = st.text_input(_("Name"), key=NAME, max_chars=imports.NAME_LENGTH, width=320)
        st.button(
            _("Keep it"),
            type="primary",
            icon=":material/check:",
            on_click=_want_kept,
            args=(upload,),
            disabled=upload.keep,
            key="own-keep",
        )
    if upload.not_stored is not None:
        st.error(error_text(upload.not_stored), icon=":material/error:")
    if upload.keep and upload.finding is not None:
        _store(upload, upload.finding, name)
        st.rerun()


def _want_kept(upload: Upload) -> None:
    upload.keep, upload.not_stored = True, None


def _store(upload: Upload, finding: imports.Finding, name: str) -> None:
    """Store all domains of it, or none and note why; it can then be tried again. What a press interrupts begins anew,
    because it is still to be kept."""
    with shown_progress(_("Storing it…")) as progress:
        try:
            keys = imports.store(finding, name, progress=progress)
        except XferError as error:
            upload.not_stored, upload.keep = error, False
            return
        except OSError as error:
            upload.not_stored, upload.keep = place_error(error), False
            if upload.not_stored is None:
                raise
            return
    _drop()
    state[KEPT] = tuple(keys)


# ---------------------------------------------------------------------- 4. train


def _show_kept(keys: tuple[str, ...]) -> None:
    """What was just stored, and the way to Train."""
    known = [key for key in keys if key in own_keys()]
    if not known:
        _drop()
        st.rerun()
    count = sum(domain_info(key).samples for key in known)
    sentence = _("Stored: {count} samples in {domains} domains.") if len(known) > 1 else _("Stored: {count} samples.")
    with st.container(border=True):
        st.success(plain(sentence.format(count=count, domains=len(known))), icon=":material/check_circle:")
        with st.container(horizontal=True):
            train_button(known, primary=True)
            st.button(_("Bring more data"), icon=":material/upload:", on_click=_drop, key="own-more")
