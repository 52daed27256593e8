"""Train with a domain that is not on this machine: a button, a bar, and the page goes on; nothing comes unasked."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import replace
from urllib.error import URLError

import pytest

from tests.support.mnist_files import FILES, LABELS, TEST_LABELS, Network, Response, fill
from tests.support.pages import app, text_of
from xfer_core.domains import is_available
from xfer_core.networks import resnet18

USPS = {"problem__source": '["usps"]'}


def labels(test) -> dict[str, bool]:
    """Button → whether it is disabled."""
    return {button.label: button.disabled for button in test.button}


def press_download(test) -> None:
    """Press the button, and wait for the end as the page does."""
    next(button for button in test.button if button.label.startswith("Download")).click().run()
    deadline = time.monotonic() + 20
    while any(button.label == "Cancel" for button in test.button) and time.monotonic() < deadline:
        time.sleep(0.1)
        test.run()


def test_nothing_comes_because_domains_are_listed(folder, network: Network):
    test = app("train")
    assert not test.exception
    tiles = next(pills for pills in test.pills if pills.key.endswith(".source"))
    assert "USPS" not in " ".join(tiles.options), "folded"
    chosen = tiles.value
    tiles.set_value("more").run()
    tiles = next(pills for pills in test.pills if pills.key.endswith(".source"))
    options = " ".join(tiles.options)
    assert tiles.value == chosen
    assert all(title in options for title in ("MNIST", "USPS", "![Printed digits]"))
    assert network.asked == []
    assert not any(label.startswith("Download") for label in labels(test))


def test_a_domain_that_is_not_here_has_a_button_and_then_the_page_goes_on(folder, network: Network):
    test = app("train", **USPS)
    assert not test.exception
    assert not test.error, text_of(test)
    assert "USPS is not on this machine yet." in text_of(test)
    assert str(folder) not in text_of(test), "where the server keeps its files is nobody's business"
    assert labels(test)["Download USPS (8 MB)"] is False
    assert labels(test)["Start training"] is True
    assert network.asked == []
    press_download(test)
    assert not test.exception
    assert not test.error, text_of(test)
    assert is_available("usps")
    assert "not on this machine" not in text_of(test)
    assert labels(test)["Start training"] is False
    assert not any(label.startswith("Download") for label in labels(test))


@pytest.mark.parametrize("role", ["source", "target"])
def test_files_that_are_not_what_their_names_say_are_explained_and_cannot_be_trained_on(folder, role):
    fill(folder)
    (folder / LABELS).write_bytes(FILES[TEST_LABELS])
    other = {"source": "target", "target": "source"}[role]
    test = app("train", **{f"problem__{other}": '["digits.noisy"]', f"problem__{role}": '["mnist"]'})
    assert not test.exception
    rule = (
        f"{role.capitalize()} needs 40 labels from 0 to 9 in {folder / LABELS}; remove it to download it anew; found 20"
    )
    assert [error.value for error in test.error if error.value.startswith(rule)], text_of(test)
    assert labels(test)["Start training"] is True


def test_a_download_that_fails_is_explained_and_can_be_tried_again(folder, network: Network):
    good = network.files["usps.t.bz2"]
    network.files["usps.t.bz2"] = URLError("no route to host")
    test = app("train", **USPS)
    press_download(test)
    assert not test.exception
    assert "no route to host" in text_of(test)
    assert labels(test)["Start training"] is True
    network.files["usps.t.bz2"] = good
    press_download(test)
    assert not test.error
    assert labels(test)["Start training"] is False


def test_a_download_shows_how_far_it_is_can_be_cancelled_and_goes_on(folder, network: Network, monkeypatch):
    go, plain = threading.Event(), Response.read

    def slowly(self, size=-1):
        if self.tell():  # the first block comes at once, the second waits
            go.wait(20)
        return plain(self, 1000)

    monkeypatch.setattr(Response, "read", slowly)
    test = app("train", **USPS)
    next(button for button in test.button if button.label.startswith("Download")).click().run()
    assert not test.exception
    assert "Cancel" in labels(test)
    assert not any(label.startswith("Download") for label in labels(test))
    other = app("train", **USPS)
    assert "Cancel" in labels(other), "a second visitor sees the same download"
    next(button for button in test.button if button.label == "Cancel").click().run()
    go.set()
    test.run()
    assert not test.exception
    assert "are kept, and the next download goes on from there" in text_of(test)
    assert not is_available("usps")
    press_download(test)
    assert is_available("usps")
    assert labels(test)["Start training"] is False


def test_a_domain_that_is_not_here_may_stand_in_every_place(folder, network: Network):
    three = dict.fromkeys(("problem__source", "problem__target", "problem__unseen"), '["usps"]')
    test = app("train", **three)
    assert not test.exception
    assert network.asked == []


def test_weights_that_are_not_here_have_a_button_and_then_the_page_goes_on(folder, network: Network, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(folder))
    content = b"weights"
    network.files[resnet18.FILE.path] = content
    checksum = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(resnet18, "FILE", replace(resnet18.FILE, checksum=checksum))
    test = app("train", network__kind="resnet18", strategy__kind="linear_probe")
    assert not test.exception
    assert not test.error, text_of(test)
    assert "What resnet18 learned on ImageNet is not on this machine yet." in text_of(test)
    assert labels(test)["Start training"] is True
    press_download(test)
    assert not test.exception
    assert (folder / resnet18.FILE.path).read_bytes() == content
    assert labels(test)["Start training"] is False


def test_a_link_to_a_run_whose_data_is_not_here_downloads_nothing(folder, network: Network):
    from xfer_core.runs.spec import parse_spec
    from xfer_core.runs.store import open_store

    run = open_store().create(parse_spec({}, ['problem.target=["usps"]']))
    for page in ("run", "compare", "train"):
        assert not app(page, run=run).exception
    assert network.asked == []
