"""Open an exported ``experiment.json``: validate it, then start its runs with one press."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.compare.plan_words import run_words
from pages.i18n import _, error_text, plain
from pages.widgets.store import begin_these
from xfer_core.errors import XferError
from xfer_core.exports.experiments.recipe import read_recipe
from xfer_core.runs.recipe import LARGEST, recipe_data


def experiment_uploader(begin: Callable[[str], None]) -> None:
    """Upload of an ``experiment.json``; for an invalid one an error names the field and the rule.

    Args:
        begin: called with the id of the new experiment when its runs are queued.
    """
    file = st.file_uploader(
        _("An experiment.json from an export"),
        ["json"],
        key="experiment.file",
        max_upload_size=-(-LARGEST // 1_000_000),
    )
    if file is None:
        return
    try:
        question, name, wanted = read_recipe(recipe_data(file.getvalue(), file.name))
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")
        return
    seeds, methods = {spec.seed for spec, _name in wanted}, {called for _spec, called in wanted}
    text = _("{name}: {runs}, seeds: {seeds}; {methods}.")
    st.markdown(
        plain(
            text.format(
                name=name or question,
                runs=run_words(len(wanted)),
                seeds=", ".join(map(str, sorted(seeds))),
                methods=", ".join(sorted(methods)),
            )
        )
    )
    if st.button(_("Start these runs"), type="primary", icon=":material/play_arrow:", key="experiment.start-file"):
        begin(begin_these(question, wanted, name))
