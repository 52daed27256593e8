"""No test of a page trains."""

from __future__ import annotations

import pytest

from pages.streaming.frames import play_store
from xfer_core.execution import dispatcher, playground


@pytest.fixture(autouse=True)
def _nobody_trains(monkeypatch):
    """Pages queue; nobody takes it. The pages import the name, so their copies are replaced too."""
    import pages.compare.experiment_panel
    import pages.widgets.live_panel
    import pages.widgets.store

    copies = (pages.widgets.store, pages.widgets.live_panel, pages.compare.experiment_panel, playground)
    for module in (dispatcher, *copies):
        monkeypatch.setattr(module, "ensure_dispatcher", lambda *_: None)
    play_store.cache_clear()
