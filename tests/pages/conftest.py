"""No test of a page trains."""

from __future__ import annotations

import pytest

from xfer_core.execution import dispatcher


@pytest.fixture(autouse=True)
def _nobody_trains(monkeypatch):
    """Pages queue; nobody takes it. The pages import the name, so their copies are replaced too."""
    import pages.compare.experiment_panel
    import pages.widgets.live_panel
    import pages.widgets.store

    for module in (dispatcher, pages.widgets.store, pages.widgets.live_panel, pages.compare.experiment_panel):
        monkeypatch.setattr(module, "ensure_dispatcher", lambda: None)
