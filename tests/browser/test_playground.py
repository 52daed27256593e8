"""The playground in a real browser: it moves on Play, obeys its bar, and starts anew when the data changes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def step_of(page: Page) -> int:
    shown = page.locator(".xfer-play .time output").inner_text()
    return int(re.sub(r"\D", "", shown) or 0)


def until_step(page: Page, least: int) -> None:
    page.wait_for_function(
        "least => +(document.querySelector('.xfer-play .time output')?.innerText.replace(/\\D/g, '') ?? 0) >= least",
        arg=least,
    )


def picture(page: Page) -> str:
    """What the first canvas shows."""
    return page.evaluate("document.querySelector('.xfer-play figure canvas').toDataURL()")


def test_a_boundary_moves_holds_and_goes_back(server, page):
    page.goto(f"{server.url}/playground?methods=source_only,joint")
    expect(page.locator(".xfer-play figure canvas").first).to_be_visible()
    play = page.get_by_role("button", name="Play", exact=True)
    expect(play).to_be_enabled()
    expect(page.locator(".xfer-play section")).to_have_count(2)
    untrained = picture(page)
    page.get_by_role("button", name="Step", exact=True).click()
    until_step(page, 1)
    play.click()
    until_step(page, 60)
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.wait_for_timeout(700)  # a press and the frames on their way
    held = step_of(page)
    page.wait_for_timeout(700)
    assert step_of(page) == held
    learnt = picture(page)
    assert learnt != untrained
    slider = page.get_by_role("slider", name="Back through training")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_function(
        "seen => document.querySelector('.xfer-play figure canvas').toDataURL() !== seen", arg=learnt
    )
    assert step_of(page) == 0


def test_other_data_starts_anew_and_goes_on_playing(server, page):
    page.goto(f"{server.url}/playground?methods=joint&rotate=20")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()
    page.get_by_role("button", name="Play", exact=True).click()
    until_step(page, 40)
    page.get_by_text("Gradients", exact=True).click()
    expect(page.locator(".xfer-play .conflict")).to_contain_text("° between the gradients")
    page.get_by_role("slider", name="λ of the target").press("ArrowRight")
    page.wait_for_function("() => location.search.includes('weight=0.51')")
    assert step_of(page) >= 40, "the same run goes on"
    page.get_by_text("Circles", exact=True).click()
    page.wait_for_function(
        "() => +document.querySelector('.xfer-play .time output').innerText.replace(/\\D/g, '') < 40"
    )
    until_step(page, 20)
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    assert "data=circles" in page.url


def test_on_a_projector_every_picture_and_number_is_in_the_first_view(server, page):
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{server.url}/playground?story=hurts")
    numbers = page.locator(".xfer-play .numbers")
    expect(numbers).to_have_count(3)
    page.wait_for_function(
        "() => document.querySelector('.xfer-play .grid').style.getPropertyValue('--columns') === '3'"
    )
    boxes = [one.bounding_box() for one in [*page.locator(".xfer-play .plane").all(), *numbers.all()]]
    assert all(box and box["y"] > 0 and box["y"] + box["height"] <= 768 for box in boxes), boxes
    page.get_by_role("button", name="Projector").click()
    expect(page.get_by_role("button", name="Show the controls")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.xfer-play .plane').clientWidth > 240")
    last = page.locator(".xfer-play .strategy").last.bounding_box()
    assert last
    assert 690 < last["y"] + last["height"] <= 768
    assert 960 < last["x"] + last["width"] <= 1024


def test_what_is_drawn_is_learnt_and_stays_in_the_address(server, page):
    page.goto(f"{server.url}/playground?methods=joint&data=drawn")
    pad = page.locator(".xfer-points canvas.plane")
    expect(pad).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Draw points of at least two classes")).to_be_visible()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    page.mouse.up()
    page.get_by_role("button", name="Class b").click()
    pad.focus()
    for key in ("Shift+ArrowRight", "Enter", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**points=**")
    settled(page)
    link, count = page.url, page.locator(".xfer-points").get_by_text("of 500 points")
    drawn = count.inner_text().split("·")[-1].strip()  # without where the crosshair is
    page.goto(link)
    settled(page)
    assert page.url == link
    expect(count).to_have_text(drawn)
    page.get_by_role("button", name="Step", exact=True).click()
    until_step(page, 1)
